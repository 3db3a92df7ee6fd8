using NetStack.Nic;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The device damages packets and vouches for them. Clients that trust its data take its word instead of summing.</summary>
public sealed class H17VouchForDamage : Attack
{
    public override string Id => "H17";

    public override string Title => "a damaged packet, said to have good checksums";

    public override Cell Stated(Column column)
    {
        if (column == Column.PassThrough) return new Cell(Outcome.NotApplicable, "nothing is summed");
        return column.IsInPlace ? new Cell(Outcome.NotStopped, "the client declared that it trusts the device's data") : Outcome.Stopped;
    }

    public override Outcome Run(Column column, ulong seed)
    {
        if (column == Column.PassThrough) return Outcome.NotApplicable;
        return IsDeceived(column, seed, believesVerdict: column.IsInPlace) || IsStackDeceived(column, seed, column.IsInPlace) ? Outcome.NotStopped : Outcome.Stopped;
    }

    /// <summary>Nobody sums.</summary>
    public override bool Control(Column column, ulong seed) => IsDeceived(column, seed, believesVerdict: true) && IsStackDeceived(column, seed, true);

    private static bool IsDeceived(Column column, ulong seed, bool believesVerdict)
    {
        VouchForDamage behaviour = new(seed);
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour, ReceiveChecksum = true });
        world.Run(30);
        Assert.Null(world.Crash);
        Assert.True(behaviour.Strikes >= 30, $"{behaviour}");
        Seen[] got = [.. Enumerable.Range(0, TrustWorld.Clients - 1).SelectMany(world.SeenBy)];
        Assert.True(got.Length > 0 && got.All(s => s.Verdict == ChecksumVerdict.Good), "the device vouched for nothing");
        return got.Any(s => (believesVerdict || s.IsSumRight) && !IsAsSent(world, s));
    }

    private static bool IsStackDeceived(Column column, ulong seed, bool believesVerdict)
    {
        using StackWorld world = new(column, seed, new VouchForDamage(seed) { Eagerness = 0.2 }, believesVerdict);
        return world.Harm() is not null;
    }

    private static bool IsAsSent(TrustWorld world, Seen seen) =>
        Frames.OwnerOf(seen.Bytes) is { } named && world.SentTo(named.Owner)[named.Number].AsSpan().SequenceEqual(seen.Bytes);
}
