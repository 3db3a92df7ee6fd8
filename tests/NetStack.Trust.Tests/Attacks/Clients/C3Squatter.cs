using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class C3Squatter : ClientAttack
{
    public override string Id => "C3";

    public override string Title => "posts memory in which another's frames lie";

    public override bool Control(Column column, ulong seed) => Harm(column, seed, new Defences(ClientChecks.All & ~ClientChecks.Memory)) is not null;

    /// <summary>The memory is the one the victim's frames really come in, however the client got hold of it.</summary>
    private protected override HostileClient Create(TrustWorld world, INic port, ulong seed) => new Squatter(port, seed, MemoryOf(world));

    /// <summary>Frames of both wait at the same time.</summary>
    private protected override void Pass(TrustWorld world)
    {
        for (int round = 0; round < 60; round++)
        {
            for (int i = 0; i < 12; i++) world.Send(i % 2, Frames.MinLength + 440);
            world.Step();
        }
    }

    private static DmaRegion MemoryOf(TrustWorld world)
    {
        world.Send(TrustWorld.Victim);
        world.Mux.Poll(world.Now);
        ReceivedFrame[] one = new ReceivedFrame[1];
        Assert.Equal(1, world.Ports[TrustWorld.Victim].Queues[0].Receive(one));
        DmaRegion region = one[0].Body.Slice(0).Pool.Region;
        one[0].Release();
        return region;
    }
}
