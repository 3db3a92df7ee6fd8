using System.Net;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Runtime.Tests;

/// <summary>A client (10.1.0.2), a server (10.2.0.2), and a host with a NIC to each of them (10.1.0.1, 10.2.0.1), on one loop.</summary>
public sealed class RelayHosts : IAsyncDisposable
{
    /// <summary>Receive buffers that a NIC has: more than what the bounded connections have under way, so that none is dropped.</summary>
    public const int RingSize = 256;

    private readonly List<VirtualLink> _links = [];

    private RelayHosts(VirtualTimeLoop loop) => Loop = loop;

    public VirtualTimeLoop Loop { get; }

    public NetStackHost Client { get; private set; } = null!;

    public NetStackHost Relay { get; private set; } = null!;

    public NetStackHost Server { get; private set; } = null!;

    public static IPAddress Front { get; } = IPAddress.Parse("10.1.0.1");

    public static IPAddress Back { get; } = IPAddress.Parse("10.2.0.2");

    /// <summary>Options of the relay's connections: what waits in them is well below what the pools have.</summary>
    public static TcpConnectionOptions Bounded { get; } = new()
    {
        ReceivesBodies = true,
        MaxReceiveBuffer = 128 * 1024,
        SendBuffer = 128 * 1024,
        MaxSendBuffer = 128 * 1024,
    };

    /// <summary>Runs a program with the three hosts in virtual time, and then looks that nothing is left in the relay's pools.</summary>
    public static Task RunAsync(Func<RelayHosts, Task> program, ulong seed = 1, Impairment? impairment = null, Action<NetStackHostOptions>? configure = null, int receiveBuffers = 512)
    {
        TestDevice.NeedsSteadyBodies();
        VirtualTimeLoop loop = new();
        return loop.RunAsync(async () =>
        {
            RelayHosts hosts = new(loop);
            (VirtualNic clientNic, VirtualNic a) = hosts.Join(impairment, seed);
            (VirtualNic b, VirtualNic serverNic) = hosts.Join(impairment, seed + 10);
            hosts.Client = await hosts.StartAsync(seed, _ => { }, (clientNic, "10.1.0.2/24"));
            hosts.Server = await hosts.StartAsync(seed + 1, _ => { }, (serverNic, "10.2.0.2/24"));
            hosts.Relay = await hosts.StartAsync(
                seed + 2,
                o =>
                {
                    o.PassThrough = true;
                    o.Stack.Tcp = s => s with { Defaults = Bounded };
                    configure?.Invoke(o);
                },
                receiveBuffers,
                (a, "10.1.0.1/24"),
                (b, "10.2.0.1/24"));
            await using (hosts) await program(hosts).WaitAsync(TimeSpan.FromHours(1), loop.TimeProvider);
            foreach (NicAttachment attachment in hosts.Relay.Driver.Attachments)
            {
                foreach (Memory.BufferPool pool in attachment.ReceiveBuffers)
                {
                    Assert.Equal(pool.Count, pool.Available);
                    Assert.Equal(0, pool.Region.Registrations);
                }
            }
            Memory.BufferPool transmit = hosts.Relay.Stack.TransmitBuffers;
            Assert.InRange(transmit.Available, transmit.Count - 1, transmit.Count); // the stack fills one with its own messages
            Assert.Equal(0, hosts.Relay.GetBodyCounters().Held);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Server.DisposeAsync();
        await Relay.DisposeAsync();
        foreach (VirtualLink link in _links) Loop.Remove(link);
    }

    private (VirtualNic Left, VirtualNic Right) Join(Impairment? impairment, ulong seed)
    {
        VirtualLink link = new(impairment ?? new Impairment { Delay = TimeSpan.FromMilliseconds(1) }, seed: seed);
        VirtualNic left = new(TestDevice.Apply(new VirtualNicOptions { Name = $"l{seed}", Mac = new MacAddress(0x02_00_00_00_0A_00 + seed), RingSize = RingSize, Seed = seed }));
        VirtualNic right = new(TestDevice.Apply(new VirtualNicOptions { Name = $"r{seed}", Mac = new MacAddress(0x02_00_00_00_0B_00 + seed), RingSize = RingSize, Seed = seed + 1 }));
        link.Connect(left, right);
        Loop.Add(link);
        _links.Add(link);
        return (left, right);
    }

    private Task<NetStackHost> StartAsync(ulong seed, Action<NetStackHostOptions> configure, params (VirtualNic Nic, string Address)[] nics) => StartAsync(seed, configure, 512, nics);

    private Task<NetStackHost> StartAsync(ulong seed, Action<NetStackHostOptions> configure, int receiveBuffers, params (VirtualNic Nic, string Address)[] nics)
    {
        NetStackHostBuilder builder = NetStackHost.CreateBuilder().UseLoop(Loop).Configure(o =>
        {
            o.Seed = seed;
            configure(o);
        });
        foreach ((VirtualNic nic, string address) in nics)
        {
            builder.AddNic(TestDevice.Behind(nic), o =>
            {
                o.Address(address);
                o.ReceiveBuffers = receiveBuffers;
            });
        }
        return builder.StartAsync();
    }
}
