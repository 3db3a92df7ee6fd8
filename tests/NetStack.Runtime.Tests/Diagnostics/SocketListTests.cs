using System.Net;
using System.Net.Sockets;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>Listing sockets, as ss does.</summary>
public sealed class SocketListTests
{
    private static readonly IPEndPoint Service = new(HostPair.AddressB, 7);

    [Fact]
    public Task Listeners_come_first_and_tell_who_waits() => HostPair.RunAsync(async pair =>
    {
        await using NetListener all = pair.B.ListenTcp(new IPEndPoint(IPAddress.IPv6Any, 80), backlog: 5);
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7), backlog: 9);
        await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
        await Task.Delay(TimeSpan.FromMilliseconds(5), pair.Loop.TimeProvider);
        IReadOnlyList<SocketInfo> sockets = pair.B.ListSockets();
        Assert.Equal([TcpState.Listen, TcpState.Listen, TcpState.Established], sockets.Select(s => s.State!.Value));
        Assert.Equal((new IPEndPoint(IPAddress.Any, 7), null, 1L, 9L, 0, false), (sockets[0].Local, sockets[0].Remote, sockets[0].ReceiveQueue, sockets[0].SendQueue, sockets[0].HalfOpen, sockets[0].IsDualMode));
        Assert.Equal((new IPEndPoint(IPAddress.IPv6Any, 80), 0L, 5L, true, null), (sockets[1].Local, sockets[1].ReceiveQueue, sockets[1].SendQueue, sockets[1].IsDualMode, sockets[1].Tcp));
        Assert.Equal("tcp LISTEN 1 9 0.0.0.0:7 0.0.0.0:*", sockets[0].ToString());
        Assert.Equal("tcp LISTEN 0 5 *:80 *:*", sockets[1].ToString());
    });

    [Fact]
    public Task A_connection_tells_its_queues_and_statistics() => HostPair.RunAsync(async pair =>
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
        await using NetConnection server = await listener.AcceptAsync();
        await client.AsStream().WriteAsync(new byte[1234]);
        SocketInfo before = Assert.Single(pair.A.ListSockets());
        Assert.Equal((ProtocolType.Tcp, TcpState.Established, client.LocalEndPoint, Service), (before.Protocol, before.State, before.Local, before.Remote));
        Assert.Equal((0L, 1234L), (before.ReceiveQueue, before.SendQueue));
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        SocketInfo after = Assert.Single(pair.A.ListSockets());
        Assert.Equal((0L, 1234L), (after.SendQueue, after.Tcp!.Value.BytesAcknowledged));
        SocketInfo received = pair.B.ListSockets()[1];
        Assert.Equal((1234L, 1234L), (received.ReceiveQueue, received.Tcp!.Value.BytesReceived));
        Assert.Matches(
            "^tcp ESTAB 0 0 10\\.0\\.0\\.1:\\d+ 10\\.0\\.0\\.2:7 ts sack( ecn)? wscale:\\d+,\\d+ rto:[\\d.]+ rtt:[\\d.]+/[\\d.]+ mss:\\d+ rcvmss:\\d+ cwnd:\\d+ bytes_acked:1234 bytes_received:0 rcv_wnd:\\d+ snd_wnd:\\d+ minrtt:[\\d.]+$",
            after.ToString());
        Assert.Contains("unacked:1", before.ToString(), StringComparison.Ordinal);
    });

    [Fact]
    public Task Half_open_connections_and_time_wait_are_listed() => HostPair.RunAsync(async pair =>
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        ValueTask<NetConnection> connecting = pair.A.ConnectTcpAsync(Service);
        Assert.Equal(TcpState.SynSent, Assert.Single(pair.A.ListSockets()).State);
        while (pair.B.ListSockets().All(s => s.State != TcpState.SynReceived)) await Task.Delay(TimeSpan.FromMilliseconds(1), pair.Loop.TimeProvider);
        IReadOnlyList<SocketInfo> sockets = pair.B.ListSockets();
        Assert.Equal((1, null, null), (sockets[0].HalfOpen, sockets[1].Tcp, sockets[1].Expires));
        Assert.EndsWith("synq:1", sockets[0].ToString(), StringComparison.Ordinal);
        Assert.StartsWith("tcp SYN-RECV 0 0 10.0.0.2:7 10.0.0.1:", sockets[1].ToString(), StringComparison.Ordinal);
        await using NetConnection client = await connecting;
        await using NetConnection server = await listener.AcceptAsync();
        await client.DisposeAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(5), pair.Loop.TimeProvider);
        await server.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        SocketInfo waiting = Assert.Single(pair.A.ListSockets());
        Assert.Equal(TcpState.TimeWait, waiting.State);
        Assert.InRange(waiting.Expires!.Value.TotalSeconds, 1, pair.A.Stack.Tcp.Settings.TimeWait.TotalSeconds);
        Assert.Matches("^tcp TIME-WAIT 0 0 .* timer:\\(timewait,[\\d.]+sec,0\\)$", waiting.ToString());
        Assert.Single(pair.B.ListSockets()); // the listener alone: the passive closer is done
    });

    [Fact]
    public Task Sockets_for_datagrams_are_listed_with_what_waits_in_them() => HostPair.RunAsync(async pair =>
    {
        await using NetUdp server = pair.B.BindUdp(new IPEndPoint(IPAddress.Any, 53));
        await using NetUdp dual = pair.B.BindUdp(new IPEndPoint(IPAddress.IPv6Any, 54));
        await using NetUdp client = pair.A.ConnectUdp(new IPEndPoint(HostPair.AddressB, 53));
        await client.SendAsync(new byte[100]);
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        pair.Loop.Run(_ =>
        {
            pair.B.Stack.Icmp.OpenEcho(isV6: false, identifier: 77);
            pair.B.Stack.Icmp.OpenEcho(isV6: true, identifier: 78);
            pair.B.Stack.Raw.Open(isV6: false, (IpProtocol)89);
        });
        IReadOnlyList<SocketInfo> sockets = pair.B.ListSockets();
        Assert.Equal(
            [
                $"udp UNCONN {sockets[0].ReceiveQueue} 0 0.0.0.0:53 0.0.0.0:*", "udp UNCONN 0 0 *:54 *:*",
                "icmp UNCONN 0 0 0.0.0.0:77 0.0.0.0:*", "icmp6 UNCONN 0 0 [::]:78 [::]:*", "raw UNCONN 0 0 0.0.0.0:89 0.0.0.0:*",
            ],
            sockets.Select(s => s.ToString()));
        Assert.InRange(sockets[0].ReceiveQueue, 100, 1024);
        Assert.Matches("^udp ESTAB 0 0 10\\.0\\.0\\.1:\\d+ 10\\.0\\.0\\.2:53$", Assert.Single(pair.A.ListSockets()).ToString());
        Assert.Equal(ProtocolType.IcmpV6, sockets[3].Protocol);
    });

    [Fact]
    public void A_table_has_titles_aligned_columns_and_statistics_below()
    {
        SocketInfo[] sockets =
        [
            new() { Protocol = ProtocolType.Tcp, State = TcpState.Listen, Local = new IPEndPoint(IPAddress.Any, 7), SendQueue = 512 },
            new()
            {
                Protocol = ProtocolType.Tcp, State = TcpState.Established, Local = new IPEndPoint(IPAddress.Parse("2001:db8::1"), 4000),
                Remote = new IPEndPoint(IPAddress.Parse("2001:db8::2"), 7), ReceiveQueue = 5,
                Tcp = new TcpInfo { SendWindowScale = -1, SendMss = 1000, CongestionWindow = 10_000, SlowStartThreshold = 7001, Rto = TimeSpan.FromMilliseconds(201), BytesLost = 1, Retransmitted = 3 },
            },
            new() { Protocol = ProtocolType.Udp, Local = new IPEndPoint(IPAddress.Parse("fe80::1"), 546), Interface = "eth0", Dropped = 4 },
        ];
        Assert.Equal(
            """
            Netid  State   Recv-Q  Send-Q  Local Address:Port  Peer Address:Port
            tcp    LISTEN  0       512     0.0.0.0:7           0.0.0.0:*
            tcp    ESTAB   5       0       [2001:db8::1]:4000  [2001:db8::2]:7
            	 rto:201 mss:1000 rcvmss:0 cwnd:10 ssthresh:8 bytes_acked:0 bytes_received:0 retrans:0/3 lost:1 rcv_wnd:0 snd_wnd:0
            udp    UNCONN  0       0       [fe80::1]%eth0:546  [::]%eth0:*        drops:4

            """,
            SocketTable.Format(sockets));
        Assert.Equal(4, SocketTable.Format(sockets, withStatistics: false).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Single(SocketTable.Format([]).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
