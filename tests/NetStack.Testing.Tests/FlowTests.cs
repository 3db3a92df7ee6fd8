using System.Net;
using System.Net.Sockets;

namespace NetStack.Testing.Tests;

/// <summary>Faults at exact moments, and what is said of flows afterwards.</summary>
public sealed class FlowTests
{
    private const int Port = 80;

    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(3, 0.0)]
    [InlineData(1460, 0.0)]
    [InlineData(50_000, 0.0)]
    [InlineData(50_000, 0.05)]
    public Task A_reset_after_some_response_bytes_lets_exactly_those_pass(int bytes, double loss) => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server", loss: loss);
        net.Flow(client, server, Port).ResetAfter(responseBytes: bytes);
        Task serving = ServeAsync(server, 100_000, times: 2);
        (int got, Exception? failure) = await DownloadAsync(client);
        Assert.Equal(bytes, got);
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(Assert.IsType<IOException>(failure).InnerException).SocketErrorCode);
        Assert.Equal((100_000, null), await DownloadAsync(client)); // once only
        await serving;
        IReadOnlyList<ObservedConnection> seen = net.Flow(client, server, Port).Connections;
        Assert.Equal(2, seen.Count);
        Assert.Equal((Side.Server, Close.Reset), (seen[0].ClosedBy, seen[0].Close));
        Assert.Equal((Side.Client, Close.Fin, 100_000L), (seen[1].ClosedBy, seen[1].Close, seen[1].ResponseBytes));
    });

    [Fact]
    public Task A_reset_after_some_request_bytes_reaches_the_server_after_those() => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        net.Flow(client, server, Port).ResetAfter(requestBytes: 10);
        Task<(int Got, Exception? Failure)> serving = Task.Run(async () =>
        {
            await using NetListener listener = server.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
            await using NetConnection connection = await listener.AcceptAsync();
            return await ReadAsync(connection.AsStream());
        });
        await using NetConnection connection = await client.ConnectTcpAsync(new DnsEndPoint("server", Port));
        await connection.Output.WriteAsync(new byte[1000]);
        (int got, Exception? failure) = await serving;
        Assert.Equal(10, got);
        Assert.IsType<IOException>(failure);
        await Assert.ThrowsAsync<IOException>(async () => await connection.Input.ReadAsync());
    });

    [Fact]
    public Task A_dropped_answer_to_a_SYN_costs_a_second() => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        NetworkFlow flow = net.Flow(client, server, Port).DropNext(SegmentKind.SynAck);
        Task serving = ServeAsync(server, 10, times: 1);
        Assert.Equal((10, null), await DownloadAsync(client, 10));
        Assert.InRange(net.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1.2)); // RFC 6298 section 2
        await serving;
        flow.Should(connections: 1, closedBy: Side.Client, by: Close.Fin, responseBytes: 10);
        Assert.Throws<FlowException>(() => flow.Should(retransmissions: 0));
    });

    [Fact]
    public Task The_second_data_segment_can_be_dropped() => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        NetworkFlow flow = net.Flow(client, server, Port).DropNext(SegmentKind.Data, times: 1, skip: 2);
        Task serving = ServeAsync(server, 100_000, times: 1);
        Assert.Equal((100_000, null), await DownloadAsync(client));
        await serving;
        Assert.InRange(flow.Connections[0].Retransmissions, 1, 2); // the lost one, and maybe a probe of the tail
    });

    [Theory]
    [InlineData(1000)]
    [InlineData(1460)]
    [InlineData(0)]
    public Task A_stall_holds_a_connection_and_loses_nothing(int after) => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        net.Flow(client, server, Port).StallFor(TimeSpan.FromSeconds(2), responseBytes: after);
        Task serving = ServeAsync(server, 5000, times: 1);
        TimeSpan got = TimeSpan.Zero;
        int count = 0;
        await using NetConnection connection = await client.ConnectTcpAsync(new DnsEndPoint("server", Port));
        Stream stream = connection.AsStream();
        byte[] buffer = new byte[after == 0 ? 1 : after];
        if (after > 0) await stream.ReadExactlyAsync(buffer);
        got = net.Elapsed;
        for (byte[] rest = new byte[9000]; after + count < 5000 && await stream.ReadAsync(rest) is > 0 and int read;) count += read;
        Assert.Equal(5000, after + count);
        Assert.InRange(got, TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.InRange(net.Elapsed, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.2));
        await connection.DisposeAsync();
        await serving;
    });

    [Fact]
    public Task A_refused_connect_is_refused_once() => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        net.Flow(client, server, Port).Refuse();
        Task serving = ServeAsync(server, 10, times: 1);
        SocketException refused = await Assert.ThrowsAsync<SocketException>(() => client.ConnectTcpAsync(new DnsEndPoint("server", Port)).AsTask());
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.Equal((10, null), await DownloadAsync(client, 10));
        await serving;
    });

    [Fact]
    public Task A_flow_is_cut_beside_others_that_go_on() => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        net.Flow(client, server, Port).Partition(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        await Task.Delay(TimeSpan.FromSeconds(2), net.Time);
        Task echo = Programs.EchoOnceAsync(server, 7);
        Task serving = ServeAsync(server, 10, times: 1);
        Assert.Equal("other", await Programs.AskAsync(client, "server", 7, "other"));
        Assert.InRange(net.Elapsed, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2.1));
        Assert.Equal((10, null), await DownloadAsync(client, 10));
        Assert.InRange(net.Elapsed, TimeSpan.FromSeconds(11), TimeSpan.FromSeconds(25));
        await Task.WhenAll(echo, serving);
        net.Flow(client, server, 7).Should(connections: 1, retransmissions: 0, requestBytes: 5, responseBytes: 5);
    });

    [Fact]
    public Task What_is_wrong_is_told_with_the_connections() => VirtualNetwork.RunAsync(5, async net =>
    {
        (NetStackHost client, NetStackHost server) = net.AddPair("client", "server");
        Task serving = ServeAsync(server, 10, times: 1);
        await DownloadAsync(client, 10);
        await serving;
        NetworkFlow flow = net.Flow(client, server, Port);
        flow.Should(connections: 1, closedBy: Side.Client, by: Close.Fin, retransmissions: 0);
        string text = Assert.Throws<FlowException>(() => flow.Should(connections: 2, closedBy: Side.Server, by: Close.Reset)).Message;
        Assert.Contains("2 connections were expected, and there were 1", text, StringComparison.Ordinal);
        Assert.Contains("the Server was expected to close", text, StringComparison.Ordinal);
        Assert.Contains("closed at", text, StringComparison.Ordinal);
        Assert.Throws<FlowException>(() => net.Flow(client, server, 81).Should(by: Close.Reset));
    });

    private static async Task ServeAsync(NetStackHost host, int bytes, int times)
    {
        await using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
        for (int i = 0; i < times; i++)
        {
            await using NetConnection connection = await listener.AcceptAsync();
            try
            {
                await connection.Output.WriteAsync(new byte[bytes]);
                await connection.Input.ReadAsync(); // until the client closes
            }
            catch (IOException)
            {
                // a fault
            }
        }
    }

    private static async Task<(int Got, Exception? Failure)> DownloadAsync(NetStackHost client, int bytes = 100_000)
    {
        await using NetConnection connection = await client.ConnectTcpAsync(new DnsEndPoint("server", Port));
        return await ReadAsync(connection.AsStream(), bytes);
    }

    private static async Task<(int Got, Exception? Failure)> ReadAsync(Stream stream, int most = int.MaxValue)
    {
        int got = 0;
        byte[] buffer = new byte[4096];
        try
        {
            while (got < most && await stream.ReadAsync(buffer) is > 0 and int count) got += count;
            return (got, null);
        }
        catch (IOException failure)
        {
            return (got, failure);
        }
    }
}
