using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The client withdraws its registration and keeps something else in that memory from then on.</summary>
public abstract class H20UseRevoked : RegisteredMemoryAttack
{
    public sealed override string Id => "H20";

    /// <summary>Whether the client waits until the registration has ended, as it is told to.</summary>
    private protected abstract bool Waits { get; }

    private protected override bool IsHarmed(Column column, ulong seed, IommuMode mode)
    {
        UseRevoked behaviour = new(seed);
        using TrustWorld world = World(column, seed, mode, behaviour);
        ClientMemory memory = new(world);
        memory.Use();
        Task revoked = memory.Registration.UnregisterAsync().AsTask();
        if (Waits && world.Nic.NextDeadline is { } flush)
        {
            world.Now = flush;
            world.Step();
        }
        Assert.Equal(Waits || column == Column.Shadow || mode != IommuMode.Deferred, revoked.IsCompletedSuccessfully);
        bool isHarmed = false;
        for (int i = 0; i < memory.Pool.Count; i++)
        {
            memory.HideInBuffer(i);
            behaviour.StrikeNow();
            isHarmed |= memory.IsHarmed(behaviour);
        }
        Assert.True(behaviour.Strikes > 0, $"{behaviour}");
        return isHarmed;
    }
}

public sealed class H20UseRevokedStrict : H20UseRevoked
{
    public override string Title => "DMA to revoked memory, strict IOMMU";

    private protected override bool Waits => false;

    public override Cell Stated(Column column) => Outcome.Stopped;
}

public sealed class H20UseRevokedDeferred : H20UseRevoked
{
    public override string Title => "DMA to revoked memory, deferred IOMMU, before the flush";

    private protected override bool Waits => false;

    private protected override IommuMode Mode => IommuMode.Deferred;

    public override Cell Stated(Column column) => column == Column.Shadow
        ? new Cell(Outcome.Stopped, NeverMapped)
        : new Cell(Outcome.NotStopped, "until `UnregisterAsync` has completed");

    public override bool Control(Column column, ulong seed) => IsHarmed(Mapped(column), seed, Mode);
}

public sealed class H20UseRevokedFlushed : H20UseRevoked
{
    public override string Title => "DMA to revoked memory, deferred IOMMU, once `UnregisterAsync` has completed";

    private protected override bool Waits => true;

    private protected override IommuMode Mode => IommuMode.Deferred;

    public override Cell Stated(Column column) => Outcome.Stopped;
}
