using System.Net;
using System.Net.Sockets;
using NetStack.Nic.Virtual;

namespace NetStack.Runtime.Tests;

/// <summary>UDP sockets and echo, in virtual time.</summary>
public sealed class DatagramTests
{
    [Fact]
    public Task A_datagram_arrives_with_who_sent_it_and_an_answer_comes_back() => HostPair.RunAsync(async pair =>
    {
        await using NetUdp server = pair.B.BindUdp(new IPEndPoint(IPAddress.Any, 53));
        await using NetUdp client = pair.A.BindUdp(new IPEndPoint(IPAddress.Any, 0));
        byte[] buffer = new byte[100];
        ValueTask<UdpReceived> waiting = server.ReceiveAsync(buffer);
        await client.SendAsync(new byte[] { 1, 2, 3 }, new IPEndPoint(HostPair.AddressB, 53));
        UdpReceived got = await waiting;
        Assert.Equal([1, 2, 3], buffer.AsSpan(0, got.Length).ToArray());
        Assert.Equal((HostPair.AddressA, client.LocalEndPoint.Port, HostPair.AddressB, 53), (got.From.Address, got.From.Port, got.To.Address, got.To.Port));
        Assert.False(got.Truncated);
        await server.SendAsync(new byte[] { 4 }, got.From);
        got = await client.ReceiveAsync(buffer);
        Assert.Equal((1, 4), (got.Length, (int)buffer[0]));
    });

    [Fact]
    public Task A_datagram_longer_than_the_buffer_is_cut_and_says_so() => HostPair.RunAsync(async pair =>
    {
        await using NetUdp server = pair.B.BindUdp(new IPEndPoint(IPAddress.IPv6Any, 53));
        await using NetUdp client = pair.A.ConnectUdp(new IPEndPoint(HostPair.AddressB, 53));
        await client.SendAsync(new byte[4000]);
        UdpReceived got = await server.ReceiveAsync(new byte[100]);
        Assert.Equal((100, 4000, true), (got.Length, got.DatagramLength, got.Truncated));
        Assert.Equal(HostPair.AddressA, got.From.Address);
    });

    [Fact]
    public Task A_closed_port_is_connection_refused_at_the_next_call() => HostPair.RunAsync(async pair =>
    {
        await using NetUdp client = pair.A.ConnectUdp(new IPEndPoint(HostPair.AddressB, 99));
        await client.SendAsync(new byte[1]);
        SocketException refused = await Assert.ThrowsAsync<SocketException>(async () => await client.ReceiveAsync(new byte[10]));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    });

    [Fact]
    public Task Disposing_ends_a_receive_and_a_token_cancels_it() => HostPair.RunAsync(async pair =>
    {
        NetUdp socket = pair.A.BindUdp(new IPEndPoint(IPAddress.Any, 0));
        using CancellationTokenSource source = new(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await socket.ReceiveAsync(new byte[1], source.Token));
        Task<UdpReceived> waiting = socket.ReceiveAsync(new byte[1]).AsTask();
        await socket.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    });

    [Fact]
    public Task A_group_reaches_those_who_joined() => HostPair.RunAsync(async pair =>
    {
        IPAddress group = IPAddress.Parse("239.1.2.3");
        await using NetUdp server = pair.B.BindUdp(new IPEndPoint(IPAddress.Any, 5000));
        await using NetUdp client = pair.A.BindUdp(new IPEndPoint(IPAddress.Any, 0));
        server.JoinGroup(group);
        await client.SendAsync(new byte[] { 9 }, new IPEndPoint(group, 5000));
        UdpReceived got = await server.ReceiveAsync(new byte[10]);
        Assert.Equal(group, got.To.Address);
        server.LeaveGroup(group);
        await client.SendAsync(new byte[] { 9 }, new IPEndPoint(group, 5000));
        using CancellationTokenSource source = new(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await server.ReceiveAsync(new byte[1], source.Token));
    });

    [Theory]
    [InlineData(0)]
    [InlineData(56)]
    [InlineData(60_000)]
    public Task An_echo_comes_back_after_the_round_trip(int size) => HostPair.RunAsync(async pair =>
    {
        EchoReply reply = await pair.A.PingAsync(HostPair.AddressB, size);
        Assert.Equal((HostPair.AddressB, size), (reply.From, reply.Length));
        Assert.InRange(reply.RoundTrip, TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(10));
        reply = await pair.A.PingAsync(IPAddress.Loopback);
        Assert.Equal(IPAddress.Loopback, reply.From);
    });

    [Fact]
    public Task No_answer_is_timed_out_and_nobody_there_is_unreachable() => HostPair.RunAsync(
        async pair =>
        {
            SocketException lost = await Assert.ThrowsAsync<SocketException>(async () => await pair.A.PingAsync(HostPair.AddressB, timeout: TimeSpan.FromMilliseconds(500)));
            Assert.Equal(SocketError.TimedOut, lost.SocketErrorCode);
            SocketException nobody = await Assert.ThrowsAsync<SocketException>(async () => await pair.A.PingAsync(HostPair.AddressB, timeout: TimeSpan.FromSeconds(30)));
            Assert.Equal(SocketError.HostUnreachable, nobody.SocketErrorCode);
        },
        impairment: new Impairment { Loss = 1 });
}
