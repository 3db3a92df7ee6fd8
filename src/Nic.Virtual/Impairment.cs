using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>What a link does to frames in one direction. The default is a perfect link without delay.</summary>
public sealed record Impairment
{
    /// <summary>The share of frames that are lost, each by itself, 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Loss that comes in bursts, beside <see cref="Loss"/>; null for none.</summary>
    public BurstLoss? BurstLoss { get; init; }

    /// <summary>The share of frames that arrive twice, 0 to 1.</summary>
    public double Duplicate { get; init; }

    /// <summary>The share of frames of which one bit is turned over, 0 to 1.</summary>
    public double Corrupt { get; init; }

    /// <summary>The share of frames that are cut off somewhere behind their first 14 bytes, 0 to 1.</summary>
    public double Truncate { get; init; }

    /// <summary>The share of frames that are held back by <see cref="ReorderDelay"/>, so that later ones overtake them, 0 to 1.</summary>
    public double Reorder { get; init; }

    /// <summary>How long a frame is held back.</summary>
    public TimeSpan ReorderDelay { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>How long every frame travels.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>A further delay, evenly spread from nothing to this. It does not reorder.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>A further delay of another shape; null for none. It does not reorder.</summary>
    public DelayVariation? DelayVariation { get; init; }

    /// <summary>Bits a second; 0 for no limit.</summary>
    public long Rate { get; init; }

    /// <summary>Bytes that may wait for a rate-limited link; what comes then is dropped.</summary>
    public int QueueBytes { get; init; } = 256 * 1024;

    /// <summary>The longest frame that passes, link header included, in bytes; 0 for no limit. An MTU of 1500 is 1514 on Ethernet.</summary>
    public int MaxFrameLength { get; init; }

    internal void Check()
    {
        foreach (double share in (ReadOnlySpan<double>)[Loss, Duplicate, Corrupt, Truncate, Reorder])
        {
            if (share is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(share), $"A share lies from 0 to 1, not at {share}.");
        }
        foreach (TimeSpan time in (ReadOnlySpan<TimeSpan>)[ReorderDelay, Delay, Jitter]) ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        BurstLoss?.Check();
        DelayVariation?.Check();
        foreach (long number in (ReadOnlySpan<long>)[Rate, QueueBytes, MaxFrameLength]) ArgumentOutOfRangeException.ThrowIfNegative(number);
    }
}
