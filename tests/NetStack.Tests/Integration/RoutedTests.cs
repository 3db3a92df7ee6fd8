using NetStack.Icmp;
using NetStack.Ip;
using NetStack.Tests.Kit;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Integration;

/// <summary>Three stacks: alice and bob on two links, a forwarding stack between them whose second link is narrower.</summary>
public sealed class RoutedTests
{
    public static TheoryData<bool> Families => [false, true];

    [Theory, MemberData(nameof(Families))]
    public void An_echo_crosses_the_router_with_its_hop_limit_counted_down(bool isV6)
    {
        Routed net = new();
        EchoSocket echo = net.Alice.Stack.Icmp.OpenEcho(isV6)!;
        echo.Send(net.Bob(isV6), 1, [1], net.World.Now);
        net.World.RunUntil(() => echo.Count > 0, TimeSpan.FromSeconds(5), "an echo reply");
        Assert.True(echo.TryReceive(new byte[10], out EchoReplyInfo reply));
        Assert.Equal(63, reply.HopLimit);
        Assert.Equal(2, net.Router.Stack.Forwarding.Forwarded);
        net.World.AssertNoLeaks();
    }

    [Theory, MemberData(nameof(Families))]
    public void A_used_up_hop_limit_is_told_of_by_the_router(bool isV6)
    {
        Routed net = new();
        UdpSocket client = PairTests.Open(net.Alice, isV6, new UdpEndpoint(net.AliceAddress(isV6), 0));
        client.HopLimit = 1;
        Assert.Equal(UdpBindResult.Success, client.Connect(new UdpEndpoint(net.Bob(isV6), 9)));
        client.Send([1], net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(1));
        Assert.True(client.TryTakeError(out DatagramError error));
        Assert.Equal((DatagramErrorKind.TimeExceeded, net.RouterAddress(isV6)), (error.Kind, error.Reporter));
        Assert.Equal(1, net.Router.Stack.Forwarding[ForwardDropReason.HopLimit]);
        net.World.AssertNoLeaks();
    }

    [Theory, MemberData(nameof(Families))]
    public void The_path_mtu_is_learnt_and_kept_to(bool isV6)
    {
        Routed net = new();
        UdpSocket server = PairTests.Open(net.BobHost, isV6, new UdpEndpoint(net.Bob(isV6), 9));
        UdpSocket client = PairTests.Open(net.Alice, isV6, new UdpEndpoint(net.AliceAddress(isV6), 0));
        client.DontFragment = true;
        Assert.Equal(UdpBindResult.Success, client.Connect(new UdpEndpoint(net.Bob(isV6), 9)));
        byte[] payload = new byte[1400];
        client.Send(payload, net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(0, server.Count);
        Assert.True(client.TryTakeError(out DatagramError error));
        Assert.Equal((DatagramErrorKind.MessageTooLong, Routed.NarrowMtu), (error.Kind, error.Mtu));
        Assert.Equal(DatagramSendResult.MessageTooLong, client.Send(payload, net.World.Now));
        client.DontFragment = false;
        Assert.Equal(DatagramSendResult.Sent, client.Send(payload, net.World.Now)); // cut at the source now
        net.World.RunUntil(() => server.Count > 0, TimeSpan.FromSeconds(2), "the datagram in fragments");
        Assert.Equal(1400, server.NextLength);
        net.World.Run(TimeSpan.FromSeconds(90));
        net.World.AssertNoLeaks();
    }

    [Fact]
    public void The_router_cuts_what_may_be_cut()
    {
        Routed net = new();
        UdpSocket server = PairTests.Open(net.BobHost, false, new UdpEndpoint(net.Bob(false), 9));
        UdpSocket client = PairTests.Open(net.Alice, false, new UdpEndpoint(net.AliceAddress(false), 0));
        client.Send(new UdpEndpoint(net.Bob(false), 9), [0], default, net.World.Now);
        net.World.RunUntil(() => server.Count > 0, TimeSpan.FromSeconds(2), "the neighbours");
        byte[] buffer = new byte[5000];
        Assert.True(server.TryReceive(buffer, out _));
        byte[] payload = new byte[4000]; // fragments already, which are cut again
        new SeededRandom(3).Fill(payload);
        client.Send(new UdpEndpoint(net.Bob(false), 9), payload, default, net.World.Now);
        net.World.RunUntil(() => server.Count > 0, TimeSpan.FromSeconds(2), "the datagram in fragments");
        Assert.True(server.TryReceive(buffer, out UdpDatagramInfo info));
        Assert.Equal(payload, buffer[..info.Length]);
        Assert.True(net.Router.Stack.Forwarding.Fragments > 0);
        net.World.Run(TimeSpan.FromSeconds(90));
        net.World.AssertNoLeaks();
    }

    [Theory]
    [InlineData(false, "192.0.2.9", DatagramErrorKind.HostUnreachable)] // no route at the router
    [InlineData(true, "2001:db8:9::9", DatagramErrorKind.HostUnreachable)]
    [InlineData(false, "10.0.1.99", DatagramErrorKind.HostUnreachable)] // nobody there
    [InlineData(true, "fd01::99", DatagramErrorKind.HostUnreachable)]
    [InlineData(false, "203.0.113.1", DatagramErrorKind.Prohibited)]
    public void What_cannot_be_delivered_is_told_of(bool isV6, string to, DatagramErrorKind kind)
    {
        Routed net = new();
        net.Router.Stack.Routes.Add(new Route(IpPrefix.Parse("203.0.113.0/24"), RouteKind.Prohibit));
        UdpSocket client = PairTests.Open(net.Alice, isV6, new UdpEndpoint(net.AliceAddress(isV6), 0));
        Assert.Equal(UdpBindResult.Success, client.Connect(new UdpEndpoint(IpAddress.Parse(to), 9)));
        client.Send([1], net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(5));
        Assert.True(client.TryTakeError(out DatagramError error));
        Assert.Equal((kind, net.RouterAddress(isV6)), (error.Kind, error.Reporter));
        net.World.AssertNoLeaks();
    }

    [Fact]
    public void What_a_blackhole_route_swallows_is_not_told_of()
    {
        Routed net = new();
        net.Router.Stack.Routes.Add(new Route(IpPrefix.Parse("203.0.113.0/24"), RouteKind.Blackhole));
        UdpSocket client = PairTests.Open(net.Alice, false, new UdpEndpoint(net.AliceAddress(false), 0));
        client.Connect(new UdpEndpoint(IpAddress.Parse("203.0.113.1"), 9));
        client.Send([1], net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(5));
        Assert.False(client.TryTakeError(out _));
        Assert.Equal(1, net.Router.Stack.Forwarding[ForwardDropReason.Blackhole]);
        net.World.AssertNoLeaks();
    }

    [Fact]
    public void A_host_that_does_not_forward_drops_what_is_for_others()
    {
        Routed net = new(forwarding: false);
        EchoSocket echo = net.Alice.Stack.Icmp.OpenEcho(false)!;
        echo.Send(net.Bob(false), 1, [1], net.World.Now);
        net.World.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(0, echo.Count);
        Assert.Equal(1, net.Router.Stack.IpCounters.Drops[IpDropReason.NotForUs]);
    }

    [Theory]
    [InlineData(false, 1, 0.0)]
    [InlineData(true, 2, 0.0)]
    [InlineData(false, 3, 0.03)]
    [InlineData(true, 4, 0.03)]
    public void A_stream_crosses_the_narrow_link_whole(bool isV6, ulong seed, double loss)
    {
        Routed net = new(seed, impairment: new Impairment { Loss = loss, Reorder = loss, Duplicate = loss, Delay = TimeSpan.FromMilliseconds(5) });
        TcpTransfer transfer = new(net.World, net.Alice, net.BobHost, net.Bob(isV6), 150_000, seed);
        transfer.Run(TimeSpan.FromMinutes(10));
        net.World.Run(TimeSpan.FromMinutes(5));
        net.World.AssertNoLeaks();
    }

    private sealed class Routed
    {
        internal const int NarrowMtu = 1300;

        internal Routed(ulong seed = 1, bool forwarding = true, Impairment? impairment = null)
        {
            TestDevice.NeedsSteadyBodies();
            World = new World(seed);
            Hub left = World.Hub(impairment);
            Hub right = World.Hub(impairment);
            Alice = World.Host("alice");
            BobHost = World.Host("bob");
            Router = World.Host("router", o => o.Protocols = new() { Ip = new() { Forwarding = forwarding } });
            Add(Alice.Plug(left, Silent), "10.0.0.1", "fd00::1");
            Add(Router.Plug(left, Silent), "10.0.0.254", "fd00::fe");
            Add(Router.Plug(right, Narrow), "10.0.1.254", "fd01::fe");
            Add(BobHost.Plug(right, Narrow), "10.0.1.2", "fd01::2");
            AddDefault(Alice, "10.0.0.254", "fd00::fe");
            AddDefault(BobHost, "10.0.1.254", "fd01::fe");
            World.Run(TimeSpan.FromSeconds(5));
        }

        internal World World { get; }

        internal StackHost Alice { get; }

        internal StackHost BobHost { get; }

        internal StackHost Router { get; }

        internal IpAddress Bob(bool isV6) => IpAddress.Parse(isV6 ? "fd01::2" : "10.0.1.2");

        internal IpAddress AliceAddress(bool isV6) => IpAddress.Parse(isV6 ? "fd00::1" : "10.0.0.1");

        internal IpAddress RouterAddress(bool isV6) => IpAddress.Parse(isV6 ? "fd00::fe" : "10.0.0.254");

        private static void Silent(InterfaceOptions options) => options.Ipv6.AcceptRouterAdvertisements = false;

        private static void Narrow(InterfaceOptions options)
        {
            Silent(options);
            options.Mtu = NarrowMtu;
        }

        private void Add(NetInterface nic, string v4, string v6)
        {
            nic.AddAddress(IpAddress.Parse(v4), 24, World.Now);
            nic.AddAddress(IpAddress.Parse(v6), 64, World.Now, detectDuplicates: false);
        }

        private static void AddDefault(StackHost host, string v4, string v6)
        {
            host.Stack.Routes.Add(new Route(IpPrefix.DefaultV4) { Interface = host.Nic, Gateway = IpAddress.Parse(v4) });
            host.Stack.Routes.Add(new Route(IpPrefix.DefaultV6) { Interface = host.Nic, Gateway = IpAddress.Parse(v6) });
        }
    }
}
