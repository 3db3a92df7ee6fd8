namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H2: rewrites the body of a frame after it completed it, and leaves the headers alone. It hopes that somebody looks at a body
/// twice, or keeps it by handle as if it were what was sent.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
/// <param name="moment">When it strikes by itself.</param>
public sealed class RewriteBody(ulong seed = 1, RewriteMoment moment = RewriteMoment.BeforeLook)
    : HeldFrameBehaviour("H2", "rewrites the body after completion", seed, moment)
{
    private protected override void RewriteOne(in KnownBuffer buffer) => RewriteBodyOf(buffer);
}
