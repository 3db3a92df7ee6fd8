using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

internal sealed class H16 : Attack
{
    public override string Id => "H16";

    public override string Title => "a wrong RSS hash";

    public override Cell Stated(Column column) => new(Outcome.Stopped, "The hash is handed on as the device's claim and decides nothing of ours; the control run is a client that tells flows apart by it.");

    public override Outcome Run(Column column, ulong seed)
    {
        using TrustWorld world = Lie(column, seed);
        return world.Harm() is null && world.Missteered == 0 && world.Recovers() ? Outcome.Stopped : Outcome.NotStopped;
    }

    /// <summary>A client that remembers by hash whose flow it is takes frames of one flow for another's.</summary>
    public override bool Control(Column column, ulong seed)
    {
        using TrustWorld world = Lie(column, seed);
        Dictionary<uint, int> ownerOf = [];
        for (int client = 0; client < TrustWorld.Clients; client++)
        {
            foreach (Seen seen in world.SeenBy(client))
            {
                if (ownerOf.GetValueOrDefault(seen.RssHash, client) != client) return true;
                ownerOf[seen.RssHash] = client;
            }
        }
        return false;
    }

    private static TrustWorld Lie(Column column, ulong seed)
    {
        WrongHash behaviour = new(seed);
        TrustWorld world = new(column, seed, o => o with { Tamper = behaviour });
        world.Run(60);
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        return world;
    }
}
