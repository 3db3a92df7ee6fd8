namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H15: places other clients' frames onto a queue, under a tag that was never programmed, or no more, hoping that the
/// tag is looked up unchecked and the frame believed to belong there.</summary>
/// <param name="seed">Decides when, and which tag.</param>
/// <param name="target">The queue.</param>
public sealed class UnprogrammedTag(ulong seed, int target) : HostileBehaviour("H15", "a tag never programmed", seed)
{
    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
        if (queue == target || !Strike()) return;
        queue = target;
        completion.Flags |= RxFlags.Tagged;
        completion.Tag = Below(3) switch
        {
            0 => new FlowTag(uint.MaxValue, 1),
            1 => new FlowTag(1 + (uint)Below(16), 1000 + (uint)Below(1000)),
            _ => new FlowTag(100 + (uint)Below(1 << 20), 1),
        };
    }
}
