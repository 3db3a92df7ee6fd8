using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

internal sealed class H23Storm : Attack
{
    public override string Id => "H23";

    public override string Title => "interrupt storm";

    public override Cell Stated(Column column) => new(Outcome.Stopped,
        "The device is heard once after each time the driver armed itself: a storm makes a driver that polls. It costs the processor, nobody's frames.");

    public override Outcome Run(Column column, ulong seed) => IsHarmed(column, seed, CompletionChecks.All) ? Outcome.NotStopped : Outcome.Stopped;

    public override bool Control(Column column, ulong seed) => IsHarmed(column, seed, CompletionChecks.All & ~CompletionChecks.WakeOnce);

    /// <summary>Whether the driver was woken more often than it asked to be, or frames suffered.</summary>
    private static bool IsHarmed(Column column, ulong seed, CompletionChecks checks)
    {
        InterruptStorm behaviour = new(seed);
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour, Checks = checks });
        int woken = 0;
        int armed = 0;
        world.Nic.OnWake(() => woken++);
        for (int i = 0; i < 100; i++)
        {
            if (i % 5 == 0 && world.Nic.TryArm()) armed++;
            if (i % 2 == 0) world.Send(i % TrustWorld.Clients);
            world.Step();
        }
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        return woken > armed || world.Harm() is not null || !world.Recovers();
    }
}

internal sealed class H23Silence : Attack
{
    public override string Id => "H23";

    public override string Title => "never interrupts";

    public override Cell Stated(Column column) => new(Outcome.NotStopped, "Frames wait, and are not lost, until somebody polls for another reason: a timer, or something to send.");

    public override Outcome Run(Column column, ulong seed)
    {
        Assert.True(IsSeenAsleep(column, seed, new InterruptSilence(seed) { IsActive = false }), "even an honest device wakes nobody");
        return IsSeenAsleep(column, seed, new InterruptSilence(seed) { Eagerness = 1 }) ? Outcome.Stopped : Outcome.NotStopped;
    }

    public override bool Control(Column column, ulong seed) => false;

    /// <summary>Whether a frame is seen by one who sleeps until woken, or until the deadline it was told.</summary>
    private static bool IsSeenAsleep(Column column, ulong seed, InterruptSilence behaviour)
    {
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour });
        bool isWoken = false;
        world.Mux.OnWake(() => isWoken = true);
        world.Step();
        Assert.True(world.Mux.TryArm());
        Assert.True(world.Send(TrustWorld.Victim));
        Instant wake = world.Now + TimeSpan.FromSeconds(1);
        if (isWoken || world.Mux.NextDeadline <= wake) world.Step();
        bool isSeen = world.SeenBy(TrustWorld.Victim).Count == 1;
        world.Step(); // a timer of the client
        Assert.Single(world.SeenBy(TrustWorld.Victim));
        return isSeen;
    }
}
