namespace NetStack.Tests.Kit;

/// <summary>Hosts and wires in virtual time: while anything moves time stands still, then it jumps to the next deadline of anything.</summary>
public sealed class World(ulong seed = 1)
{
    private readonly List<StackHost> _hosts = [];
    private readonly List<Hub> _hubs = [];

    public ulong Seed { get; } = seed;

    public Instant Now { get; private set; } = Instant.FromSeconds(1);

    public Hub Hub(Impairment? impairment = null)
    {
        Hub hub = new(Seed * 977 + (ulong)_hubs.Count, impairment);
        _hubs.Add(hub);
        return hub;
    }

    /// <summary>A host whose seed and MACs differ from every other's.</summary>
    public StackHost Host(string name, Action<StackOptions>? configure = null)
    {
        StackHost host = new(this, name, Seed * 251 + (ulong)_hosts.Count + 1, configure);
        _hosts.Add(host);
        return host;
    }

    /// <summary>Lets time pass.</summary>
    public void Run(TimeSpan time)
    {
        Instant end = Now + time;
        while (Step(end)) { }
    }

    /// <summary>Lets time pass until something holds; fails when it does not in time.</summary>
    public void RunUntil(Func<bool> condition, TimeSpan limit, string what = "the condition")
    {
        Instant end = Now + limit;
        while (!condition())
        {
            if (!Step(end)) Assert.Fail($"{what} did not hold within {limit} (seed {Seed}, now {Now})");
        }
    }

    /// <summary>Fails unless every host has every buffer back.</summary>
    public void AssertNoLeaks()
    {
        foreach (StackHost host in _hosts) host.AssertNoLeaks();
    }

    /// <summary>Does what can be done now, or jumps to the next deadline.</summary>
    /// <returns>False when the end is reached.</returns>
    private bool Step(Instant end)
    {
        foreach (Hub hub in _hubs) hub.Deliver(Now);
        bool moved = false;
        foreach (StackHost host in _hosts) moved |= host.Pump(Now);
        if (moved) return true;
        Instant? next = null;
        foreach (Hub hub in _hubs) next = Instant.Earliest(next, hub.NextArrival);
        foreach (StackHost host in _hosts) next = Instant.Earliest(next, host.Stack.NextDeadline);
        if (next is { } at && at <= Now) return true; // something new is due at once
        if (Now >= end) return false;
        Now = next is { } later && later < end ? later : end;
        return true;
    }
}
