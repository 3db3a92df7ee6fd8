using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class H05LengthOverCapacity : RingAttack
{
    public override string Id => "H5";

    public override string Title => "byte count over capacity";

    private protected override CompletionChecks Defence => CompletionChecks.Capacity;

    protected override HostileBehaviour Create(ulong seed) => new LengthOverCapacity(seed);
}
