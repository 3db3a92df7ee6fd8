using NetStack.Multiplexer;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>The client writes over a body it sent while the frame waits in the ring.</summary>
public sealed class C5BodyRewriter : Attack
{
    public override string Id => "C5";

    public override string Title => "rewrites a body to send after hand-over";

    public override Cell Stated(Column column) => column == Column.Shadow
        ? new Cell(Outcome.Stopped, "The body is copied at hand-over. Control: the same client with CopyHeaders.")
        : new Cell(Outcome.NotStopped, "A body is payload, sent from where it lies: a client can spoil its own, and nothing that is decided here depends on it.");

    public override Outcome Run(Column column, ulong seed) => IsRewritten(column, seed) ? Outcome.NotStopped : Outcome.Stopped;

    public override bool Control(Column column, ulong seed) => IsRewritten(Column.CopyHeaders, seed);

    private static bool IsRewritten(Column column, ulong seed)
    {
        using TrustWorld world = new(column, seed, port: (i, o) =>
        {
            if (i == TrustWorld.Neighbour) o.Addresses.Add(IpAddress.V4(0x0A_00_00_01));
        });
        Wire wire = new();
        world.Nic.Attach(wire);
        world.Hostile[TrustWorld.Neighbour] = new BodyRewriter(world.Ports[TrustWorld.Neighbour], seed);
        for (int i = 0; i < 40; i++)
        {
            wire.IsOpen = i % 4 == 3;
            world.Send(i % TrustWorld.Clients);
            world.Step();
        }
        Assert.True(wire.Frames.Count > 4 && world.Harm() is null, world.Harm());
        return wire.Frames.Any(f => f.Length > 42 && f.AsSpan(42).Contains(BodyRewriter.Hidden));
    }
}
