using System.Diagnostics;

namespace NetStack.Bench.Economics;

/// <summary>How much is measured. Counts never depend on it.</summary>
/// <param name="Rounds">Rounds that are kept, interleaved over the ways that are compared; 0 to count only.</param>
internal sealed record Effort(int Rounds)
{
    /// <summary>Counts only, no times.</summary>
    internal static Effort CountOnly { get; } = new(0);

    internal static Effort Quick { get; } = new(101);

    internal static Effort Full { get; } = new(1001);

    internal bool IsTimed => Rounds > 0;
}

/// <summary>One way to do the work of a round. A round is short, some tenths of a millisecond, so that on a machine that others use most
/// rounds run without being interrupted.</summary>
internal abstract class Way(string name) : IDisposable
{
    /// <summary>What rows and figures call it.</summary>
    internal string Name => name;

    /// <summary>What a round does so many of; times are divided by it.</summary>
    internal abstract int Units { get; }

    /// <summary>Does a round.</summary>
    /// <returns>The ticks of <see cref="Stopwatch"/> that the measured part of it took.</returns>
    internal abstract long Round();

    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>What a unit of a way took.</summary>
/// <param name="Nanoseconds">The median over the rounds.</param>
/// <param name="Ratio">The median of this way over the first, round by round.</param>
internal readonly record struct Timing(double Nanoseconds, double Ratio)
{
    internal static Timing None => new(double.NaN, double.NaN);
}

/// <summary>Runs ways in turn, round by round, so that what else the machine does meets all of them alike.</summary>
internal static class Rounds
{
    private const int LeastWarmup = 3;

    // How long ways run before they are measured: until the runtime has optimised what is hot.
    private static readonly TimeSpan Warmup = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan FirstWarmup = TimeSpan.FromSeconds(3);

    private static readonly HashSet<Type> Warm = [];

    internal static Timing[] Measure(IReadOnlyList<Way> ways, Effort effort)
    {
        if (!effort.IsTimed) return [.. ways.Select(_ => Timing.None)];
        double[][] times = [.. ways.Select(_ => new double[effort.Rounds])];
        bool isWarm = true;
        foreach (Way way in ways) isWarm &= !Warm.Add(way.GetType());
        TimeSpan warmup = isWarm ? Warmup : FirstWarmup;
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < LeastWarmup || Stopwatch.GetElapsedTime(start) < warmup; round++)
        {
            foreach (Way way in ways) way.Round();
        }
        for (int round = 0; round < effort.Rounds; round++)
        {
            for (int i = 0; i < ways.Count; i++)
            {
                int way = (i + round) % ways.Count; // each goes first equally often
                double ticks = ways[way].Round();
                times[way][round] = ticks * 1e9 / Stopwatch.Frequency / ways[way].Units;
            }
        }
        return [.. times.Select(t => new Timing(Median(t), Median([.. t.Zip(times[0], (own, first) => own / first)])))];
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
