namespace NetStack.Tests.Kit;

/// <summary>What a wire does to frames; the default is a perfect wire with a delay of 1 ms.</summary>
public sealed record Impairment
{
    public double Loss { get; init; }

    public double Duplicate { get; init; }

    public double Corrupt { get; init; }

    /// <summary>The share of frames that are held back by <see cref="ReorderDelay"/>.</summary>
    public double Reorder { get; init; }

    public TimeSpan ReorderDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(1);
}
