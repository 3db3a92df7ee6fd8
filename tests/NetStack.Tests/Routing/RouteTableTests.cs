using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Routing;

public sealed class RouteTableTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void A_lookup_finds_what_a_linear_search_finds(ulong seed)
    {
        SeededRandom random = new(seed);
        World world = new(seed);
        StackHost host = world.Host("host");
        NetInterface[] nics = [.. Enumerable.Range(0, 3).Select(i => host.Plug(world.Hub(), o => o.Ipv6.LinkLocal = false))];
        RouteTable table = new();
        List<Route> reference = [];
        long added = 0;
        for (int step = 0; step < 600; step++)
        {
            switch (random.Below(6))
            {
                case 0 or 1:
                    Route route = RandomRoute(ref random, nics, ++added);
                    table.Add(route);
                    reference.RemoveAll(r => r.Destination == route.Destination && r.Metric == route.Metric && r.Gateway == route.Gateway && r.Interface == route.Interface);
                    reference.Add(route);
                    break;
                case 2 when reference.Count > 0:
                    Route gone = reference[random.Below(reference.Count)];
                    Assert.True(table.Remove(gone));
                    reference.Remove(gone);
                    break;
                case 3:
                    nics[random.Below(nics.Length)].SetLink(random.Chance(0.7), world.Now);
                    break;
                default:
                    IpAddress address = RandomAddress(ref random);
                    NetInterface? bound = random.Chance(0.3) ? nics[random.Below(nics.Length)] : null;
                    Assert.True(Linear(reference, address, bound) == table.Lookup(address, bound), $"seed {seed}, step {step}: {address}");
                    break;
            }
        }
        Assert.Equal(reference.Count, table.Routes.Count);
    }

    [Fact]
    public void A_route_of_a_downed_interface_is_withdrawn_and_comes_back()
    {
        World world = new();
        StackHost host = world.Host("host");
        NetInterface first = host.Plug(world.Hub());
        NetInterface second = host.Plug(world.Hub());
        host.Stack.Routes.Add(new Route(IpPrefix.DefaultV4) { Interface = first, Gateway = IpAddress.Parse("10.0.0.254"), Metric = 1 });
        host.Stack.Routes.Add(new Route(IpPrefix.DefaultV4) { Interface = second, Gateway = IpAddress.Parse("10.0.1.254"), Metric = 2 });
        Assert.Equal(first, host.Stack.Routes.Lookup(IpAddress.Parse("192.0.2.1"))!.Interface);
        first.SetEnabled(false, world.Now);
        Assert.Equal(second, host.Stack.Routes.Lookup(IpAddress.Parse("192.0.2.1"))!.Interface);
        Assert.Null(host.Stack.Routes.Lookup(IpAddress.Parse("192.0.2.1"), first));
        first.SetEnabled(true, world.Now);
        Assert.Equal(first, host.Stack.Routes.Lookup(IpAddress.Parse("192.0.2.1"))!.Interface);
    }

    [Fact]
    public void A_lookup_allocates_nothing()
    {
        World world = new();
        StackHost host = world.Host("host");
        NetInterface nic = host.Plug(world.Hub());
        SeededRandom random = new(1);
        RouteTable table = new();
        for (int i = 0; i < 200; i++) table.Add(RandomRoute(ref random, [nic], i));
        IpAddress address = RandomAddress(ref random);
        for (int i = 0; i < 100; i++) table.Lookup(address);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) table.Lookup(address);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Routes_that_cannot_be_are_refused()
    {
        World world = new();
        NetInterface nic = world.Host("host").Plug(world.Hub());
        RouteTable table = new();
        Assert.Throws<ArgumentException>(() => table.Add(new Route(IpPrefix.DefaultV4)));
        Assert.Throws<ArgumentException>(() => table.Add(new Route(IpPrefix.DefaultV4, RouteKind.Blackhole) { Interface = nic }));
        Assert.Throws<ArgumentException>(() => table.Add(new Route(IpPrefix.DefaultV4) { Interface = nic, Gateway = IpAddress.Parse("fe80::1") }));
        Assert.False(table.Remove(new Route(IpPrefix.DefaultV4, RouteKind.Blackhole)));
    }

    [Theory]
    [InlineData("10.1.2.3/8", "10.0.0.0/8", "10.255.255.255")]
    [InlineData("10.1.2.3/0", "0.0.0.0/0", "255.255.255.255")]
    [InlineData("10.1.2.3/32", "10.1.2.3/32", "none")]
    [InlineData("10.1.2.3/31", "10.1.2.2/31", "none")] // RFC 3021
    [InlineData("10.1.2.3/30", "10.1.2.0/30", "10.1.2.3")]
    [InlineData("2001:db8::1/32", "2001:db8::/32", "none")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", "none")]
    [InlineData("::1", "::1/128", "none")]
    public void A_prefix_has_a_network_and_maybe_a_broadcast_address(string text, string network, string broadcast)
    {
        IpPrefix prefix = IpPrefix.Parse(text);
        Assert.Equal(network, prefix.ToString());
        Assert.Equal(broadcast, prefix.Broadcast.ToString());
        Assert.True(prefix.Contains(prefix.Network));
    }

    private static Route? Linear(List<Route> routes, IpAddress address, NetInterface? bound) => routes
        .Where(r => r.Destination.Contains(address) && r.IsUsable && (bound is null || r.Interface is null || r.Interface == bound))
        .OrderByDescending(r => r.Destination.Length).ThenBy(r => r.Metric).ThenBy(r => r.Sequence).FirstOrDefault();

    private static Route RandomRoute(ref SeededRandom random, NetInterface[] nics, long number)
    {
        IpAddress address = RandomAddress(ref random);
        int length = random.Below(5) switch { 0 => 0, 1 => address.Size * 8, _ => random.Below(address.Size * 8 + 1) };
        IpPrefix prefix = new(address, length);
        if (random.Chance(0.1)) return new Route(prefix, (RouteKind)(1 + random.Below(3))) { Metric = random.Below(3) };
        IpAddress gateway = random.Chance(0.5) ? default : address.IsV4 ? IpAddress.V4((uint)number) : IpAddress.V6((UInt128)number);
        return new Route(prefix) { Interface = nics[random.Below(nics.Length)], Metric = random.Below(3), Gateway = gateway };
    }

    /// <summary>Few enough values that prefixes nest and addresses hit.</summary>
    private static IpAddress RandomAddress(ref SeededRandom random)
    {
        uint high = (uint)random.Below(4) << 30 | (uint)random.Below(4) << 22;
        uint low = (uint)random.Below(4);
        return random.Chance(0.5) ? IpAddress.V4(high | low) : IpAddress.V6((UInt128)high << 96 | low);
    }
}
