using NetStack.Memory;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Samples;

/// <summary>A client, a server, and a host with two NICs between them, on two cables, in virtual time.</summary>
internal sealed class RelayNetwork : IPollable, IDisposable
{
    internal static readonly TcpEndpoint Front = new(IpAddress.Parse("10.1.0.1"), 80);
    internal static readonly TcpEndpoint Back = new(IpAddress.Parse("10.2.0.2"), 8080);

    private readonly StackDriver _a;
    private readonly StackDriver _b;
    private readonly VirtualNic _nicA;
    private readonly VirtualNic _nicB;
    private readonly BufferRegistration[] _lent;

    /// <summary>Plugs everything together.</summary>
    /// <param name="front">What the cable to the client does to frames.</param>
    /// <param name="device">What the relay's device in front does beside its duty.</param>
    internal RelayNetwork(Impairment front, DeviceTamper? device = null)
    {
        VirtualLink frontCable = new(front, new Impairment { Delay = front.Delay }, seed: 1);
        VirtualLink backCable = new(new Impairment { Delay = TimeSpan.FromMilliseconds(1) }, seed: 2);
        Client = new Host("client", "10.1.0.2", 1, Clock.Now);
        Server = new Host("server", "10.2.0.2", 2, Clock.Now);
        Relay = new NetworkStack(new StackOptions { Seed = 3 });

        // The ring takes a part of the receive buffers only: the others are what may be held by handle.
        _nicA = new VirtualNic(new VirtualNicOptions { Name = "a", Mac = new MacAddress(0x02_00_00_00_00_0A), RingSize = 128, Tamper = device });
        _nicB = new VirtualNic(new VirtualNicOptions { Name = "b", Mac = new MacAddress(0x02_00_00_00_00_0B), RingSize = 128 });
        _a = Plug(_nicA, Front.Address);
        _b = Plug(_nicB, IpAddress.Parse("10.2.0.1"));

        // What A received B may send, and the other way round: no device reads memory that was not registered with it.
        _lent = [_nicB.Register(_a.Buffers, queue: 0, BufferUse.Transmit), _nicA.Register(_b.Buffers, queue: 0, BufferUse.Transmit)];

        Client.Nic.Attach(frontCable.A);
        _nicA.Attach(frontCable.B);
        frontCable.Connect(Client.Nic, _nicA);
        _nicB.Attach(backCable.A);
        Server.Nic.Attach(backCable.B);
        backCable.Connect(_nicB, Server.Nic);
        foreach (IPollable part in (IPollable[])[frontCable, backCable, Server.Driver, this, Client.Driver]) Clock.Add(part);
    }

    internal VirtualClock Clock { get; } = new();

    internal Host Client { get; }

    internal Host Server { get; }

    internal NetworkStack Relay { get; }

    /// <summary>The relay's program.</summary>
    internal Action<Instant>? Program { get; set; }

    /// <summary>Body bytes that the relay copied.</summary>
    internal long Copied => _nicA.Meter.BodyBytesCopied + _nicB.Meter.BodyBytesCopied + Relay.Meter.BodyBytesCopied + Relay.Tcp.Counters.BodyBytesCopied + Relay.Udp.BodyBytesCopied;

    public Instant? NextDeadline => Instant.Earliest(_a.NextDeadline, _b.NextDeadline);

    /// <summary>One stack on two NICs: what one of them brings may have to leave by the other.</summary>
    public void Poll(Instant now)
    {
        _a.Poll(now);
        _b.Poll(now);
        Program?.Invoke(now);
        _a.Poll(now);
        _b.Poll(now);
    }

    public void Dispose()
    {
        foreach (VirtualNic nic in (VirtualNic[])[_nicA, _nicB, Client.Nic, Server.Nic]) nic.Dispose();
    }

    /// <summary>What passing the bodies on cost.</summary>
    internal string Describe()
    {
        long read = _nicA.Meter.BodyBytesRead + _nicB.Meter.BodyBytesRead + Relay.Meter.BodyBytesRead;
        return $"{Relay.Tcp.Counters.BodyBytesPassed + Relay.Udp.BodyBytesPassed} body bytes relayed by handle, {read} read to sum them, {Copied} copied";
    }

    /// <summary>Ends the registrations.</summary>
    /// <returns>How many buffers of the relay, and of what the ends received into, did not come home.</returns>
    internal long Stop()
    {
        Clock.RunUntil(() => Client.IsQuiet && Server.IsQuiet && Relay.Tcp.ConnectionCount + Relay.Tcp.TimeWaitCount == 0, Clock.Now + TimeSpan.FromMinutes(30));
        List<Task> ends = [Client.Driver.StopAsync(), Server.Driver.StopAsync(), _a.StopAsync(), _b.StopAsync()];
        ends.AddRange(_lent.Select(l => l.UnregisterAsync().AsTask()));
        while (ends.Exists(e => !e.IsCompleted)) Clock.Step();
        return Client.Driver.BuffersOut + Server.Driver.BuffersOut + _a.BuffersOut + _b.BuffersOut + Relay.TransmitBuffers.Count - Relay.TransmitBuffers.Available;
    }

    private StackDriver Plug(VirtualNic nic, IpAddress address)
    {
        StackDriver driver = new(Relay, nic, Clock.Now, o => o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false);
        driver.Interface.AddAddress(address, 24, Clock.Now);
        return driver;
    }
}

/// <summary>A host at an end.</summary>
internal sealed class Host
{
    internal Host(string name, string address, ulong seed, Instant now)
    {
        Nic = new VirtualNic(new VirtualNicOptions { Name = name, Mac = new MacAddress(0x02_00_00_00_00_00 + seed) });
        Stack = new NetworkStack(new StackOptions { Seed = seed });
        Driver = new StackDriver(Stack, Nic, now, o => o.Ipv6.LinkLocal = o.Ipv6.AcceptRouterAdvertisements = false);
        Driver.Interface.AddAddress(IpAddress.Parse(address), 24, now);
    }

    internal VirtualNic Nic { get; }

    internal NetworkStack Stack { get; }

    internal StackDriver Driver { get; }

    internal bool IsQuiet => Stack.Tcp.ConnectionCount + Stack.Tcp.TimeWaitCount == 0;
}
