namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H13: says of a frame that it goes on, and of the next that it is the rest of it, in a chain that agrees with itself, hoping
/// that who gets the first gets the second, perhaps another client's, with it.</summary>
/// <param name="seed">Decides when.</param>
public sealed class JoinedFrames(ulong seed) : HostileBehaviour("H13", "two frames as one", seed)
{
    private readonly Dictionary<int, int> _open = []; // by queue: buffers of the frame that was not ended

    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        bool isLast = (completion.Flags & RxFlags.EndOfPacket) != 0;
        if (_open.TryGetValue(queue, out int buffers))
        {
            completion.ChainIndex += (ushort)buffers;
            if (isLast) _open.Remove(queue);
        }
        else if (isLast && Strike())
        {
            completion.Flags &= ~RxFlags.EndOfPacket;
            _open[queue] = completion.ChainIndex + 1;
        }
    }
}
