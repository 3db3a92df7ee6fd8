namespace NetStack.Nic.Virtual.Hostile;

/// <summary>When a device rewrites what it handed over.</summary>
public enum RewriteMoment
{
    /// <summary>After the completion, before the host looks at it.</summary>
    BeforeLook = 0,

    /// <summary>While the host looks: after its first read of the buffer.</summary>
    DuringLook = 1,

    /// <summary>Only when it is told to: after the host looked, while it holds the frame.</summary>
    AfterLook = 2,
}

/// <summary>
/// H1: rewrites the headers of a frame after it completed it, before, while or after the host looks. It hopes that a check and the
/// use of what was checked are two reads: a port that was allowed and is another by then, a length that grew.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
/// <param name="moment">When it strikes by itself.</param>
public sealed class RewriteHeaders(ulong seed = 1, RewriteMoment moment = RewriteMoment.AfterLook)
    : MemoryBehaviour("H1", "rewrites headers after completion", seed)
{
    /// <inheritdoc/>
    public override void OnFetched(int queue, ulong buffer, int offset, int length)
    {
        if (moment == RewriteMoment.DuringLook && offset == 0 && Known.TryGetValue(buffer, out KnownBuffer known)) RewriteHeadersOf(known);
    }

    /// <summary>Rewrites the headers of every frame that the host has.</summary>
    public void RewriteNow()
    {
        foreach (KnownBuffer buffer in Known.Values)
        {
            if (!buffer.IsPosted) RewriteHeadersOf(buffer);
        }
    }

    private protected override void OnFilled(in KnownBuffer buffer)
    {
        if (moment == RewriteMoment.BeforeLook) RewriteHeadersOf(buffer);
    }
}
