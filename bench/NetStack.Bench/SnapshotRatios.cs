using System.Diagnostics;
using System.Globalization;
using NetStack.Memory;

namespace NetStack.Bench;

/// <summary>
/// What the snapshot costs: the same parse of the same frames in place, from the snapshot, and from a whole copy. All ways of
/// one shape run in turn, round by round, in one process; the medians' ratios are printed, with the quartiles of the ratio.
/// </summary>
public static class SnapshotRatios
{
    private const int RingBytes = 32 << 20;

    public static void Print(TextWriter output, int rounds)
    {
        output.WriteLine($"Ring of {RingBytes >> 20} MiB, frames of {HeaderShape.FrameLength} B, TCP options parsed on every side, {rounds} interleaved rounds, medians.");
        output.WriteLine();
        output.WriteLine("| header bytes | in place, ns/frame | snapshot ÷ in place (quartiles) | whole copy ÷ in place | whole copy ÷ snapshot |");
        output.WriteLine("|---|---|---|---|---|");
        foreach (HeaderShape shape in HeaderShape.All) output.WriteLine(Row(shape, rounds));
    }

    private static string Row(HeaderShape shape, int rounds)
    {
        FrameRing ring = new(shape, RingBytes);
        Ways ways = new(ring, shape.HeaderLength);
        Func<ulong>[] all = [ways.InPlace, ways.Snapshot, ways.WholeCopy];
        double[][] times = [new double[rounds], new double[rounds], new double[rounds]];
        ulong expected = ways.InPlace();
        for (int round = -5; round < rounds; round++)
        {
            for (int i = 0; i < all.Length; i++)
            {
                int way = (i + round + 6) % all.Length; // each goes first equally often
                long start = Stopwatch.GetTimestamp();
                ulong result = all[way]();
                double nanoseconds = Stopwatch.GetElapsedTime(start).TotalNanoseconds / ring.Bodies.Length;
                if (result != expected) throw new InvalidOperationException("The ways disagree: one of them parses something else.");
                if (round >= 0) times[way][round] = nanoseconds;
            }
        }
        double[] ratios = [.. times[1].Zip(times[0], (snapshot, inPlace) => snapshot / inPlace).Order()];
        double place = Median(times[0]), snap = Median(times[1]), copy = Median(times[2]);
        return string.Create(CultureInfo.InvariantCulture,
            $"| {shape.HeaderLength} | {place:F1} | {snap / place:F2} ({ratios[rounds / 4]:F2}–{ratios[rounds * 3 / 4]:F2}) | {copy / place:F1} | {copy / snap:F1} |");
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}

/// <summary>The three ways to look at every frame of a ring.</summary>
public sealed class Ways(FrameRing ring, int headerLength)
{
    private readonly HeaderSnapshot _snapshot = new();
    private readonly byte[] _copy = new byte[HeaderShape.FrameLength];

    /// <summary>Counts what the snapshot and the copy fetch.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>The first frame that is looked at.</summary>
    public int First { get; set; }

    /// <summary>How many frames are looked at from there; all unless set.</summary>
    public int Count { get; set; } = ring.Bodies.Length;

    /// <summary>Reads the shared memory itself, for a caller who trusts the device.</summary>
    public ulong InPlace()
    {
        ulong sum = 0;
        for (int i = First; i < First + Count; i++)
        {
            if (ring.Window(i).TryTrust(Trust.DataOnly, out TrustedSpan bytes)) sum += HeaderShape.Parse(bytes.Bytes);
        }
        return sum;
    }

    /// <summary>Fetches the headers once and reads the private copy.</summary>
    public ulong Snapshot()
    {
        ulong sum = 0;
        for (int i = First; i < First + Count; i++)
        {
            _snapshot.Begin(ring.Bodies[i], Meter);
            sum += HeaderShape.Parse(_snapshot.Require(headerLength));
        }
        return sum;
    }

    /// <summary>Copies the frame and reads the copy.</summary>
    public ulong WholeCopy()
    {
        ulong sum = 0;
        for (int i = First; i < First + Count; i++)
        {
            ring.Bodies[i].CopyTo(0, _copy, Meter);
            sum += HeaderShape.Parse(_copy);
        }
        return sum;
    }
}
