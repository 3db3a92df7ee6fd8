using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>
/// A device that rewrites what a client was given. The client must never use other headers than it decided on, nor take for whole
/// what is not as it was sent: frame by frame, and as a TCP stack whose program reads a stream. The control run is a client that
/// keeps no private copy and reads in place.
/// </summary>
public abstract class HeldFrameAttack : Attack
{
    private const int FramesSent = 30;

    /// <summary>By contract of the strategy.</summary>
    protected const string ByContract = "by contract: nobody looks at the body, and nothing is claimed of it";

    /// <summary>Declared trust.</summary>
    protected const string Declared = "the client declared that it trusts the device's data";

    public override Cell Stated(Column column) => column.IsInPlace ? new Cell(Outcome.NotStopped, Declared) : Outcome.Stopped;

    public override Outcome Run(Column column, ulong seed) => Harm(column, seed) is null && StackHarm(column, seed) is null ? Outcome.Stopped : Outcome.NotStopped;

    public override bool Control(Column column, ulong seed) => Harm(column.IsSteered ? Column.SteeredInPlace : Column.ZeroCopy, seed) is not null;

    public override string Explain(Column column, ulong seed) => Harm(column, seed) ?? StackHarm(column, seed) ?? "nothing";

    /// <summary>The devices of this kind, one for each way in which it strikes.</summary>
    protected abstract IEnumerable<HeldFrameBehaviour> Create(ulong seed, double eagerness);

    /// <summary>What the NIC needs besides.</summary>
    protected virtual VirtualNicOptions Prepare(VirtualNicOptions options) => options;

    /// <summary>The moments of the client at which the device strikes too, a run for each.</summary>
    private protected virtual IEnumerable<Moment?> Moments(Column column) => [Moment.Taken, Moment.Decided, Moment.Delivered];

    private string? StackHarm(Column column, ulong seed)
    {
        foreach (HeldFrameBehaviour behaviour in Create(seed, 0.2))
        {
            using StackWorld world = new(column, seed, behaviour);
            if (world.Harm() is { } harm) return $"{behaviour}: {harm}";
        }
        return null;
    }

    private string? Harm(Column column, ulong seed)
    {
        long strikes = 0;
        foreach (Moment? struck in Moments(column))
        {
            foreach (HeldFrameBehaviour behaviour in Create(seed, 1))
            {
                using TrustWorld world = new(column, seed, o => Prepare(o) with { Tamper = behaviour });
                world.At = (_, moment) =>
                {
                    if (moment == struck) behaviour.RewriteNow();
                };
                world.Run(FramesSent);
                strikes += behaviour.Strikes;
                if (HarmIn(world) is { } harm) return $"{behaviour}, {struck}: {harm}";
            }
        }
        Assert.True(strikes > 0, "nobody struck");
        return null;
    }

    private static string? HarmIn(TrustWorld world)
    {
        if (world.Crash is not null) return $"crash: {world.Crash.Message}";
        for (int client = 0; client < TrustWorld.Clients; client++)
        {
            foreach (Seen seen in world.SeenBy(client))
            {
                if (seen.Port != seen.PortUsed) return $"client {client} decided on port {seen.Port} and used {seen.PortUsed}";
                bool isAccepted = seen.IsSumRight || world.Column.Use == Use.PassOn;
                if (isAccepted && !world.SentTo(client).Any(sent => sent.AsSpan().SequenceEqual(seen.Bytes))) return $"client {client} took {seen.Bytes.Length} bytes for whole that were not sent";
            }
        }
        return null;
    }
}
