namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H18: says that a frame stands for another number of segments than it does.</summary>
/// <param name="seed">Decides when, and how many.</param>
/// <param name="isPossible">Whether the number is one that could be, for a frame of that length; otherwise it hopes that who cuts the
/// frame into segments again reads beyond it.</param>
public sealed class SegmentCountLie(ulong seed, bool isPossible) : HostileBehaviour("H18", "segment count", seed)
{
    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
        if (frame.Length < 2 || !Strike()) return;
        if (isPossible)
        {
            completion.SegmentSize = (ushort)(1 + Below(frame.Length / 2));
            completion.Segments = (ushort)Math.Min((frame.Length + completion.SegmentSize - 1) / completion.SegmentSize, ushort.MaxValue);
            return;
        }
        (completion.Segments, completion.SegmentSize) = Below(3) switch
        {
            0 => ((ushort)0, (ushort)100),
            1 => ((ushort)(2 + Below(60_000)), (ushort)0),
            _ => ((ushort)(2 + Below(60_000)), (ushort)Math.Min(frame.Length + Below(1000), ushort.MaxValue)),
        };
    }
}
