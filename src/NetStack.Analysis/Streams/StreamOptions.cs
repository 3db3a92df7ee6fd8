using NetStack.Ip;

namespace NetStack;

/// <summary>How streams are put together.</summary>
public sealed record StreamOptions
{
    /// <summary>Which bytes stay where segments overlap. What was delivered stays in any case; <see cref="OverlapPolicy.Reject"/> is
    /// taken for <see cref="OverlapPolicy.First"/>, since TCP has no such rule.</summary>
    public OverlapPolicy Overlap { get; init; } = OverlapPolicy.First;

    /// <summary>The most bytes of one direction that wait for missing ones; then those are given up.</summary>
    public int MaxPending { get; init; } = 4 * 1024 * 1024;

    /// <summary>How many delivered bytes are kept, to tell whether what overlaps them later is the same; 0 for none.</summary>
    public int History { get; init; }
}

/// <summary>Takes what one direction of a stream delivers, in its order.</summary>
public interface IStreamReceiver
{
    /// <summary>Takes bytes.</summary>
    /// <param name="bytes">They are valid during the call.</param>
    /// <param name="packet">The number of the packet that made them deliverable.</param>
    void Data(ReadOnlySpan<byte> bytes, long packet);

    /// <summary>Bytes that are not in the capture.</summary>
    /// <param name="at">Where in the stream they begin.</param>
    /// <param name="length">How many they are.</param>
    void Missing(long at, long length);

    /// <summary>A segment overlaps an earlier one with different bytes.</summary>
    /// <param name="at">Where in the stream the first byte is that differs.</param>
    /// <param name="packet">The number of the later packet.</param>
    void Conflict(long at, long packet);
}
