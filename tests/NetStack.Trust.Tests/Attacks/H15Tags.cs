using NetStack.Multiplexer;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The neighbour's frames, on the victim's queue, under tags that nobody programmed.</summary>
internal sealed class H15 : Attack
{
    public override string Id => "H15";

    public override string Title => "a tag never programmed, on another client's frame";

    public override Cell Stated(Column column) => column.IsSteered
        ? new(Outcome.Detected, "The tag is not believed, the frame is dropped and counted, its client does not get it; but it was written into the wrong client's memory.")
        : new(Outcome.NotApplicable, "On a shared ring no decision is taken by tag.");

    public override Outcome Run(Column column, ulong seed)
    {
        if (!column.IsSteered) return Outcome.NotApplicable;
        using TrustWorld world = Misplace(column, seed, believes: false);
        if (world.Harm() is not null) return Outcome.NotStopped;
        MultiplexerPort victim = world.Ports[TrustWorld.Victim];
        return victim.Counters.MissteeredFrames > 0 && victim.LastMissteered?.Why == MissteerReason.Tag ? Outcome.Detected : Outcome.Stopped;
    }

    /// <summary>A driver and multiplexer that take any tag for the queue's: the victim gets the neighbour's frames. Where headers are
    /// verified that is switched off too, since it alone would do.</summary>
    public override bool Control(Column column, ulong seed)
    {
        using TrustWorld world = Misplace(column, seed, believes: true);
        return world.SeenBy(TrustWorld.Victim).Any(s => Frames.OwnerOf(s.Bytes)?.Owner != TrustWorld.Victim);
    }

    private static TrustWorld Misplace(Column column, ulong seed, bool believes)
    {
        UnprogrammedTag behaviour = new(seed, target: 1); // the first client that asks gets the first queue that is not shared
        TrustWorld world = new(column, seed, o => o with { Tamper = behaviour, Checks = believes ? CompletionChecks.All & ~CompletionChecks.Tag : CompletionChecks.All },
            port: (client, o) =>
            {
                if (!believes || client != TrustWorld.Victim) return;
                o.Trust = Trust.Full;
                o.Verification = SteeringVerification.Trust;
            },
            driver: nic => believes ? new BelievingDriver(nic) : nic);
        world.Run(60);
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        return world;
    }
}
