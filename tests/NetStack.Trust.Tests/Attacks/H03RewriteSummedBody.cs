using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class H03RewriteSummedBody : HeldFrameAttack
{
    public override string Id => "H3";

    public override string Title => "body rewritten after it was summed or acknowledged";

    public override Cell Stated(Column column) => column == Column.PassThrough ? new Cell(Outcome.NotApplicable, "nothing is summed") : base.Stated(column);

    public override Outcome Run(Column column, ulong seed) => column == Column.PassThrough ? Outcome.NotApplicable : base.Run(column, seed);

    protected override IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness) => [new RewriteSummedBody(seed) { Eagerness = eagerness }];

    private protected override IEnumerable<Moment?> Moments(Column column) => [Moment.Delivered];
}
