using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public abstract class H25WriteNotPosted : HeldFrameAttack
{
    public sealed override string Id => "H25";

    public override Cell Stated(Column column) => column == Column.PassThrough ? new Cell(Outcome.NotStopped, ByContract) : base.Stated(column);
}

public sealed class H25Own : H25WriteNotPosted
{
    public override string Title => "a write to a mapped buffer that is not posted, in the name of its own queue";

    protected override IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness) => [new WriteNotPosted(seed) { Eagerness = eagerness }];
}

/// <summary>In the name of a queue that none of the buffers belongs to.</summary>
public abstract class H25Other : H25WriteNotPosted
{
    protected override IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness) => [new WriteNotPosted(seed, asQueue: 4) { Eagerness = eagerness }];
}

public sealed class H25OtherPerDevice : H25Other
{
    public override string Title => "the same in the name of another client's queue, one domain for the device";

    protected override VirtualNicOptions Prepare(VirtualNicOptions options) => options with { Queues = 5, Domains = DomainBinding.PerDevice };
}

public sealed class H25OtherPerQueue : H25Other
{
    public override string Title => "the same in the name of another client's queue, a domain for each queue";

    public override Cell Stated(Column column) => new(Outcome.Stopped, "as far as a queue cannot take another's name: the domain is chosen by what the device says it is");

    protected override VirtualNicOptions Prepare(VirtualNicOptions options) => options with { Queues = 5, Domains = DomainBinding.PerQueue };

    /// <summary>One domain, and a client that reads in place: both defences are off.</summary>
    public override bool Control(Column column, ulong seed) => new H25OtherPerDevice().Control(column, seed);
}
