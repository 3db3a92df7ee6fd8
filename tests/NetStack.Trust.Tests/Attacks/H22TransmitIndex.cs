using NetStack.Multiplexer;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The victim sends numbered bodies while the wire is slow, and uses a buffer again as soon as it is free. What comes out on
/// the wire must be what was sent.</summary>
internal sealed class H22TransmitIndex : Attack
{
    private const int Buffers = 4;

    public override string Id => "H22";

    public override string Title => "transmit index jumps, farther than the ring or backwards";

    public override Cell Stated(Column column) => new(Outcome.Stopped,
        "An index that could be true, of a frame that is queued and not sent yet, is believed: such a device sends what the same client writes there next.");

    public override Outcome Run(Column column, ulong seed)
    {
        int by = (seed % 4) switch { 0 => 1000, 1 => 2 * Buffers + 1, 2 => -7, _ => int.MinValue };
        return IsHarmed(column, seed, by, CompletionChecks.All) ? Outcome.NotStopped : Outcome.Stopped;
    }

    /// <summary>Forwards by little: a driver without the check would run through four thousand million entries to catch up with the
    /// other jumps.</summary>
    public override bool Control(Column column, ulong seed) => IsHarmed(column, seed, 2 * Buffers + 1, CompletionChecks.All & ~CompletionChecks.TransmitIndex);

    private static bool IsHarmed(Column column, ulong seed, int by, CompletionChecks checks)
    {
        TransmitIndexJump behaviour = new(seed, by) { Eagerness = 1, IsActive = false };
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour, Checks = checks }, port: (client, o) =>
        {
            o.TransmitBuffers = column.CopiesTransmit ? Buffers : 0;
            o.SourceCheck = SourceCheck.None;
        });
        SlowWire wire = new();
        world.Nic.Attach(wire);
        Sender sender = new(world, TrustWorld.Victim, Buffers);
        for (int i = 0; i < Buffers; i++) sender.Send();
        world.Step();
        behaviour.IsActive = true; // while all that was queued waits for the wire
        SeededRandom random = new(seed);
        for (int i = 0; i < 60 && world.Crash is null; i++)
        {
            sender.Send();
            world.Step();
            wire.Room = random.Below(3) == 0 ? 1 : 0;
        }
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        bool isGood = world.Crash is null && IsInOrder(wire, wire.Of(TrustWorld.Victim).Count());
        return !isGood || !Recovers(world, behaviour, wire, sender);
    }

    private static bool Recovers(TrustWorld world, TransmitIndexJump behaviour, SlowWire wire, Sender sender)
    {
        behaviour.IsActive = false;
        wire.Room = int.MaxValue;
        for (int i = 0; i < 40; i++)
        {
            sender.Send();
            world.Step();
        }
        return sender.Sent > 30 && IsInOrder(wire, sender.Sent);
    }

    private static bool IsInOrder(SlowWire wire, int count) => wire.Of(TrustWorld.Victim).SequenceEqual(Enumerable.Range(0, count));
}
