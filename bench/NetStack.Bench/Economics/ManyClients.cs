using NetStack.Multiplexer;
using NetStack.Nic;

namespace NetStack.Bench.Economics;

/// <summary>B5: one NIC and many clients: a copy for each, frames by handle, steering, and clients that trust differently side by side.</summary>
internal sealed class ManyClients : Study
{
    private const int CountedRounds = 16;

    private static readonly int[] ClientCounts = [1, 2, 4, 8, 16, 32, 64];
    private static readonly (string Name, Action<int, PortOptions> Configure)[] Kinds =
    [
        ("copied", static (_, o) => o.Copy = CopyStrategy.CopyAll),
        ("by handle", static (_, o) => o.Copy = CopyStrategy.CopyHeaders),
        ("steered", static (_, o) => o.Placement = Placement.Steered),
        ("mixed", static (client, o) =>
        {
            if (client % 2 == 0)
            {
                o.Copy = CopyStrategy.CopyAll;
                return;
            }
            o.Copy = CopyStrategy.ZeroCopy;
            o.Placement = Placement.Steered;
            o.Trust = Trust.Full;
        }),
    ];

    internal override string Name => "b5";

    internal override string Title => "Many clients: copies, handles, steering, mixed trust";

    internal override Findings Run(Effort effort)
    {
        ResultTable table = new("clients", $"Frames of {SharedNic.FrameLength} bytes to clients in turn; a client looks at the headers and lets go. Mixed: every other client copied and without trust, the others steered, in place and trusting",
            Column.Key("clients"), Column.Key("way"), Column.Exact("copied per byte received"), Column.Exact("bytes fetched a frame"), Column.Exact("pages mapped before"),
            Column.Exact("maps a frame"), Column.Exact("IOTLB misses a frame"), Column.Exact("not steered"), Column.Measured("ns a frame"), Column.Measured("÷ copied"));
        foreach (int clients in ClientCounts)
        {
            SharedNic[] ways = [.. Kinds.Select(k => new SharedNic(k.Name, clients, k.Configure))];
            double[][] counts = [.. ways.Select(Count)];
            Timing[] times = Rounds.Measure(ways, effort);
            for (int i = 0; i < ways.Length; i++)
            {
                table.Add([$"{clients}", ways[i].Name, .. counts[i].Select(c => (object)c), times[i].Nanoseconds, times[i].Ratio]);
                ways[i].Dispose();
            }
        }
        if (!effort.IsTimed) return new Findings([table], []);
        Series[] lines = [.. Kinds.Select((k, w) => new Series(k.Name, [.. ClientCounts.Select((c, i) => ((double)c, table.Number(i * Kinds.Length + w, "ns a frame")))]))];
        LineChart chart = new("b5", "Measured: a frame through the multiplexer", Axis.Values("clients", [.. ClientCounts.Select(c => (double)c)], isLogarithmic: true),
            Axis.Linear("ns a frame", lines.SelectMany(l => l.Points).Select(p => p.Y)), lines);
        return new Findings([table], [chart]);
    }

    private static double[] Count(SharedNic nic)
    {
        for (int i = 0; i < CountedRounds; i++) nic.Round();
        if (Enumerable.Range(0, nic.Ports.Length).Any(c => nic.Ports[c].Counters.FramesDelivered != nic.SentTo(c))) throw new InvalidOperationException("Frames were lost.");
        double frames = nic.Multiplexer.Counters.FramesReceived;
        return [nic.CopiedPerByte, nic.FetchedAFrame, nic.MapsAtStart, (nic.Iommu.Maps - nic.MapsAtStart) / frames, nic.IotlbMissesAFrame, nic.Multiplexer.Counters.SteeringFallbacks];
    }
}
