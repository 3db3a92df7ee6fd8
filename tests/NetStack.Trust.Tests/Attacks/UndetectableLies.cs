using NetStack.Multiplexer;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>Lies that agree with all the driver knows: what lay in the buffer before is delivered.</summary>
/// <param name="id">Its number.</param>
/// <param name="title">What it does.</param>
/// <param name="create">A new device of this kind.</param>
internal abstract class StaleAttack(string id, string title, Func<ulong, HostileBehaviour> create) : Attack
{
    protected const string OwnOnly = "The buffers of a steered queue were never another client's: what is stale is the client's own.";

    public override string Id => id;

    public override string Title => title;

    /// <summary>Stopped by a queue of one's own: without one it must succeed.</summary>
    public override bool Control(Column column, ulong seed) => Run(column, seed, Placement.CopyPerClient) == Outcome.NotStopped;

    public override Outcome Run(Column column, ulong seed) => Run(column, seed, null);

    private protected abstract bool IsHarm(TrustWorld world, int client, Seen seen);

    private Outcome Run(Column column, ulong seed, Placement? placement)
    {
        HostileBehaviour behaviour = create(seed);
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour }, port: (client, o) =>
        {
            if (client != TrustWorld.Stranger) o.Placement = placement ?? o.Placement;
        });
        world.Run(150);
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        Assert.Null(world.Crash);
        return world.SeenBy(TrustWorld.Victim).Any(s => IsHarm(world, TrustWorld.Victim, s)) ? Outcome.NotStopped : Outcome.Stopped;
    }
}

internal sealed class H06Foreign() : StaleAttack("H6", "byte count over what was written: another client's bytes", s => new LengthOverWritten(s))
{
    public override Cell Stated(Column column) => column.IsSteered
        ? new(Outcome.Stopped, OwnOnly)
        : new(Outcome.NotStopped, "A buffer of a shared ring holds what an earlier frame left there; a copy copies that too. Only clearing buffers before they are posted again helps: `ScrubBuffers`, in a row of its own.");

    private protected override bool IsHarm(TrustWorld world, int client, Seen seen) => Frames.CanariesIn(seen.Bytes).Any(o => o != client);
}

internal sealed class H06Own() : StaleAttack("H6", "byte count over what was written: bytes of the client's own", s => new LengthOverWritten(s))
{
    public override Cell Stated(Column column) => new(Outcome.NotStopped,
        "A length that the buffer holds cannot be told from the true one. A stack goes by the lengths in the packet's own headers, so it needs a sender that plays along.");

    public override bool Control(Column column, ulong seed) => false;

    private protected override bool IsHarm(TrustWorld world, int client, Seen seen) =>
        Frames.OwnerOf(seen.Bytes) is { } named && named.Owner == client && seen.Bytes.Length > world.SentTo(client)[named.Number].Length;
}

internal sealed class H13Joined() : StaleAttack("H13", "two frames as one chain: another client's bytes", s => new JoinedFrames(s))
{
    public override Cell Stated(Column column) => column.IsSteered
        ? new(Outcome.Stopped, OwnOnly)
        : new(Outcome.NotStopped, "A chain that agrees with itself is believed. A stack goes by the lengths in the packet's own headers, so it needs a sender that plays along.");

    private protected override bool IsHarm(TrustWorld world, int client, Seen seen) => Frames.CanariesIn(seen.Bytes).Any(o => o != client);
}

internal sealed class H11AsNew() : StaleAttack("H11", "an old completion written as a new one", s => new OldCompletionAsNew(s))
{
    public override Cell Stated(Column column) => new(Outcome.NotStopped,
        "A buffer that is posted may be completed without being written: a frame of the past is there again, as the network itself may repeat one. "
        + (column.IsSteered ? "It is one of the client's own." : "On a shared ring it goes to whom it is addressed."));

    public override bool Control(Column column, ulong seed) => false;

    private protected override bool IsHarm(TrustWorld world, int client, Seen seen) =>
        Frames.OwnerOf(seen.Bytes) is not { } named || named.Owner != client
        || world.SeenBy(client).Count(s => Frames.OwnerOf(s.Bytes) == named) > 1 || !seen.Bytes.SequenceEqual(world.SentTo(client)[named.Number]);
}

/// <summary>A count that the length allows is believed.</summary>
internal sealed class H18Possible() : StaleAttack("H18", "segment count that could be", s => new SegmentCountLie(s, isPossible: true))
{
    public override Cell Stated(Column column) => new(Outcome.NotStopped,
        "How many segments were joined only the device knows. The count decides how soon TCP acknowledges, and a router drops what was joined; no byte is found by it.");

    public override bool Control(Column column, ulong seed) => false;

    private protected override bool IsHarm(TrustWorld world, int client, Seen seen) => seen.Segments != 1;
}
