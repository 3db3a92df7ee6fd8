using NetStack.Nic;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class C1QueueIndexEditor : ClientAttack
{
    public override string Id => "C1";

    public override string Title => "edits queue indices";

    public override Cell Stated(Column column) => new(Outcome.NotApplicable,
        "A client calls its queue; no index, count or descriptor lies where it can write. It can falsify what its own port counted, which nobody else reads.");

    public override Outcome Run(Column column, ulong seed) => Harm(column, seed, new Defences()) is null ? Outcome.NotApplicable : Outcome.NotStopped;

    public override bool Control(Column column, ulong seed) => false;

    private protected override HostileClient Create(TrustWorld world, INic port, ulong seed) => new QueueIndexEditor(port, seed);
}
