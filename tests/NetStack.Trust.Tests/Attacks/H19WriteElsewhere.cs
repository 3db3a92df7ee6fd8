using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class H19WriteElsewhere : RegisteredMemoryAttack
{
    public override string Id => "H19";

    public override string Title => "DMA outside what was registered";

    public override Cell Stated(Column column) => Outcome.Stopped;

    public override bool Control(Column column, ulong seed) => IsHarmed(column, seed, IommuMode.Off);

    private protected override bool IsHarmed(Column column, ulong seed, IommuMode mode)
    {
        WriteElsewhere behaviour = new(64, seed);
        using TrustWorld world = World(column, seed, mode, behaviour);
        ClientMemory memory = new(world);
        memory.HideBeside();
        behaviour.Target = world.Nic.Iommu.MachineAddressOf(memory.Neighbour);
        memory.Use();
        world.Run(6);
        Assert.True(behaviour.Strikes > 0, $"{behaviour}");
        Assert.Equal(behaviour.Refused, world.Nic.Iommu.FaultCount); // what was refused was recorded
        return memory.IsHarmed(behaviour);
    }
}
