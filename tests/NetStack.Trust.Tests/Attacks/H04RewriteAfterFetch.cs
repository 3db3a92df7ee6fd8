using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class H04RewriteAfterFetch : HeldFrameAttack
{
    public override string Id => "H4";

    public override string Title => "every byte flipped right after it was read";

    protected override IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness) => [new RewriteAfterFetch(seed) { Eagerness = eagerness }];

    /// <summary>A fetch is announced to the device; a read in place is not, and is announced here.</summary>
    private protected override IEnumerable<Moment?> Moments(Column column) => column.IsInPlace ? [Moment.Decided, Moment.Delivered] : [null];
}
