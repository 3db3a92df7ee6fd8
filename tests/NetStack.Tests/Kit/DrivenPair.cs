using NetStack.Nic.Virtual;
using NetStack.Samples;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>Two stacks on virtual NICs at the ends of a virtual link, driven as a program drives them: devices, rings and all. They
/// know each other's MAC addresses, so that nothing has a deadline but what TCP does.</summary>
internal sealed class DrivenPair
{
    internal DrivenPair(VirtualLink link, ulong seed = 1, VirtualNicOptions? nic = null)
    {
        Link = link;
        Alice = new DrivenHost("alice", "10.0.0.1", seed * 2, nic ?? new VirtualNicOptions(), Clock);
        Bob = new DrivenHost("bob", "10.0.0.2", seed * 2 + 1, nic ?? new VirtualNicOptions(), Clock);
        Alice.Driver.Interface.SetNeighbour(Bob.Address, Bob.Nic.Info.Mac, Clock.Now);
        Bob.Driver.Interface.SetNeighbour(Alice.Address, Alice.Nic.Info.Mac, Clock.Now);
        link.Connect(Alice.Nic, Bob.Nic);
        Clock.Add(link); // first, so that a frame is handled in the step that delivers it
        Clock.Add(Alice.Driver);
        Clock.Add(Bob.Driver);
    }

    internal VirtualClock Clock { get; } = new();

    internal VirtualLink Link { get; }

    internal DrivenHost Alice { get; }

    internal DrivenHost Bob { get; }

    /// <summary>Ends the registrations: every buffer that nobody keeps is in its pool then.</summary>
    internal void Stop()
    {
        Task stopped = Task.WhenAll(Alice.Driver.StopAsync(), Bob.Driver.StopAsync());
        while (!stopped.IsCompleted) Clock.Step();
    }
}

/// <summary>One of them.</summary>
internal sealed class DrivenHost
{
    private readonly string _name;

    internal DrivenHost(string name, string address, ulong seed, VirtualNicOptions nic, VirtualClock clock)
    {
        _name = name;
        Address = IpAddress.Parse(address);
        Nic = new VirtualNic(TestDevice.Apply(nic) with { Name = name, Mac = new MacAddress(0x02_00_00_00_00_00 | seed & 0xFFFF), Seed = seed });
        Stack = new NetworkStack(new StackOptions { Seed = seed });
        Driver = new StackDriver(Stack, TestDevice.Behind(Nic), clock.Now, o => o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false);
        Driver.Interface.AddAddress(Address, 24, clock.Now);
    }

    internal IpAddress Address { get; }

    internal VirtualNic Nic { get; }

    internal NetworkStack Stack { get; }

    internal StackDriver Driver { get; }

    /// <summary>What a stack that has nothing to do holds nevertheless; all zeros where nothing leaks.</summary>
    internal HeldState Held => new(_name)
    {
        Connections = Stack.Tcp.ConnectionCount,
        TimeWait = Stack.Tcp.TimeWaitCount,
        Orphans = Stack.Tcp.OrphanCount,
        Ports = Stack.Tcp.Ports.Count,
        Timers = Stack.NextDeadline is null ? 0 : 1,
        ReceiveBlocks = Stack.Tcp.Memory.Outstanding,
        ReceiveBuffers = Driver.BuffersOut,
        TransmitBuffers = Stack.TransmitBuffers.Count - Stack.TransmitBuffers.Available,
        QueuedFrames = Driver.Interface.QueuedFrames,
        Snapshots = Nic.SnapshotsOutstanding,
    };
}

/// <summary>Counts of everything a stack can leak.</summary>
internal readonly record struct HeldState(string Name)
{
    internal int Connections { get; init; }

    internal int TimeWait { get; init; }

    internal int Orphans { get; init; }

    internal int Ports { get; init; }

    internal int Timers { get; init; }

    internal int ReceiveBlocks { get; init; }

    internal long ReceiveBuffers { get; init; }

    internal int TransmitBuffers { get; init; }

    internal int QueuedFrames { get; init; }

    internal int Snapshots { get; init; }

    public override string ToString() =>
        $"{Name} holds {Connections} connections, {TimeWait} in TIME-WAIT, {Orphans} orphans, {Ports} ports, {Timers} timers, {ReceiveBlocks} receive blocks, "
        + $"{ReceiveBuffers} receive buffers, {TransmitBuffers} transmit buffers, {QueuedFrames} queued frames, {Snapshots} snapshots";
}
