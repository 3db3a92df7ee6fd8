using System.Net;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.Runtime.Tests;

/// <summary>Two hosts on a virtual link, 10.0.0.1 and 10.0.0.2, on one loop.</summary>
public sealed class HostPair : IAsyncDisposable
{
    private HostPair(NetLoop loop, VirtualLink link, NetStackHost a, NetStackHost b)
    {
        Loop = loop;
        Link = link;
        A = a;
        B = b;
    }

    public NetLoop Loop { get; }

    public VirtualLink Link { get; }

    public NetStackHost A { get; }

    public NetStackHost B { get; }

    public static IPAddress AddressA { get; } = IPAddress.Parse("10.0.0.1");

    public static IPAddress AddressB { get; } = IPAddress.Parse("10.0.0.2");

    public static async Task<HostPair> StartAsync(
        NetLoop loop, ulong seed = 1, Impairment? impairment = null, Action<NetStackHostOptions>? configure = null, Action<NicOptions>? nicOptions = null,
        Func<INic, INic>? decorate = null)
    {
        VirtualLink link = new(impairment ?? new Impairment { Delay = TimeSpan.FromMilliseconds(1) }, seed: seed);
        VirtualNic nicA = new(new VirtualNicOptions { Name = "a0", Mac = new MacAddress(0x02_00_00_00_00_0A), Seed = seed });
        VirtualNic nicB = new(new VirtualNicOptions { Name = "b0", Mac = new MacAddress(0x02_00_00_00_00_0B), Seed = seed + 1 });
        link.Connect(nicA, nicB);
        loop.Add(link);
        return new HostPair(loop, link, await HostAsync(nicA, "10.0.0.1/24", seed), await HostAsync(nicB, "10.0.0.2/24", seed + 100));

        Task<NetStackHost> HostAsync(INic nic, string address, ulong hostSeed) => NetStackHost.CreateBuilder()
            .UseLoop(loop)
            .Configure(o =>
            {
                o.Seed = hostSeed;
                configure?.Invoke(o);
            })
            .AddNic(decorate?.Invoke(nic) ?? nic, o =>
            {
                o.Address(address);
                nicOptions?.Invoke(o);
            })
            .StartAsync();
    }

    /// <summary>Runs a program with a pair of hosts in virtual time.</summary>
    public static Task RunAsync(
        Func<HostPair, Task> program, ulong seed = 1, Impairment? impairment = null, Action<NetStackHostOptions>? configure = null,
        Func<INic, INic>? decorate = null)
    {
        VirtualTimeLoop loop = new();
        return loop.RunAsync(async () =>
        {
            await using HostPair pair = await StartAsync(loop, seed, impairment, configure, decorate: decorate);
            await program(pair).WaitAsync(TimeSpan.FromHours(1), loop.TimeProvider);
        });
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
        Loop.Remove(Link);
    }
}
