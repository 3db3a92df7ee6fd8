using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public abstract class H26ReadResidue : RegisteredMemoryAttack
{
    public sealed override string Id => "H26";
}

public sealed class H26ReceiveMemory : H26ReadResidue
{
    public override string Title => "memory to receive into, read";

    public override Cell Stated(Column column) => Outcome.Stopped;

    private protected override bool IsHarmed(Column column, ulong seed, IommuMode mode)
    {
        ReadResidue behaviour = new(seed);
        using TrustWorld world = World(column, seed, mode, behaviour);
        world.Run(6);
        Assert.Null(world.Crash);
        ReadOnlySpan<byte> frame = world.SentTo(TrustWorld.Stranger)[0].AsSpan(0, Frames.MinLength);
        Assert.True(behaviour.Strikes > 0, $"{behaviour}");
        return behaviour.Has(frame);
    }
}

public sealed class H26TransmitMemory : H26ReadResidue
{
    public override string Title => "registered memory that is not being sent, read";

    public override Cell Stated(Column column) => column == Column.Shadow
        ? new Cell(Outcome.Stopped, NeverMapped)
        : new Cell(Outcome.NotStopped, "what is registered to be sent from can be read, all of it and always");

    public override bool Control(Column column, ulong seed) => IsHarmed(Mapped(column), seed, Mode);

    private protected override bool IsHarmed(Column column, ulong seed, IommuMode mode)
    {
        ReadResidue behaviour = new(seed);
        using TrustWorld world = World(column, seed, mode, behaviour);
        ClientMemory memory = new(world);
        memory.HideInBuffer(2);
        memory.Use();
        Assert.True(behaviour.Strikes > 0, $"{behaviour}");
        return memory.IsHarmed(behaviour);
    }
}
