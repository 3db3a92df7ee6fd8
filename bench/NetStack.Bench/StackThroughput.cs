using System.Globalization;
using NetStack.Memory;
using NetStack.Nic.Virtual;

namespace NetStack.Bench;

/// <summary>
/// A byte stream from stack to stack on one thread: through both NICs' rings and the link between, and without them; beside it the least
/// that anybody must do for the same bytes: copy and sum them once. All ways run in turn, round by round, in one process; medians are printed.
/// </summary>
internal static class StackThroughput
{
    private const int Warmup = 10; // until the runtime has optimised what is hot

    internal static void Print(TextWriter output, int rounds)
    {
        Way[] ways =
        [
            new CopyAndSum(),
            new JoinedStream("MTU 1500, no devices: frames are copied from stack to stack"),
            new DrivenStream("MTU 1500, the stacks cut and sum", new VirtualNicOptions { TransmitOffload = false }),
            new DrivenStream("super-segments of 64 KiB, the device sums for the sender", new VirtualNicOptions { KeepSegments = true }),
        ];
        for (int round = -Warmup; round < rounds; round++)
        {
            for (int i = 0; i < ways.Length; i++) ways[(i + round + Warmup) % ways.Length].Measure(isKept: round >= 0);
        }
        output.WriteLine($"Rounds of {Way.RoundBytes >> 20} MiB, {rounds} of them interleaved, one thread, medians.");
        output.WriteLine();
        output.WriteLine("| way | Gbit/s | CPU s/GiB | ÷ copy and sum | segments a round | allocated bytes/segment |");
        output.WriteLine("|---|--:|--:|--:|--:|--:|");
        foreach (Way way in ways)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {way.Name} | {way.GigabitsPerSecond:F2} | {way.CpuPerGibibyte:F3} | {way.CpuPerGibibyte / ways[0].CpuPerGibibyte:F1} | {way.Segments} | {way.AllocatedPerSegment:F2} |"));
        }
    }
}

/// <summary>A way to move bytes, and what rounds of it cost.</summary>
internal abstract class Way(string name)
{
    internal const int RoundBytes = 64 << 20;

    private readonly List<double> _cpu = [];
    private readonly List<double> _wall = [];
    private readonly List<double> _allocated = [];

    internal string Name => name;

    internal long Segments { get; private set; }

    internal double GigabitsPerSecond => RoundBytes * 8L / Median(_wall) / 1e9;

    internal double CpuPerGibibyte => Median(_cpu) * (1 << 30) / RoundBytes;

    internal double AllocatedPerSegment => Median(_allocated);

    internal void Measure(bool isKept)
    {
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        Segments = Round();
        double wall = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds;
        double used = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
        double bytes = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (!isKept) return;
        _wall.Add(wall);
        _cpu.Add(used);
        _allocated.Add(bytes / Segments);
    }

    /// <summary>Moves the bytes of one round.</summary>
    /// <returns>How many segments it took.</returns>
    protected abstract long Round();

    private static double Median(List<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}

/// <summary>Copies every segment once and sums the copy.</summary>
internal sealed class CopyAndSum() : Way("copy and sum, 1448 bytes at a time")
{
    private const int Segment = 1448;

    private readonly byte[] _from = new byte[256 * 1024];
    private readonly byte[] _to = new byte[256 * 1024];

    protected override long Round()
    {
        int sum = 0;
        long segments = 0;
        for (int at = 0, done = 0; done < RoundBytes; done += Segment, at += Segment, segments++)
        {
            if (at + Segment > _from.Length) at = 0;
            Span<byte> copy = _to.AsSpan(at, Segment);
            _from.AsSpan(at, Segment).CopyTo(copy);
            sum += InternetChecksum.Compute(copy);
        }
        return sum == 0 ? throw new InvalidOperationException("The sum of zeros is not 0.") : segments;
    }
}
