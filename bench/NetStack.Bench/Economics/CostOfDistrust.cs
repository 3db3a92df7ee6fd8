using System.Diagnostics;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;

namespace NetStack.Bench.Economics;

/// <summary>B6: what it costs not to believe: to check what completions say, to verify where steered frames were placed, and to clear buffers before they are used again.</summary>
internal sealed class CostOfDistrust : Study
{
    private const int Clients = 4;

    private static readonly int[] ScrubSizes = [64, 256, 1514, 4096, 64 << 10];

    internal override string Name => "b6";

    internal override string Title => "What does distrust cost?";

    internal override Findings Run(Effort effort)
    {
        ResultTable steering = Steering(effort);
        if (!effort.IsTimed) return new Findings([steering], []);
        ResultTable checks = Checks(effort);
        ResultTable scrub = Scrub(effort);
        Series[] lines = [.. scrub.Columns.Skip(1).Take(4).Select(c => new Series(c.Name.Replace(", ns", "", StringComparison.Ordinal),
            [.. ScrubSizes.Select((s, row) => ((double)s, scrub.Number(row, c.Name)))]))];
        LineChart chart = new("b6", "Measured: clearing a buffer beside copying it", Axis.Bytes("bytes", [.. ScrubSizes.Select(s => (double)s)]),
            Axis.Powers("ns", lines.SelectMany(l => l.Points).Select(p => p.Y)), lines);
        return new Findings([checks, steering, scrub], [chart]);
    }

    private static ResultTable Checks(Effort effort)
    {
        ResultTable table = new("checks", $"Receiving a frame of {SharedNic.FrameLength} bytes from a ring: its completion taken as it is, and checked against what was posted",
            Column.Key("completion"), Column.Measured("ns a frame"), Column.Measured("÷ not checked"));
        RingReceive[] ways = [new("read once, not checked", CompletionChecks.ReadOnce), new("checked", CompletionChecks.All), new("read twice, not checked", CompletionChecks.None)];
        Timing[] times = Rounds.Measure(ways, effort);
        for (int i = 0; i < ways.Length; i++)
        {
            table.Add(ways[i].Name, times[i].Nanoseconds, times[i].Ratio);
            ways[i].Dispose();
        }
        return table;
    }

    private static ResultTable Steering(Effort effort)
    {
        ResultTable table = new("steering", $"Steered frames of {SharedNic.FrameLength} bytes to {Clients} clients that look at the headers: the placement believed, and verified on the same snapshot",
            Column.Key("placement"), Column.Exact("header fetches a frame"), Column.Exact("bytes fetched a frame"), Column.Measured("ns a frame"), Column.Measured("÷ believed"));
        SharedNic[] ways =
        [
            new("believed", Clients, static (_, o) => Steer(o, Trust.SteeringOnly, SteeringVerification.Trust)),
            new("verified", Clients, static (_, o) => Steer(o, Trust.None, SteeringVerification.Verify)),
        ];
        foreach (SharedNic way in ways) way.Round(); // what is counted
        double[][] counts = [.. ways.Select(w => new[] { w.HeaderFetchesAFrame, w.FetchedAFrame })];
        Timing[] times = Rounds.Measure(ways, effort);
        for (int i = 0; i < ways.Length; i++)
        {
            table.Add(ways[i].Name, counts[i][0], counts[i][1], times[i].Nanoseconds, times[i].Ratio);
            ways[i].Dispose();
        }
        return table;
    }

    private static void Steer(PortOptions options, Trust trust, SteeringVerification verification)
    {
        options.Placement = Placement.Steered;
        options.Trust = trust;
        options.Verification = verification;
    }

    private static ResultTable Scrub(Effort effort)
    {
        ResultTable table = new("scrub", "Clearing a buffer, so that no later frame that is shorter than it claims shows what lay there; ns",
            Column.Key("bytes"), Column.Measured("clear, cached, ns"), Column.Measured("clear, from memory, ns"), Column.Measured("copy, cached, ns"), Column.Measured("copy, from memory, ns"),
            Column.Measured("clear ÷ copy, from memory"));
        byte[] memory = GC.AllocateUninitializedArray<byte>(64 << 20, pinned: true);
        memory.AsSpan().Fill(1);
        foreach (int bytes in ScrubSizes)
        {
            Sweep[] ways = [new(memory, bytes, isCold: false, isCopy: false), new(memory, bytes, true, false), new(memory, bytes, false, true), new(memory, bytes, true, true)];
            Timing[] times = Rounds.Measure(ways, effort);
            table.Add([$"{bytes}", .. times.Select(t => (object)t.Nanoseconds), times[1].Nanoseconds / times[3].Nanoseconds]);
        }
        return table;
    }

    /// <summary>Clears or copies out buffers: the same again and again, or ones no cache holds.</summary>
    private sealed class Sweep(byte[] memory, int bytes, bool isCold, bool isCopy) : Way(isCopy ? "copy" : "clear")
    {
        private readonly byte[] _to = new byte[bytes];
        private readonly int _stride = Math.Max(2048, (bytes + 2047) & -2048);
        private int _at;

        internal override int Units => Math.Clamp((4 << 20) / bytes, 64, 1024);

        internal override long Round()
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < Units; i++)
            {
                Span<byte> buffer = memory.AsSpan(_at, bytes);
                if (isCopy) buffer.CopyTo(_to);
                else buffer.Clear();
                if (isCold && (_at += _stride) + bytes > memory.Length) _at = 0;
            }
            return Stopwatch.GetTimestamp() - start;
        }
    }
}
