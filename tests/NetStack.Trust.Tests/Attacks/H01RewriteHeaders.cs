using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class H01RewriteHeaders : HeldFrameAttack
{
    public override string Id => "H1";

    public override string Title => "headers rewritten after completion: before, while and after the host looks";

    protected override IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness) =>
        Enum.GetValues<RewriteMoment>().Select(moment => new RewriteHeaders(seed, moment) { Eagerness = eagerness });
}
