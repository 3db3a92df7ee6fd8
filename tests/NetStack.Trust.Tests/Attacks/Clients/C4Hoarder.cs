using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The ring is small, so that one client could empty it.</summary>
public sealed class C4Hoarder : Attack
{
    public override string Id => "C4";

    public override string Title => "never returns buffers";

    public override Cell Stated(Column column) => column.CopiesAll
        ? new Cell(Outcome.Stopped, "It holds copies, in its own buffers. Control: the same client by handle, without quota and reserve.")
        : column.IsSteered
            ? new Cell(Outcome.Stopped, "It holds its own queue's buffers. Control: the same client by handle from the shared ring, without quota and reserve.")
            : new Cell(Outcome.Stopped, "Past its quota of frames, past its time, or while the ring is short, it gets copies, then nothing. Control: without quota and reserve.");

    public override Outcome Run(Column column, ulong seed)
    {
        foreach (TimeSpan? limit in (TimeSpan?[])[null, TimeSpan.FromMilliseconds(1)])
        {
            if (Starves(column, seed, isBounded: true, limit)) return Outcome.NotStopped;
        }
        return Outcome.Stopped;
    }

    public override bool Control(Column column, ulong seed) => Starves(column.CopiesAll || column.IsSteered ? Column.CopyHeaders : column, seed, isBounded: false, limit: null);

    /// <summary>Whether others lose frames while one client keeps all of its own.</summary>
    private static bool Starves(Column column, ulong seed, bool isBounded, TimeSpan? limit)
    {
        using TrustWorld world = new(
            column,
            seed,
            multiplexer: o => o.RingReserve = isBounded && limit is null ? null : 0,
            port: (i, o) =>
            {
                if (i != TrustWorld.Neighbour) return;
                o.HeldFrames = isBounded && limit is null ? 6 : int.MaxValue;
                o.HoldTime = limit;
                o.BufferCount = 16;
                o.QueueDepth = 1024;
            });
        Hoarder hoarder = new(world.Ports[TrustWorld.Neighbour], seed);
        world.Hostile[TrustWorld.Neighbour] = hoarder;
        for (int i = 0; i < 200; i++)
        {
            // Where only time bounds it, it is slow to get many.
            if (limit is { } time) world.Now += time / 4;
            world.Send(i % TrustWorld.Clients, Frames.MinLength);
            world.Step();
        }
        bool starves = world.Harm() is not null || !world.Recovers();
        Assert.True(hoarder.Kept > 0);
        hoarder.Relent();
        return starves;
    }
}
