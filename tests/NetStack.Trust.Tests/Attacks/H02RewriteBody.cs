using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class H02RewriteBody : HeldFrameAttack
{
    public override string Id => "H2";

    public override string Title => "body rewritten after completion: before, while and after the host looks";

    public override Cell Stated(Column column) => column == Column.PassThrough ? new Cell(Outcome.NotStopped, ByContract) : base.Stated(column);

    protected override IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness) =>
        Enum.GetValues<RewriteMoment>().Select(moment => new RewriteBody(seed, moment) { Eagerness = eagerness });
}
