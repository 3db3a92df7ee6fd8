namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H14: places the frames of one queue into the buffers of another, under the tag that is right there. It hopes that a client
/// reads what was meant for another, and takes it for its own.
/// </summary>
/// <param name="from">The queue whose frames are misplaced.</param>
/// <param name="to">The queue they are put on; an earlier frame showed the tag that is right there.</param>
/// <param name="seed">Decides which frames, if not all.</param>
public sealed class Misplace(int from, int to, ulong seed = 1) : HostileBehaviour("H14", "places frames into the memory of another client", seed)
{
    private FlowTag _tag;

    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
        if (queue == to) _tag = completion.Tag;
        if (queue != from || !Strike()) return;
        queue = to;
        completion.Tag = _tag;
        completion.Flags = _tag.IsNone ? completion.Flags & ~RxFlags.Tagged : completion.Flags | RxFlags.Tagged;
    }
}
