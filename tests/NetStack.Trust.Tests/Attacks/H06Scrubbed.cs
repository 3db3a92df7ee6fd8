using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>The attack of the other rows of this number, with buffers that are cleared before they are posted again.</summary>
internal sealed class H06Scrubbed : Attack
{
    public override string Id => "H6";

    public override string Title => "byte count over what was written, where buffers are scrubbed";

    public override Cell Stated(Column column) => new(Outcome.Stopped,
        "What was not written is zeros. Only what frames were said to fill is cleared: a device that wrote more than it said has left it there. Control: buffers are not scrubbed.");

    public override Outcome Run(Column column, ulong seed) => DeliversOld(column, seed, scrubs: true) ? Outcome.NotStopped : Outcome.Stopped;

    public override bool Control(Column column, ulong seed) => DeliversOld(column, seed, scrubs: false);

    /// <summary>Whether a client got anything behind a frame but zeros.</summary>
    private static bool DeliversOld(Column column, ulong seed, bool scrubs)
    {
        LengthOverWritten behaviour = new(seed);
        using TrustWorld world = new(column, seed, o => o with { Tamper = behaviour }, o => o.ScrubBuffers = scrubs, (_, o) => o.ScrubBuffers = scrubs);
        world.Run(150);
        Assert.True(behaviour.Strikes > 0 && world.Crash is null, $"{behaviour}: {world.Crash}");
        Assert.Equal(scrubs, world.Mux.Counters.BytesScrubbed > 0);
        bool old = false;
        for (int client = 0; client < TrustWorld.Clients; client++)
        {
            foreach (Seen seen in world.SeenBy(client))
            {
                Assert.NotNull(Frames.OwnerOf(seen.Bytes));
                byte[] sent = world.SentTo(client)[Frames.OwnerOf(seen.Bytes)!.Value.Number];
                Assert.True(seen.Bytes.AsSpan().StartsWith(sent));
                old |= seen.Bytes.AsSpan(sent.Length).ContainsAnyExcept((byte)0);
            }
        }
        return old;
    }
}
