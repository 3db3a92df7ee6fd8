namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H2: rewrites the body of a frame after it completed it, and leaves the headers alone. It hopes that somebody looks at a body
/// twice, or keeps it by handle as if it were what was sent.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
/// <param name="moment">When it strikes by itself; <see cref="RewriteMoment.DuringLook"/> is after the first read of the headers.</param>
public sealed class RewriteBody(ulong seed = 1, RewriteMoment moment = RewriteMoment.BeforeLook)
    : MemoryBehaviour("H2", "rewrites the body after completion", seed)
{
    /// <inheritdoc/>
    public override void OnFetched(int queue, ulong buffer, int offset, int length)
    {
        if (moment == RewriteMoment.DuringLook && offset == 0 && Known.TryGetValue(buffer, out KnownBuffer known)) RewriteBodyOf(known);
    }

    /// <summary>Rewrites the body of every frame that the host has.</summary>
    public void RewriteNow()
    {
        foreach (KnownBuffer buffer in Known.Values)
        {
            if (!buffer.IsPosted) RewriteBodyOf(buffer);
        }
    }

    private protected override void OnFilled(in KnownBuffer buffer)
    {
        if (moment == RewriteMoment.BeforeLook) RewriteBodyOf(buffer);
    }
}
