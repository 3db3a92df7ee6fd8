using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The device puts frames of the neighbour, or where those share a ring with the victim's, of the stranger, where the victim's
/// come, marked as the victim's are.</summary>
public sealed class H14Misplace : Attack
{
    public override string Id => "H14";

    public override string Title => "another client's frames, under this client's tag, in this client's queue";

    public override Cell Stated(Column column)
    {
        if (column == Column.SteeredVerify) return new Cell(Outcome.Detected, "dropped and reported; the frame was in the client's memory by then");
        if (!column.IsSteered) return Outcome.Stopped;
        return new Cell(Outcome.NotStopped, "the client declared that it trusts the steering");
    }

    public override Outcome Run(Column column, ulong seed)
    {
        (bool isLeaked, bool isDelivered, bool isReported) = Misplaced(column, seed);
        if (isDelivered || (isLeaked && !isReported)) return Outcome.NotStopped;
        return isLeaked ? Outcome.Detected : Outcome.Stopped;
    }

    public override bool Control(Column column, ulong seed) => Misplaced(Column.SteeredTrust, seed).IsDelivered;

    /// <summary>Whether frames of another came to lie in the victim's memory, whether it was handed them, and whether it was told.</summary>
    private static (bool IsLeaked, bool IsDelivered, bool IsReported) Misplaced(Column column, ulong seed)
    {
        int other = column.IsSteered ? TrustWorld.Neighbour : TrustWorld.Stranger;
        Misplace behaviour = new(from: column.IsSteered ? 2 : 1, to: column.IsSteered ? 1 : 0, seed) { Eagerness = 1 };
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour }, port: (client, o) =>
        {
            if (client == TrustWorld.Victim && column.IsSteered) o.SteeredBufferCount = 0;
        });
        MultiplexerPort victim = world.Ports[TrustWorld.Victim];
        BufferPool own = BufferPool.Create(512, 16);
        BufferRegistration registration = victim.Register(own, 0, BufferUse.Receive);
        for (int i = 0; i < own.Count; i++)
        {
            own.TryRent(out BufferHandle buffer);
            victim.Queues[0].Post(registration, [buffer]);
        }
        world.Send(TrustWorld.Victim, 400);
        world.Step();
        for (int i = 0; i < 4; i++) world.Send(other, 400);
        for (int i = 0; i < 4; i++) world.Step();
        Assert.Null(world.Crash);
        Assert.Equal((4, 1), (behaviour.Strikes, world.SeenBy(TrustWorld.Victim).Count(s => Frames.OwnerOf(s.Bytes)?.Owner == TrustWorld.Victim)));
        bool isDelivered = world.SeenBy(TrustWorld.Victim).Any(s => Frames.OwnerOf(s.Bytes)?.Owner == other);
        return (HoldsCanaryOf(own.Region, other), isDelivered, victim.Counters.MissteeredFrames == 4);
    }

    private static bool HoldsCanaryOf(DmaRegion region, int owner)
    {
        ReadOnlySpan<byte> memory = new DeviceMemory(region).Span(0, region.Length);
        for (int at = 0; at < memory.Length; at += 512)
        {
            if (Frames.OwnerOf(memory.Slice(at, 512))?.Owner == owner) return true;
        }
        return false;
    }
}
