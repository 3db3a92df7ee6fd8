using NetStack.Multiplexer;
using NetStack.Nic;

namespace NetStack.Bench.Economics;

/// <summary>B8: a client that takes nothing beside one that does: what the latter still gets.</summary>
internal sealed class SlowClient : Study
{
    private const int Quick = 0;
    private const int Slow = 1;
    private const int CountedRounds = 80;

    private static readonly (string Name, Action<PortOptions> Configure)[] Kinds =
    [
        ("CopyAll", static o => o.Copy = CopyStrategy.CopyAll),
        ("CopyHeaders", static o => o.Copy = CopyStrategy.CopyHeaders),
        ("PassThrough", static o => o.Copy = CopyStrategy.PassThrough),
        ("ZeroCopy, trusted", static o =>
        {
            o.Copy = CopyStrategy.ZeroCopy;
            o.Trust = Trust.DataOnly;
        }),
        ("Shadow", static o => o.Copy = CopyStrategy.Shadow),
        ("steered", static o => o.Placement = Placement.Steered),
    ];

    internal override string Name => "b8";

    internal override string Title => "A slow client: whose frames are lost?";

    internal override Findings Run(Effort effort)
    {
        ResultTable table = new("isolation", $"{CountedRounds * SharedNic.FramesARound} frames of {SharedNic.FrameLength} bytes in turn to a client that reads (CopyHeaders) and one that never does, by the strategy of the latter",
            Column.Key("the slow client's strategy"), Column.Exact("quick got, %"), Column.Exact("quick lost"), Column.Exact("slow has waiting"), Column.Exact("slow lost"),
            Column.Exact("ring buffers held"), Column.Exact("copied over quota"), Column.Measured("ns a frame"), Column.Measured("÷ both read"));
        SharedNic[] ways = [NobodySlow(), .. Kinds.Select(k => OneSlow(k.Name, k.Configure)), WithoutLimits()];
        foreach (SharedNic way in ways)
        {
            for (int i = 0; i < CountedRounds; i++) way.Round();
        }
        double[][] counts = [.. ways.Select(Count)];
        Timing[] times = [.. Rounds.Measure(ways[..^1], effort), Timing.None]; // without limits nothing arrives that could be timed
        for (int i = 0; i < ways.Length; i++)
        {
            table.Add([ways[i].Name, .. counts[i].Select(c => (object)c), times[i].Nanoseconds, times[i].Ratio]);
            ways[i].Dispose();
        }
        return new Findings([table], effort.IsTimed ? [Chart()] : []);
    }

    private static LineChart Chart()
    {
        const int Points = 6, RoundsAPoint = 4, FramesAPoint = RoundsAPoint * SharedNic.FramesARound / 2;
        Series[] lines = [.. new[] { NobodySlow(), OneSlow("one slow, CopyHeaders", CopyHeaders), WithoutLimits() }.Select(Progress)];
        return new LineChart("b8", "Counted: what the client that reads gets", Axis.Values("frames sent to it", [.. Enumerable.Range(0, Points + 1).Select(i => (double)i * FramesAPoint)]),
            Axis.Linear("frames it took", [Points * FramesAPoint]), lines);

        static Series Progress(SharedNic nic)
        {
            using SharedNic own = nic;
            List<(double X, double Y)> points = [(0, 0)];
            for (int i = 0; i < Points; i++)
            {
                for (int round = 0; round < RoundsAPoint; round++) own.Round();
                points.Add((own.SentTo(Quick), own.Ports[Quick].Counters.Queue.FramesReceived));
            }
            return new Series(own.Name, points);
        }
    }

    private static SharedNic NobodySlow() => new("nobody slow", 2, static (_, o) => CopyHeaders(o));

    private static SharedNic OneSlow(string name, Action<PortOptions> slow) =>
        new(name, 2, (client, o) => (client == Slow ? slow : CopyHeaders)(o)) { Reads = static client => client == Quick };

    /// <summary>What the quota and the reserve are for: with neither, the slow client ends up with the whole ring.</summary>
    private static SharedNic WithoutLimits() =>
        new("no quota, no reserve", 2, Unlimited, new MultiplexerOptions { RingReserve = 0 }) { Reads = static client => client == Quick };

    private static void Unlimited(int client, PortOptions options)
    {
        options.Copy = CopyStrategy.CopyHeaders;
        if (client != Slow) return;
        options.HeldFrames = int.MaxValue;
        options.QueueDepth = 1 << 16;
    }

    private static void CopyHeaders(PortOptions options) => options.Copy = CopyStrategy.CopyHeaders;

    private static double[] Count(SharedNic nic)
    {
        (long quickGot, long quickSent) = (nic.Ports[Quick].Counters.FramesDelivered, nic.SentTo(Quick));
        PortCounters slow = nic.Ports[Slow].Counters;
        return
        [
            100.0 * quickGot / quickSent, quickSent - quickGot, slow.FramesDelivered - slow.Queue.FramesReceived, nic.SentTo(Slow) - slow.FramesDelivered,
            nic.Multiplexer.RingBuffersHeld, slow.CopiedOverQuota,
        ];
    }
}
