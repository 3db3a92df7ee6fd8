using System.Net;
using System.Net.Sockets;
using NetStack.Nic.Virtual;

namespace NetStack.Testing.Tests;

/// <summary>Switches, routers, NATs.</summary>
public sealed class TopologyTests
{
    [Fact]
    public Task Hosts_at_a_switch_reach_each_other_and_it_learns() => VirtualNetwork.RunAsync(1, async net =>
    {
        NetworkSegment lan = net.AddSwitch("lan");
        NetStackHost[] hosts = [.. Enumerable.Range(0, 5).Select(i => net.AddHost($"h{i}", lan, new Impairment { Delay = TimeSpan.FromMilliseconds(2) }))];
        for (int i = 0; i < hosts.Length; i++)
        {
            int next = (i + 1) % hosts.Length;
            Task echo = Programs.EchoOnceAsync(hosts[next], 7);
            Assert.Equal("ping", await Programs.AskAsync(hosts[i], $"h{next}", 7, "ping"));
            await echo;
        }
        EchoReply reply = await hosts[0].PingAsync(net.AddressOf(hosts[3]));
        Assert.Equal(TimeSpan.FromMilliseconds(8), (await hosts[0].PingAsync(net.AddressOf(hosts[3]))).RoundTrip);
        Assert.Equal(5, lan.Switch!.AddressCount);
        Assert.True(lan.Switch.Forwarded > 20);
        Assert.InRange(lan.Switch.Flooded, 1, 20); // ARP requests
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Routers_join_networks_in_a_row(bool ipv6) => VirtualNetwork.RunAsync(
        1,
        async net =>
        {
            NetworkSegment left = net.AddSwitch("left");
            NetworkSegment middle = net.AddSwitch("middle");
            NetworkSegment right = net.AddSwitch("right");
            NetStackHost a = net.AddHost("a", left);
            net.AddRouter("r1", left, middle);
            net.AddRouter("r2", middle, right);
            NetStackHost b = net.AddHost("b", right, new Impairment { Loss = 0.02, Delay = TimeSpan.FromMilliseconds(3) });
            Task echo = Programs.EchoOnceAsync(b, 7);
            string text = new('x', 50_000);
            Assert.Equal(text, await Programs.AskAsync(a, "b", 7, text));
            await echo;
            Assert.Equal(ipv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, net.Flow(a, b, 7).Connections[0].Client.AddressFamily);
            Assert.Equal(62, (await a.PingAsync(net.AddressOf(b))).HopLimit);
        },
        new VirtualNetworkOptions { Ipv6 = ipv6 });

    [Fact]
    public Task Behind_a_NAT_hosts_share_one_address() => VirtualNetwork.RunAsync(1, async net =>
    {
        (NetStackHost a, NetStackHost b, NetStackHost server, NetworkNat nat) = Home(net);
        await using NetListener listener = server.ListenTcp(new IPEndPoint(IPAddress.Any, 80));
        await using NetConnection first = await a.ConnectTcpAsync(new DnsEndPoint("server", 80));
        await using NetConnection second = await b.ConnectTcpAsync(new DnsEndPoint("server", 80));
        await using NetConnection one = await listener.AcceptAsync();
        await using NetConnection two = await listener.AcceptAsync();
        Assert.Equal(nat.Address, one.RemoteEndPoint.Address);
        Assert.Equal(nat.Address, two.RemoteEndPoint.Address);
        Assert.NotEqual(one.RemoteEndPoint.Port, two.RemoteEndPoint.Port);
        await first.Output.WriteAsync(new byte[] { 1 });
        await second.Output.WriteAsync(new byte[] { 2 });
        Assert.Equal(1, (await one.Input.ReadAsync()).Buffer.FirstSpan[0]);
        Assert.Equal(2, (await two.Input.ReadAsync()).Buffer.FirstSpan[0]);
        Assert.Equal(2, nat.BindingCount);
        net.Flow(a, server, 80).Should(connections: 1, requestBytes: 1, retransmissions: 0);
        net.Flow(nat.Host, server, 80).Should(connections: 0); // they are its clients'
        foreach (NetConnection connection in (NetConnection[])[first, second, one, two]) connection.Abort();
    });

    [Fact]
    public Task Through_a_NAT_faults_and_counts_are_the_clients() => VirtualNetwork.RunAsync(1, async net =>
    {
        (NetStackHost a, _, NetStackHost server, _) = Home(net);
        net.Flow(a, server, 7).ResetAfter(responseBytes: 3);
        Task echo = Task.Run(async () => await Assert.ThrowsAsync<IOException>(() => Programs.EchoOnceAsync(server, 7)));
        await using NetConnection connection = await a.ConnectTcpAsync(new DnsEndPoint("server", 7));
        Stream stream = connection.AsStream();
        await stream.WriteAsync("hello"u8.ToArray());
        await stream.ReadExactlyAsync(new byte[3]);
        await Assert.ThrowsAsync<IOException>(() => stream.ReadExactlyAsync(new byte[1]).AsTask());
        await echo;
        net.Flow(a, server, 7).Should(connections: 1, closedBy: Side.Server, by: Close.Reset, requestBytes: 5, responseBytes: 5);
    });

    [Fact]
    public Task From_outside_only_a_forwarded_port_is_reached() => VirtualNetwork.RunAsync(1, async net =>
    {
        (NetStackHost a, _, NetStackHost outside, NetworkNat nat) = Home(net);
        Task echo = Programs.EchoOnceAsync(a, 7);
        await Assert.ThrowsAsync<SocketException>(() => outside.ConnectTcpAsync(new IPEndPoint(net.AddressOf(a), 7)).AsTask()); // no route
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(10), net.Time);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => outside.ConnectTcpAsync(new IPEndPoint(nat.Address, 8080), patience.Token).AsTask());
        nat.Forward(8080, a, toPort: 7);
        net.AddName("home", nat.Address);
        Assert.Equal("in", await Programs.AskAsync(outside, "home", 8080, "in"));
        await echo;
        net.Flow(outside, nat.Host, 8080).Should(requestBytes: 2, responseBytes: 2);
    });

    [Fact]
    public Task Datagrams_echoes_and_errors_pass_a_NAT() => VirtualNetwork.RunAsync(1, async net =>
    {
        (NetStackHost a, _, NetStackHost server, NetworkNat nat) = Home(net);
        Assert.Equal(63, (await a.PingAsync(net.AddressOf(server))).HopLimit);
        using NetUdp remote = server.BindUdp(new IPEndPoint(IPAddress.Any, 53));
        using NetUdp local = a.BindUdp(new IPEndPoint(IPAddress.Any, 5000));
        byte[] buffer = new byte[10];
        await local.SendAsync(new byte[] { 9 }, new IPEndPoint(net.AddressOf(server), 53));
        UdpReceived asked = await remote.ReceiveAsync(buffer);
        Assert.Equal(nat.Address, asked.From.Address);
        await remote.SendAsync(new byte[] { 8 }, asked.From);
        Assert.Equal(net.AddressOf(server), (await local.ReceiveAsync(buffer)).From.Address);
        Assert.Equal(8, buffer[0]);

        using NetUdp refused = a.ConnectUdp(new IPEndPoint(net.AddressOf(server), 54)); // nobody there: an ICMP error comes back
        await refused.SendAsync(new byte[1]);
        SocketException failure = await Assert.ThrowsAsync<SocketException>(() => refused.ReceiveAsync(buffer).AsTask());
        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);

        await Task.Delay(TimeSpan.FromMinutes(3), net.Time); // longer than a binding lives
        await remote.SendAsync(new byte[] { 7 }, asked.From);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(10), net.Time);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => local.ReceiveAsync(buffer, patience.Token).AsTask());
        Assert.Equal(0, nat.BindingCount);
    });

    [Fact]
    public Task A_NAT_that_restarts_leaves_connections_hanging() => VirtualNetwork.RunAsync(1, async net =>
    {
        (NetStackHost a, _, NetStackHost server, NetworkNat nat) = Home(net);
        await using NetListener listener = server.ListenTcp(new IPEndPoint(IPAddress.Any, 80));
        await using NetConnection client = await a.ConnectTcpAsync(new DnsEndPoint("server", 80));
        await using NetConnection accepted = await listener.AcceptAsync();
        nat.Restart();
        await accepted.Output.WriteAsync(new byte[100]);
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(30), net.Time);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Input.ReadAsync(patience.Token).AsTask());
        client.Abort();
        accepted.Abort();
    });

    [Fact]
    public Task Mistakes_are_told() => VirtualNetwork.RunAsync(1, net =>
    {
        NetworkSegment lan = net.AddSwitch("lan");
        NetStackHost a = net.AddHost("a", lan, configure: o => o.Address = "10.0.1.77");
        NetStackHost b = net.AddHost("b", lan);
        Assert.Equal("10.0.1.77", net.AddressOf(a).ToString());
        Assert.Throws<ArgumentException>(() => net.AddHost("a", lan));
        Assert.Throws<ArgumentException>(() => net.AddHost("c", lan, configure: o => o.Address = "10.0.1.77"));
        Assert.Throws<ArgumentException>(() => net.AddHost("d", lan, configure: o => o.Address = "10.0.2.1"));
        Assert.Throws<ArgumentException>(() => net.AddSwitch("lan"));
        Assert.Throws<ArgumentException>(() => net.AddRouter("r", lan));
        Assert.Contains("Flow", Assert.Throws<ArgumentException>(() => net.Link(a, b)).Message, StringComparison.Ordinal);
        Assert.Same(net.Link(a), net.Link(a, lan));
        Assert.Throws<ArgumentOutOfRangeException>(() => net.Link(a).Change(i => i with { Loss = 2 }));
        return Task.CompletedTask;
    });

    /// <summary>Two hosts behind a NAT, a server outside.</summary>
    private static (NetStackHost A, NetStackHost B, NetStackHost Server, NetworkNat Nat) Home(VirtualNetwork net)
    {
        NetworkSegment home = net.AddSwitch("home");
        NetworkSegment internet = net.AddSwitch("internet");
        NetStackHost a = net.AddHost("a", home);
        NetStackHost b = net.AddHost("b", home);
        NetworkNat nat = net.AddNat("nat", home, internet);
        return (a, b, net.AddHost("server", internet, new Impairment { Delay = TimeSpan.FromMilliseconds(10) }), nat);
    }
}
