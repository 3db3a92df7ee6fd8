using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>Before anybody looks: what is stopped elsewhere is two reads, not a device that makes up what is read once.</summary>
public sealed class H02ExchangeWords : HeldFrameAttack
{
    public override string Id => "H2";

    public override string Title => "body rewritten before the host looks, under the same checksum";

    public override Cell Stated(Column column) => new(Outcome.NotStopped, "a device can make up whole frames; only authentication above, as TLS, tells");

    protected override IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness) => [new ExchangeWords(seed) { Eagerness = eagerness }];

    private protected override IEnumerable<Moment?> Moments(Column column) => [null];
}
