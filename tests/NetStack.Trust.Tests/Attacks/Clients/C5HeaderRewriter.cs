using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>The client writes over its headers when it has the call back, and while the device is being given what it sent.</summary>
public sealed class C5HeaderRewriter : Attack
{
    private static readonly IpAddress Own = IpAddress.V4(0x0A_00_00_01);
    private static readonly IpAddress Forged = IpAddress.V4(0x0A_00_00_42);

    public override string Id => "C5";

    public override string Title => "rewrites a header to send after the check";

    public override Cell Stated(Column column) =>
        new(Outcome.Stopped, "Checked is what is sent: the port's own copy. Control: a port that checks the client's headers in place and sends from there.");

    public override Outcome Run(Column column, ulong seed)
    {
        Interposed? driver = null;
        using TrustWorld world = new(column, seed, port: (i, o) =>
        {
            if (i == TrustWorld.Neighbour) o.Addresses.Add(Own);
        }, driver: nic => driver = new Interposed(nic));
        Wire wire = new();
        world.Nic.Attach(wire);
        HeaderRewriter client = new(world.Ports[TrustWorld.Neighbour], seed, Forged);
        world.Hostile[TrustWorld.Neighbour] = client;
        driver!.Sending = client.Rewrite;
        for (int i = 0; i < 40; i++)
        {
            wire.IsOpen = i % 4 == 3; // frames wait, in the port and in the ring
            world.Send(i % TrustWorld.Clients);
            world.Step();
        }
        Assert.True(wire.Frames.Count > 0 && client.Strikes > 0);
        return wire.Forged(world.Nic.Info.Mac, Own) > 0 || world.Harm() is not null || !world.Recovers() ? Outcome.NotStopped : Outcome.Stopped;
    }

    public override bool Control(Column column, ulong seed)
    {
        using VirtualNic nic = new(new VirtualNicOptions { Seed = seed });
        Wire wire = new();
        nic.Attach(wire);
        Interposed device = new(nic);
        HeaderRewriter client = new(new PortThatChecksInPlace(device, Own), seed, Forged);
        device.Sending = client.Rewrite;
        for (int i = 0; i < 40; i++)
        {
            client.Step();
            nic.Poll(Instant.FromMilliseconds(i));
        }
        return wire.Forged(nic.Info.Mac, Own) > 0;
    }
}
