using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public abstract class H21ReachBeside : RegisteredMemoryAttack
{
    public sealed override string Id => "H21";

    /// <summary>Whether what is registered shares its page.</summary>
    private protected abstract bool SharesPage { get; }

    /// <summary>The same in memory that shares its page, and is mapped.</summary>
    public override bool Control(Column column, ulong seed) => IsHarmed(Mapped(column), seed, sharesPage: true);

    private protected override bool IsHarmed(Column column, ulong seed, IommuMode mode) => IsHarmed(column, seed, SharesPage);

    private static bool IsHarmed(Column column, ulong seed, bool sharesPage)
    {
        ReachBeside behaviour = new(seed);
        using TrustWorld world = World(column, seed, IommuMode.Strict, behaviour);
        ClientMemory memory = new(world, sharesPage);
        memory.HideBeside();
        memory.Use();
        Assert.True(behaviour.Strikes > 0, $"{behaviour}");
        Assert.Equal(sharesPage && column != Column.Shadow, world.Nic.Iommu.BytesExposed > 0); // and the IOMMU says so
        return memory.IsHarmed(behaviour);
    }
}

public sealed class H21PageExclusive : H21ReachBeside
{
    public override string Title => "a neighbour in the same page: memory as the library allocates it";

    private protected override bool SharesPage => false;

    public override Cell Stated(Column column) => Outcome.Stopped;
}

public sealed class H21SharedPage : H21ReachBeside
{
    public override string Title => "a neighbour in the same page: a pool cut out of a page that holds something else";

    private protected override bool SharesPage => true;

    public override Cell Stated(Column column) => column == Column.Shadow
        ? new Cell(Outcome.Stopped, NeverMapped)
        : new Cell(Outcome.NotStopped, "counted in `Iommu.BytesExposed`");
}
