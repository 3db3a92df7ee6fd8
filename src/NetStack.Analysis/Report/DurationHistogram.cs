namespace NetStack.Analysis;

/// <summary>Counts durations in steps of 1, 2 and 5, from 10 microseconds to 100 seconds.</summary>
internal sealed class DurationHistogram
{
    /// <summary>The upper limits in microseconds; the last step has none.</summary>
    internal static ReadOnlySpan<long> Limits =>
    [
        10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000,
        1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000, long.MaxValue,
    ];

    private readonly long[] _counts = new long[Limits.Length];

    /// <summary>How many durations are in a step.</summary>
    internal long this[int step] => _counts[step];

    /// <summary>How many there are in all.</summary>
    internal long Total { get; private set; }

    /// <summary>Counts one.</summary>
    /// <param name="nanoseconds">How long it is; what is negative counts as nothing.</param>
    internal void Add(long nanoseconds)
    {
        int step = 0;
        while (nanoseconds / 1000 >= Limits[step] && step < Limits.Length - 1) step++;
        _counts[step]++;
        Total++;
    }
}
