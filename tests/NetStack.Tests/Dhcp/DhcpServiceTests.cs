using NetStack.Dhcp;
using NetStack.Tests.Kit;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Dhcp;

/// <summary>DHCP from end to end: a client's stack without an address, a server's, and a wire between them.</summary>
[Rfc(2131, "3.1")]
public sealed class DhcpServiceTests
{
    private static readonly IpAddress Far = IpAddress.Parse("203.0.113.9");

    [Fact]
    public void An_interface_without_an_address_gets_one_with_its_routes_and_servers()
    {
        Network net = new();
        net.Server.Options = o =>
        {
            o.AddAddress(Dhcpv4Option.Routers, net.Gateway);
            o.AddAddress(Dhcpv4Option.DnsServers, net.Gateway);
        };
        DhcpService dhcp = net.Start();
        net.RunUntilBound(dhcp);
        Assert.Equal([Dhcpv4MessageType.Discover, Dhcpv4MessageType.Request], net.Server.Types);
        Assert.All(net.Server.Heard, h => Assert.Equal((DhcpDialogue.Nobody, DhcpDialogue.Everybody), (h.Source, h.Destination)));
        InterfaceAddress address = Assert.Single(net.Client.Nic.Addresses, a => a.Address.IsV4);
        Assert.Equal((AddressOrigin.Dhcp, AddressState.Preferred, 24, dhcp.Lease!.Address), (address.Origin, address.State, address.Prefix.Length, address.Address));
        Assert.Equal(dhcp.Lease.ExpiresAt, address.ValidUntil);
        Route route = net.Client.Stack.Routes.Lookup(Far)!;
        Assert.Equal((net.Gateway, RouteOrigin.Dhcp), (route.Gateway, route.Origin));
        Assert.Equal([net.Gateway], dhcp.Lease.DnsServers);
        new TcpTransfer(net.World, net.Client, net.Host, net.Gateway, 10_000, 1).Run(TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData(1, 0.1), InlineData(2, 0.2), InlineData(3, 0.3), InlineData(4, 0.4), InlineData(5, 0.5), InlineData(6, 0.3), InlineData(7, 0.5)]
    public void A_lease_is_got_and_kept_over_a_wire_that_loses_much(ulong seed, double loss)
    {
        Network net = new(seed, new Impairment { Loss = loss, Duplicate = 0.1, Corrupt = 0.05, Reorder = 0.2 });
        net.Server.LeaseSeconds = 7200;
        DhcpService dhcp = net.Start();
        net.RunUntilBound(dhcp, TimeSpan.FromMinutes(30));
        net.Hub.Impairment = new Impairment { Loss = loss / 2 };
        IpAddress first = dhcp.Lease!.Address;
        int lost = 0;
        dhcp.LeaseChanged = d => lost += d.Lease is null ? 1 : 0;
        net.World.Run(TimeSpan.FromHours(12));
        Assert.True(lost == 0 && dhcp.Lease?.Address == first, $"seed {seed}: lost {lost} times, {dhcp.State}");
        net.World.AssertNoLeaks();
    }

    [Fact, Rfc(2131, "4.4.5")]
    public void A_lease_that_nobody_renews_ends_with_its_address_and_routes_on_time()
    {
        Network net = new();
        net.Server.LeaseSeconds = 1000;
        net.Server.Options = o => o.AddAddress(Dhcpv4Option.Routers, net.Gateway);
        DhcpService dhcp = net.Start();
        net.RunUntilBound(dhcp);
        Instant end = dhcp.Lease!.ExpiresAt;
        net.Server.IsSilent = true;
        net.World.RunUntil(() => dhcp.Lease is null, TimeSpan.FromSeconds(1001), "the loss");
        Assert.Equal(end, net.World.Now);
        Assert.DoesNotContain(net.Client.Nic.Addresses, a => a.Address.IsV4);
        Assert.Null(net.Client.Stack.Routes.Lookup(Far));
        Assert.Null(net.Client.Stack.Routes.Lookup(net.Gateway));
        net.Server.IsSilent = false;
        net.RunUntilBound(dhcp, TimeSpan.FromSeconds(70));
    }

    [Fact]
    public void A_connection_lives_on_while_its_lease_is_renewed()
    {
        Network net = new();
        net.Server.LeaseSeconds = 120;
        DhcpService dhcp = net.Start();
        net.RunUntilBound(dhcp);
        TcpTransfer transfer = new(net.World, net.Client, net.Host, net.Gateway, 100, 1);
        net.World.Run(TimeSpan.FromMinutes(10));
        transfer.Run(TimeSpan.FromSeconds(5));
        Assert.True(net.Server.Heard.Count(h => !h.Header.ClientAddress.IsUnspecified) >= 9);
        Assert.All(net.Server.Heard.Skip(2), h => Assert.Equal((dhcp.Lease!.Address, net.Gateway), (h.Source, h.Destination)));
    }

    /// <summary>A host that answers ARP for the first address of the server's pool.</summary>
    [Fact, Rfc(5227, "2.1.1")]
    public void An_address_that_is_in_use_is_declined_and_the_next_one_taken()
    {
        Network net = new();
        StackHost other = net.World.Host("other");
        other.Plug(net.Hub).AddAddress(IpAddress.Parse("192.0.2.100"), 24, net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(5));
        DhcpService dhcp = net.Start(new DhcpOptions { DetectConflicts = true });
        List<DhcpLease?> seen = [];
        dhcp.LeaseChanged = d => seen.Add(d.Lease);
        net.RunUntilBound(dhcp, TimeSpan.FromMinutes(2));
        Assert.Equal(
            [Dhcpv4MessageType.Discover, Dhcpv4MessageType.Request, Dhcpv4MessageType.Decline, Dhcpv4MessageType.Discover, Dhcpv4MessageType.Request],
            net.Server.Types);
        Assert.Equal(IpAddress.Parse("192.0.2.101"), dhcp.Lease!.Address);
        Assert.Equal(dhcp.Lease, Assert.Single(seen));
        Assert.DoesNotContain(net.Client.Nic.Addresses, a => a.Address == IpAddress.Parse("192.0.2.100"));
        Assert.True(net.Server.Heard[3].At - net.Server.Heard[2].At >= TimeSpan.FromSeconds(10));
    }

    [Fact, Rfc(2131, "3.7")]
    public void A_link_that_comes_back_has_its_address_confirmed_or_refused()
    {
        Network net = new();
        DhcpService dhcp = net.Start();
        net.RunUntilBound(dhcp);
        IpAddress first = dhcp.Lease!.Address;
        Flap(net);
        net.World.Run(TimeSpan.FromSeconds(1));
        SentMessage reboot = net.Server.Heard[2];
        Assert.Equal((DhcpDialogue.Nobody, first), (reboot.Source, reboot.AddressOf(Dhcpv4Option.RequestedAddress)));
        Assert.Equal((DhcpState.Bound, first), (dhcp.State, dhcp.Lease!.Address));

        net.Server.Refuses = true; // another link: its server does not know us
        net.Server.Forget();
        Flap(net);
        net.RunUntilBound(dhcp, TimeSpan.FromSeconds(10), notYet: first);
        Assert.NotEqual(first, dhcp.Lease!.Address);
        Assert.Single(net.Client.Nic.Addresses, a => a.Address.IsV4);
    }

    [Fact, Rfc(2131, "4.4.6")]
    public void A_service_that_stops_gives_its_address_back_and_frees_its_port()
    {
        Network net = new();
        DhcpService dhcp = net.Start();
        net.RunUntilBound(dhcp);
        IpAddress had = dhcp.Lease!.Address;
        dhcp.Stop(release: true, net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(1));
        SentMessage release = net.Server.Heard[^1];
        Assert.Equal((Dhcpv4MessageType.Release, had), (release.Type, release.Header.ClientAddress));
        Assert.Null(net.Client.Nic.Dhcp);
        Assert.DoesNotContain(net.Client.Nic.Addresses, a => a.Address.IsV4);
        dhcp.Stop(release: true, net.World.Now);
        net.RunUntilBound(net.Start());
        net.World.AssertNoLeaks();
    }

    /// <summary>Each asks on its own wire with 0.0.0.0, though the other has an address by then.</summary>
    [Fact]
    public void Two_interfaces_get_a_lease_each()
    {
        Network net = new();
        Hub second = net.World.Hub();
        StackHost host = net.World.Host("second");
        host.Plug(second).AddAddress(IpAddress.Parse("198.51.100.1"), 24, net.World.Now);
        DhcpTestServer server = new(host);
        net.World.Run(TimeSpan.FromSeconds(1));
        net.RunUntilBound(net.Start());
        NetInterface nic = net.Client.Plug(second);
        DhcpService dhcp = new(nic, new DhcpOptions(), net.World.Now);
        net.RunUntilBound(dhcp);
        Assert.Equal(IpAddress.Parse("198.51.100.100"), dhcp.Lease!.Address);
        Assert.All(server.Heard, h => Assert.Equal(DhcpDialogue.Nobody, h.Source));
        Assert.Equal(2, net.Server.Heard.Count);
    }

    [Fact, Rfc(3442, "")]
    public void Classless_routes_replace_the_router()
    {
        Network net = new();
        net.Server.Options = o =>
        {
            o.AddAddress(Dhcpv4Option.Routers, IpAddress.Parse("192.0.2.250"));
            o.Add(Dhcpv4Option.ClasslessRoutes, 24, 203, 0, 113, 192, 0, 2, 1, 32, 198, 51, 100, 7, 0, 0, 0, 0);
        };
        net.RunUntilBound(net.Start());
        RouteTable routes = net.Client.Stack.Routes;
        Assert.Equal(net.Gateway, routes.Lookup(Far)!.Gateway);
        Assert.True(routes.Lookup(IpAddress.Parse("198.51.100.7"))!.Gateway.IsNone);
        Assert.Null(routes.Lookup(IpAddress.Parse("8.8.8.8")));
    }

    [Fact]
    public void Forged_messages_to_the_clients_port_are_counted_and_change_nothing()
    {
        Network net = new();
        DhcpService dhcp = net.Start();
        net.RunUntilBound(dhcp);
        DhcpLease lease = dhcp.Lease!;
        UdpSocket forger = net.Host.Stack.Udp.Open(UdpFamily.V4);
        for (int i = 0; i < 10; i++) forger.Send(new UdpEndpoint(lease.Address, Dhcpv4View.ClientPort), new byte[300], default, net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(1));
        Assert.Equal((10, lease), (dhcp.Drops[DhcpDropReason.Malformed], dhcp.Lease));
    }

    [Fact]
    public void What_cannot_be_is_refused_at_the_start()
    {
        Network net = new();
        DhcpService dhcp = net.Start();
        Assert.Throws<InvalidOperationException>(() => new DhcpService(dhcp.Interface, new DhcpOptions(), net.World.Now));
        Assert.Throws<ArgumentException>(() => new DhcpService(net.Client.Stack.Loopback, new DhcpOptions(), net.World.Now));
        Assert.Throws<ArgumentException>(() => new DhcpService(net.Host.Nic, new DhcpOptions { ClientIdentifier = new byte[1] }, net.World.Now));
        Assert.Throws<ArgumentException>(() => new DhcpService(net.Host.Nic, new DhcpOptions { HostName = "" }, net.World.Now));
    }

    private static void Flap(Network net)
    {
        net.Client.Nic.SetLink(false, net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(3));
        net.Client.Nic.SetLink(true, net.World.Now);
    }

    /// <summary>A server at 192.0.2.1 and a client that has nothing.</summary>
    private sealed class Network
    {
        internal Network(ulong seed = 1, Impairment? impairment = null)
        {
            World = new World(seed);
            Hub = World.Hub(impairment);
            Host = World.Host("server");
            Host.Plug(Hub).AddAddress(Gateway, 24, World.Now);
            Client = World.Host("client");
            Client.Plug(Hub);
            Server = new DhcpTestServer(Host);
        }

        internal World World { get; }

        internal Hub Hub { get; }

        internal StackHost Host { get; }

        internal StackHost Client { get; }

        internal DhcpTestServer Server { get; }

        internal IpAddress Gateway { get; } = IpAddress.Parse("192.0.2.1");

        internal DhcpService Start(DhcpOptions? options = null) => new(Client.Nic, options ?? new DhcpOptions(), World.Now);

        internal void RunUntilBound(DhcpService dhcp, TimeSpan? limit = null, IpAddress notYet = default) =>
            World.RunUntil(() => dhcp.Lease is { } lease && lease.Address != notYet, limit ?? TimeSpan.FromSeconds(1), () => $"the lease ({dhcp.State}, dropped {dhcp.Drops})");
    }
}
