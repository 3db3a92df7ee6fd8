namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H3: rewrites a body after its checksum was verified or its arrival acknowledged: right after the host read the end of it, and
/// again whenever a frame is about to be sent, which may be the acknowledgement. It hopes that what was summed is read once more.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
public sealed class RewriteSummedBody(ulong seed = 1)
    : HeldFrameBehaviour("H3", "rewrites the body after checksum and acknowledgement", seed, RewriteMoment.AfterLook)
{
    /// <inheritdoc/>
    public override void OnFetched(int queue, ulong buffer, int offset, int length)
    {
        if (Known.TryGetValue(buffer, out KnownBuffer known) && offset + length >= known.Filled) RewriteOne(known);
    }

    /// <inheritdoc/>
    public override void OnTransmit(int queue, ulong address, int length) => RewriteNow();

    private protected override void RewriteOne(in KnownBuffer buffer) => RewriteBodyOf(buffer);
}
