using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class C2DoublePoster : ClientAttack
{
    public override string Id => "C2";

    public override string Title => "posts a buffer twice, or releases it while it is posted";

    public override bool Control(Column column, ulong seed) =>
        Harm(column, seed, new Defences(ClientChecks.All & ~ClientChecks.Posted, CompletionChecks.All & ~CompletionChecks.Posted)) is not null;

    private protected override HostileClient Create(TrustWorld world, INic port, ulong seed) => new DoublePoster(port, seed);
}
