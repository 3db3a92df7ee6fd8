using NetStack.Multiplexer;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.TrustTests;

public sealed class C7Spoofer : Attack
{
    private static readonly IpAddress Own = IpAddress.V4(0x0A_00_00_01);

    public override string Id => "C7";

    public override string Title => "spoofs source MAC, IP or ARP sender";

    public override Cell Stated(Column column) => Outcome.Stopped;

    public override Outcome Run(Column column, ulong seed) => Forges(column, seed, SourceCheck.Owned) ? Outcome.NotStopped : Outcome.Stopped;

    public override bool Control(Column column, ulong seed) => Forges(column, seed, SourceCheck.None);

    private static bool Forges(Column column, ulong seed, SourceCheck check)
    {
        using TrustWorld world = new(column, seed, port: (i, o) =>
        {
            if (i != TrustWorld.Neighbour) return;
            o.Addresses.Add(Own);
            o.SourceCheck = check;
        });
        Wire wire = new();
        world.Nic.Attach(wire);
        Spoofer client = new(world.Ports[TrustWorld.Neighbour], seed, IpAddress.V4(0x0A_00_00_42));
        world.Hostile[TrustWorld.Neighbour] = client;
        world.Run(60);
        Assert.True(client.Strikes > 10 && world.Harm() is null, world.Harm());
        return wire.Forged(world.Nic.Info.Mac, Own) > 0;
    }
}
