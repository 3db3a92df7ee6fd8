namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H13: frames that begin in the middle, leave buffers out or never end, hoping that buffers of several frames are handed out
/// as one, or that the driver collects for ever.</summary>
/// <param name="seed">Decides when, and how.</param>
public sealed class BrokenChain(ulong seed) : HostileBehaviour("H13", "broken and endless chains", seed)
{
    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        if (!Strike()) return;
        if (Below(2) == 0) completion.Flags &= ~RxFlags.EndOfPacket;
        else completion.ChainIndex = (ushort)(1000 + Below(60_000));
    }
}
