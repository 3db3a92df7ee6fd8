namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H1: rewrites the headers of a frame after it completed it, before, while or after the host looks. It hopes that a check and the
/// use of what was checked are two reads: a port that was allowed and is another by then, a length that grew.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
/// <param name="moment">When it strikes by itself.</param>
public sealed class RewriteHeaders(ulong seed = 1, RewriteMoment moment = RewriteMoment.AfterLook)
    : HeldFrameBehaviour("H1", "rewrites headers after completion", seed, moment)
{
    private protected override void RewriteOne(in KnownBuffer buffer) => Rewrite(buffer.Queue, buffer.Address, buffer.HeadersEnd);
}
