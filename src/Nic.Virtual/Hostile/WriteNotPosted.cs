namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H25: writes whole buffers that are mapped but were handed over and not posted again, in the name of their own queue or of
/// another. It hopes that the host still uses what lies there.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
/// <param name="asQueue">The queue in whose name it writes; null for the buffer's own.</param>
public sealed class WriteNotPosted(ulong seed = 1, int? asQueue = null)
    : HeldFrameBehaviour("H25", "writes to mapped buffers that are not posted", seed, RewriteMoment.AfterLook)
{
    private protected override void RewriteOne(in KnownBuffer buffer) => Rewrite(asQueue ?? buffer.Queue, buffer.Address, buffer.Capacity);
}
