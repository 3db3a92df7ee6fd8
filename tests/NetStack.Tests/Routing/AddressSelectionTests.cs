using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Routing;

/// <summary>Source and destination selection by RFC 6724, with the examples of its section 10.</summary>
public sealed class AddressSelectionTests
{
    [Theory]
    // section 10.1
    [InlineData("2001:db8:1::1", "2001:db8:3::1 fe80::1", "2001:db8:3::1")] // prefer appropriate scope
    [InlineData("ff05::1", "2001:db8:3::1 fe80::1", "2001:db8:3::1")]
    [InlineData("2001:db8:1::1", "2001:db8:1::1~ 2001:db8:2::1", "2001:db8:1::1")] // prefer same address, even a deprecated one
    [InlineData("fe80::1", "fe80::2~ 2001:db8:1::1", "fe80::2")] // prefer appropriate scope before avoiding a deprecated one
    [InlineData("2001:db8:1::1", "2001:db8:1::2 2001:db8:3::2", "2001:db8:1::2")] // longest matching prefix
    [InlineData("2002:c633:6401::1", "2002:c633:6401::d5e3:7953:13eb:22e8 2001:db8:1::2", "2002:c633:6401::d5e3:7953:13eb:22e8")] // matching label
    [InlineData("2002:836b:2179::1", "2001:db8:1::2 2002:836b:2179::d5e3:7953:13eb:22e8", "2002:836b:2179::d5e3:7953:13eb:22e8")]
    [InlineData("2001:db8:9::1", "2001:db8:1::1~ 2001:db8:2::1", "2001:db8:2::1")] // avoid deprecated
    [InlineData("fd11::1", "2001:db8:1::1 fd00::1", "fd00::1")] // label of unique local addresses
    public void A_source_is_chosen_by_rule(string destination, string sources, string expected)
    {
        StackHost host = Host(sources);
        Assert.Equal(IpAddress.Parse(expected), SourceSelection.Select(host.Nic, IpAddress.Parse(destination), IpAddress.Parse(destination), preferTemporary: false));
    }

    [Theory]
    [InlineData("10.0.0.9", "10.0.1.1/24 10.0.0.1/24", "10.0.0.1")] // that of the next hop's subnet
    [InlineData("192.0.2.1", "10.0.1.1/24 10.0.0.1/24", "10.0.1.1")] // else the first
    [InlineData("192.0.2.1", "169.254.1.1/16 10.0.0.1/24", "10.0.0.1")] // of the right scope
    [InlineData("169.254.9.9", "10.0.0.1/24 169.254.1.1/16", "169.254.1.1")]
    public void An_ipv4_source_is_that_of_the_next_hops_subnet_or_the_first_of_its_scope(string destination, string sources, string expected)
    {
        StackHost host = Host(sources);
        Assert.Equal(IpAddress.Parse(expected), SourceSelection.Select(host.Nic, IpAddress.Parse(destination), IpAddress.Parse(destination), preferTemporary: false));
    }

    [Theory]
    // section 10.2
    [InlineData("2001:db8:1::2 fe80::1 169.254.13.78", "2001:db8:1::1 198.51.100.121", "2001:db8:1::1 198.51.100.121")] // prefer matching scope
    [InlineData("fe80::1 198.51.100.117", "2001:db8:1::1 198.51.100.121", "198.51.100.121 2001:db8:1::1")]
    [InlineData("2001:db8:1::2 fe80::1 10.1.2.4", "2001:db8:1::1 10.1.2.3", "2001:db8:1::1 10.1.2.3")] // prefer higher precedence
    [InlineData("2001:db8:1::2 fe80::2", "2001:db8:1::1 fe80::1", "fe80::1 2001:db8:1::1")] // prefer smaller scope
    [InlineData("2001:db8:1::2 fe80::2~", "2001:db8:1::1 fe80::1", "2001:db8:1::1 fe80::1")] // avoid deprecated
    [InlineData("2001:db8:1::2 2001:db8:3f44::2 fe80::2", "2001:db8:1::1 2001:db8:3ffe::1", "2001:db8:1::1 2001:db8:3ffe::1")] // longest matching prefix
    [InlineData("2002:c633:6401::2 fe80::2", "2002:c633:6401::1 2001:db8:1::1", "2002:c633:6401::1 2001:db8:1::1")] // matching label
    [InlineData("2002:c633:6401::2 2001:db8:1::2 fe80::2", "2002:c633:6401::1 2001:db8:1::1", "2001:db8:1::1 2002:c633:6401::1")] // higher precedence
    public void Destinations_are_ordered_by_rule(string sources, string destinations, string expected)
    {
        StackHost host = Host(sources);
        host.Stack.Routes.Add(new Route(IpPrefix.DefaultV6) { Interface = host.Nic, Gateway = IpAddress.Parse("fe80::ffff") });
        host.Stack.Routes.Add(new Route(IpPrefix.DefaultV4) { Interface = host.Nic, Gateway = IpAddress.Parse("10.0.0.254") });
        IpAddress[] sorted = [.. destinations.Split(' ').Select(IpAddress.Parse)];
        host.Stack.OrderDestinations(sorted);
        Assert.Equal(expected.Split(' ').Select(IpAddress.Parse), sorted);
        sorted.AsSpan().Reverse();
        host.Stack.OrderDestinations(sorted);
        Assert.Equal(expected.Split(' ').Select(IpAddress.Parse), sorted);
    }

    [Fact]
    public void A_destination_without_a_route_comes_last()
    {
        StackHost host = Host("2001:db8:1::2 10.0.0.1/24");
        IpAddress[] sorted = [IpAddress.Parse("2001:db8:ff::1"), IpAddress.Parse("10.0.0.2")];
        host.Stack.OrderDestinations(sorted);
        Assert.Equal("10.0.0.2", sorted[0].ToString());
    }

    [Fact]
    public void Temporary_addresses_are_preferred_exactly_when_wanted()
    {
        StackHost host = Host("");
        host.Nic.AddressTable.Add(new InterfaceAddress(host.Nic, IpAddress.Parse("2001:db8::1"), 64, AddressOrigin.Autoconfigured), detect: false, host.World.Now);
        host.Nic.AddressTable.Add(new InterfaceAddress(host.Nic, IpAddress.Parse("2001:db8::ffff"), 64, AddressOrigin.Temporary), detect: false, host.World.Now);
        IpAddress to = IpAddress.Parse("2001:db8:1::1");
        Assert.Equal("2001:db8::ffff", SourceSelection.Select(host.Nic, to, to, preferTemporary: true).ToString());
        Assert.Equal("2001:db8::1", SourceSelection.Select(host.Nic, to, to, preferTemporary: false).ToString());
    }

    [Fact]
    public void Tentative_and_duplicate_addresses_are_no_sources()
    {
        StackHost host = Host("");
        host.Nic.AddAddress(IpAddress.Parse("2001:db8::1"), 64, host.World.Now, detectDuplicates: true);
        Assert.True(SourceSelection.Select(host.Nic, IpAddress.Parse("2001:db8::2"), IpAddress.Parse("2001:db8::2"), preferTemporary: false).IsNone);
    }

    [Fact]
    public void Paths_are_found_as_the_routes_say()
    {
        StackHost host = Host("10.0.0.1/24 2001:db8::1");
        NetworkStack stack = host.Stack;
        stack.Routes.Add(new Route(IpPrefix.DefaultV4) { Interface = host.Nic, Gateway = IpAddress.Parse("10.0.0.254") });
        stack.Routes.Add(new Route(IpPrefix.Parse("192.0.2.0/24"), RouteKind.Blackhole));
        stack.Routes.Add(new Route(IpPrefix.Parse("198.51.100.0/24"), RouteKind.Prohibit));
        stack.Routes.Add(new Route(IpPrefix.Parse("203.0.113.0/24"), RouteKind.Unreachable));
        Assert.Equal(("10.0.0.9", "10.0.0.1", "eth0"), Path("10.0.0.9"));
        Assert.Equal(("10.0.0.254", "10.0.0.1", "eth0"), Path("8.8.8.8"));
        Assert.Equal(("10.0.0.1", "10.0.0.1", "lo"), Path("10.0.0.1"));
        Assert.Equal(("127.3.4.5", "127.3.4.5", "lo"), Path("127.3.4.5"));
        Assert.Equal(("::1", "::1", "lo"), Path("::1"));
        Assert.Equal(("224.0.0.251", "10.0.0.1", "eth0"), Path("224.0.0.251"));
        Assert.Equal(("255.255.255.255", "10.0.0.1", "eth0"), Path("255.255.255.255"));
        Assert.Equal(RouteOutcome.Blackhole, Outcome("192.0.2.1"));
        Assert.Equal(RouteOutcome.Prohibited, Outcome("198.51.100.1"));
        Assert.Equal(RouteOutcome.Unreachable, Outcome("203.0.113.1"));
        Assert.Equal(RouteOutcome.Unreachable, Outcome("2001:db9::1"));
        Assert.Equal(RouteOutcome.NoSource, stack.FindRoute(IpAddress.Parse("10.0.0.9"), IpAddress.Parse("10.9.9.9"), null, out _));

        (string, string, string) Path(string to)
        {
            Assert.Equal(RouteOutcome.Found, stack.FindRoute(IpAddress.Parse(to), default, null, out RouteDecision way));
            return (way.NextHop.ToString(), way.Source.ToString(), way.Interface.Name);
        }

        RouteOutcome Outcome(string to) => stack.FindRoute(IpAddress.Parse(to), default, null, out _);
    }

    /// <summary>A host whose eth0 has the addresses; "~" marks a deprecated one.</summary>
    private static StackHost Host(string addresses)
    {
        World world = new();
        StackHost host = world.Host("host");
        NetInterface nic = host.Plug(world.Hub(), o =>
        {
            o.Ipv6.LinkLocal = false;
            o.Ipv6.AcceptRouterAdvertisements = false;
        });
        foreach (string text in addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = text.TrimEnd('~').Split('/');
            IpAddress address = IpAddress.Parse(parts[0]);
            InterfaceAddress added = nic.AddAddress(address, parts.Length > 1 ? int.Parse(parts[1]) : address.IsV4 ? 24 : 64, world.Now, detectDuplicates: false);
            if (text.EndsWith('~')) nic.AddressTable.SetLifetimes(added, world.Now, Instant.MaxValue, world.Now);
        }
        return host;
    }
}
