using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using NetStack.Runtime.Tests;

namespace NetStack.Kestrel.Tests;

/// <summary>Ordinary sockets of this machine on one side, a host on the other.</summary>
public sealed class ForwarderTests
{
    [Fact]
    public Task A_client_of_sockets_reaches_a_server_beyond_the_host() => Web.RunForRealAsync(a => a.MapGet("/", () => "hi"), async web =>
    {
        await using LoopbackForwarder forwarder = LoopbackForwarder.FromSockets(web.Pair.A, Web.Server);
        Assert.Equal(IPAddress.Loopback, forwarder.LocalEndPoint.Address);
        using HttpClient http = new();
        for (int i = 0; i < 5; i++) Assert.Equal("hi", await http.GetStringAsync($"http://{forwarder.LocalEndPoint}/"));
        Assert.Equal((1, 1), (forwarder.Accepted, forwarder.Open));
        http.Dispose();
        await web.UntilAsync(() => forwarder.Open == 0);
    });

    [Fact]
    public Task A_peer_of_the_host_reaches_a_server_of_sockets() => RunAsync(async pair =>
    {
        using System.Net.Sockets.TcpListener server = new(IPAddress.Loopback, 0);
        server.Start();
        await using LoopbackForwarder forwarder = LoopbackForwarder.ToSockets(pair.B, Web.Server, server.LocalEndpoint);
        await using NetConnection client = await pair.A.ConnectTcpAsync(forwarder.LocalEndPoint);
        using Socket accepted = await server.AcceptSocketAsync();
        await client.Output.WriteAsync("question"u8.ToArray());
        await client.Output.CompleteAsync(); // a half close goes through, and the answer comes back
        Assert.Equal("question", await ReadAsync(new NetworkStream(accepted)));
        await accepted.SendAsync("answer"u8.ToArray());
        accepted.Shutdown(SocketShutdown.Send);
        Assert.Equal("answer", await ReadAsync(client.AsStream()));
        await UntilAsync(() => forwarder.Open == 0);
    });

    [Fact]
    public Task Megabytes_go_both_ways_at_once_unchanged() => RunAsync(async pair =>
    {
        byte[] data = new byte[8 << 20];
        new Random(5).NextBytes(data);
        using NetListener listener = pair.B.ListenTcp(Web.Server);
        await using LoopbackForwarder forwarder = LoopbackForwarder.FromSockets(pair.A, Web.Server);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(forwarder.LocalEndPoint);
        await using NetConnection connection = await listener.AcceptAsync();
        await using NetworkStream near = new(socket);
        Stream far = connection.AsStream();
        byte[] atNear = new byte[data.Length];
        byte[] atFar = new byte[data.Length];
        await Task.WhenAll(near.WriteAsync(data).AsTask(), far.WriteAsync(data).AsTask(), near.ReadExactlyAsync(atNear).AsTask(), far.ReadExactlyAsync(atFar).AsTask());
        Assert.Equal(data, atNear);
        Assert.Equal(data, atFar);
    });

    [Fact]
    public Task A_reader_that_does_not_read_stops_the_writer() => RunAsync(async pair =>
    {
        using NetListener listener = pair.B.ListenTcp(Web.Server);
        await using LoopbackForwarder forwarder = LoopbackForwarder.FromSockets(pair.A, Web.Server);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(forwarder.LocalEndPoint);
        await using NetConnection connection = await listener.AcceptAsync();
        byte[] data = new byte[64 << 20];
        Task written = new NetworkStream(socket).WriteAsync(data).AsTask();
        await Task.WhenAny(written, Task.Delay(500));
        Assert.False(written.IsCompleted);
        await connection.AsStream().ReadExactlyAsync(new byte[data.Length]);
        await written;
    });

    [Theory, InlineData(true), InlineData(false)]
    public Task A_reset_goes_through(bool isSocketsSide) => RunAsync(async pair =>
    {
        using NetListener listener = pair.B.ListenTcp(Web.Server);
        await using LoopbackForwarder forwarder = LoopbackForwarder.FromSockets(pair.A, Web.Server);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(forwarder.LocalEndPoint);
        await using NetConnection connection = await listener.AcceptAsync();
        if (isSocketsSide)
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Dispose();
            IOException failure = await Assert.ThrowsAsync<IOException>(async () => await connection.Input.ReadAsync());
            Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
        }
        else
        {
            connection.Abort();
            SocketException failure = await Assert.ThrowsAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[1]));
            Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
        }
        await UntilAsync(() => forwarder.Open == 0);
    });

    [Fact]
    public Task A_far_side_that_refuses_resets_the_near_one() => RunAsync(async pair =>
    {
        await using LoopbackForwarder from = LoopbackForwarder.FromSockets(pair.A, Web.Server);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(from.LocalEndPoint);
        SocketException failure = await Assert.ThrowsAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
        Assert.Equal(1, from.Refused);

        using System.Net.Sockets.TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        EndPoint nobody = closed.LocalEndpoint;
        closed.Stop();
        await using LoopbackForwarder to = LoopbackForwarder.ToSockets(pair.B, Web.Server, nobody);
        await using NetConnection client = await pair.A.ConnectTcpAsync(Web.Server);
        await Assert.ThrowsAsync<IOException>(async () => await client.Input.ReadAsync());
        Assert.Equal(1, to.Refused);
    });

    [Fact]
    public Task Disposing_of_it_frees_the_port_and_resets_what_is_open() => RunAsync(async pair =>
    {
        using NetListener listener = pair.B.ListenTcp(Web.Server);
        LoopbackForwarder forwarder = LoopbackForwarder.FromSockets(pair.A, Web.Server);
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(forwarder.LocalEndPoint);
        await using NetConnection connection = await listener.AcceptAsync();
        await forwarder.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(async () => await socket.ReceiveAsync(new byte[1]));
        await Assert.ThrowsAsync<IOException>(async () => await connection.Input.ReadAsync());
        await using LoopbackForwarder again = LoopbackForwarder.FromSockets(pair.A, Web.Server, forwarder.LocalEndPoint);
        Assert.Equal(forwarder.LocalEndPoint, again.LocalEndPoint);
    });

    private static async Task RunAsync(Func<HostPair, Task> program)
    {
        await using RealTimeLoop loop = new();
        await using HostPair pair = await HostPair.StartAsync(loop);
        await program(pair).WaitAsync(TimeSpan.FromMinutes(1));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; i < 3000 && !condition(); i++) await Task.Delay(10);
        Assert.True(condition());
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        using StreamReader reader = new(stream, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadToEndAsync();
    }
}
