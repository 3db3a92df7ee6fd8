using System.Buffers.Binary;
using NetStack.Multiplexer;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The device keeps every buffer it takes for the neighbour's frames. That the neighbour gets none cannot be helped; does the
/// victim go on?</summary>
internal sealed class H24 : Attack
{
    public override string Id => "H24";

    public override string Title => "never completes a neighbour's buffers";

    public override Cell Stated(Column column) => column.IsSteered
        ? new(Outcome.Stopped, "A client's own queue starves alone.")
        : new(Outcome.NotStopped, "Who shares a ring starves with it once the device kept all buffers. They come home when the ring is withdrawn.");

    public override Outcome Run(Column column, ulong seed) => IsStarved(column, seed, null) ? Outcome.NotStopped : Outcome.Stopped;

    public override bool Control(Column column, ulong seed) => IsStarved(column, seed, Placement.CopyPerClient);

    private static bool IsStarved(Column column, ulong seed, Placement? placement)
    {
        NeverCompletes behaviour = new(seed, IsNeighbours) { Eagerness = 1 };
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour }, port: (client, o) =>
        {
            if (client != TrustWorld.Stranger) o.Placement = placement ?? o.Placement;
        });
        for (int i = 0; i < 100; i++)
        {
            world.Send(TrustWorld.Neighbour);
            world.Step();
        }
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        Assert.Null(world.Harm());
        Assert.Empty(world.SeenBy(TrustWorld.Neighbour));
        bool isStarved = !world.Send(TrustWorld.Victim);
        world.Step();
        isStarved |= world.SeenBy(TrustWorld.Victim).Count == 0;
        AssertAllHome(world);
        return isStarved;
    }

    /// <summary>What the device kept comes home once it cannot reach it any more.</summary>
    private static void AssertAllHome(TrustWorld world)
    {
        Task gone = world.Mux.DisposeAsync().AsTask();
        for (int i = 0; i < 4; i++) world.Mux.Poll(world.Now);
        Assert.True(gone.IsCompletedSuccessfully);
        Assert.Equal(0, world.Mux.RingBuffersHeld);
        Assert.Equal(world.Nic.Iommu.Maps, world.Nic.Iommu.Unmaps + world.MapsOfRings);
    }

    private static bool IsNeighbours(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[36..]) == Frames.PortOf(TrustWorld.Neighbour);
}

/// <summary>The device never reports that it sent what the neighbour queued.</summary>
internal sealed class H24Transmit : Attack
{
    public override string Id => "H24";

    public override string Title => "never reports a neighbour's frames as sent";

    public override Cell Stated(Column column) => column.IsSteered
        ? new(Outcome.Stopped, "A client's own queue starves alone.")
        : new(Outcome.NotStopped, "Who shares a transmit ring starves with it. What the device never reported as sent comes home when the NIC is taken down.");

    public override Outcome Run(Column column, ulong seed) => IsStarved(column, seed, null) ? Outcome.NotStopped : Outcome.Stopped;

    public override bool Control(Column column, ulong seed) => IsStarved(column, seed, Placement.CopyPerClient);

    private static bool IsStarved(Column column, ulong seed, Placement? placement)
    {
        bool isShared = !column.IsSteered || placement == Placement.CopyPerClient;
        NeverReportsSent behaviour = new(seed, target: isShared ? 0 : 2) { Eagerness = 1 }; // the second client that asks has queue 2
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour }, port: (client, o) =>
        {
            if (client != TrustWorld.Stranger) o.Placement = placement ?? o.Placement;
            o.SourceCheck = SourceCheck.None;
        });
        SlowWire wire = new() { Room = int.MaxValue };
        world.Nic.Attach(wire);
        Sender neighbour = new(world, TrustWorld.Neighbour, buffers: 64);
        Sender victim = new(world, TrustWorld.Victim, buffers: 4);
        for (int i = 0; i < 64; i++)
        {
            neighbour.Send();
            world.Step();
        }
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        for (int i = 0; i < 20; i++)
        {
            victim.Send();
            world.Step();
        }
        Assert.Null(world.Crash);
        bool isStarved = wire.Of(TrustWorld.Victim).Count() < 20;
        world.Nic.Dispose();
        for (int i = 0; i < TrustWorld.Clients; i++) world.Ports[i].Dispose();
        Assert.Equal((neighbour.Pool.Count, victim.Pool.Count), (neighbour.Pool.Available, victim.Pool.Available));
        return isStarved;
    }
}
