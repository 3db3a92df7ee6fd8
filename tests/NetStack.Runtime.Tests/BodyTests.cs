using System.Net;
using System.Net.Sockets;
using NetStack.Memory;
using NetStack.Nic.Virtual;
using NetStack.Tests.Kit;

namespace NetStack.Runtime.Tests;

/// <summary>Payload by handle through a host with two NICs, in virtual time.</summary>
public sealed class BodyTests
{
    private static readonly IPEndPoint Front = new(RelayHosts.Front, 80);
    private static readonly IPEndPoint Back = new(RelayHosts.Back, 8080);

    [Fact]
    public Task What_a_relay_passes_both_ways_arrives_and_is_copied_nowhere() => RelayHosts.RunAsync(async hosts =>
    {
        TestDevice.NeedsPlainRing();
        Task relay = RelayOneAsync(hosts);
        (NetConnection client, NetConnection server) = await ConnectAsync(hosts);
        byte[] there = RandomBytes(2_000_000, 1);
        byte[] back = RandomBytes(1_500_000, 2);
        await Task.WhenAll(SendAsync(client, there), SendAsync(server, back), ReceiveAsync(server, there), ReceiveAsync(client, back));
        await relay;
        BodyCounters counters = hosts.Relay.GetBodyCounters();
        Assert.Equal((there.Length + back.Length, 0L, 0L, 0L), (counters.BytesPassed, counters.BytesCopied, counters.CopiedUnread, counters.CopiedHeld));
        Assert.Equal(0, hosts.Relay.Stack.Meter.BodyBytesCopied);
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public Task On_bad_cables_everything_arrives_as_it_was_sent(ulong seed) => RelayHosts.RunAsync(
        async hosts =>
        {
            Task relay = RelayOneAsync(hosts);
            (NetConnection client, NetConnection server) = await ConnectAsync(hosts);
            byte[] there = RandomBytes(400_000, seed);
            byte[] back = RandomBytes(300_000, seed + 1);
            await Task.WhenAll(SendAsync(client, there), SendAsync(server, back), ReceiveAsync(server, there), ReceiveAsync(client, back));
            await relay;
            await client.DisposeAsync();
            await server.DisposeAsync();
        },
        seed,
        new Impairment { Delay = TimeSpan.FromMilliseconds(1), Loss = 0.01, Corrupt = 0.01 });

    [Fact]
    public Task A_half_close_passes_and_the_other_way_stays_open() => RelayHosts.RunAsync(async hosts =>
    {
        Task relay = RelayOneAsync(hosts);
        (NetConnection client, NetConnection server) = await ConnectAsync(hosts);
        byte[] question = RandomBytes(5000, 3);
        await SendAsync(client, question);
        await ReceiveAsync(server, question);
        await Task.Delay(TimeSpan.FromSeconds(5), hosts.Loop.TimeProvider);
        Assert.False(relay.IsCompleted);
        byte[] answer = RandomBytes(70_000, 4);
        await SendAsync(server, answer);
        await ReceiveAsync(client, answer);
        await relay;
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public Task A_reset_passes() => RelayHosts.RunAsync(async hosts =>
    {
        Task relay = RelayOneAsync(hosts);
        (NetConnection client, NetConnection server) = await ConnectAsync(hosts);
        await client.AsStream().WriteAsync(new byte[100]);
        Assert.Equal(100, await server.AsStream().ReadAtLeastAsync(new byte[100], 100));
        client.Abort();
        IOException reset = await Assert.ThrowsAsync<IOException>(async () => await server.Input.ReadAsync());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(reset.InnerException).SocketErrorCode);
        await Assert.ThrowsAsync<IOException>(() => relay);
        await server.DisposeAsync();
    });

    [Fact]
    public Task Datagrams_pass_and_are_copied_nowhere() => RelayHosts.RunAsync(async hosts =>
    {
        TestDevice.NeedsPlainRing();
        await using NetUdp client = hosts.Client.BindUdp(new IPEndPoint(IPAddress.Any, 0));
        await using NetUdp relay = hosts.Relay.BindUdp(new IPEndPoint(IPAddress.Any, 80));
        await using NetUdp server = hosts.Server.BindUdp(new IPEndPoint(IPAddress.Any, 8080));
        byte[] buffer = new byte[2000];
        for (int i = 0; i < 200; i++)
        {
            ValueTask<UdpReceivedBody> waiting = relay.ReceiveBodyAsync();
            byte[] sent = RandomBytes(i * 7, (ulong)i);
            await client.SendAsync(sent, Front);
            UdpReceivedBody got = await waiting;
            Assert.Equal((sent.Length, sent.Length, client.LocalEndPoint.Port), (got.Body.Length, got.Received.DatagramLength, got.Received.From.Port));
            Assert.True(got.Body.IsVerified);
            await relay.SendBodyAsync(got.Body, Back);
            int length = (await server.ReceiveAsync(buffer)).Length;
            Assert.Equal(sent, buffer[..length]);
        }
        BodyCounters counters = hosts.Relay.GetBodyCounters();
        Assert.Equal((0L, 0L), (counters.BytesCopied, counters.CopiedHeld));
        Assert.Equal(0, hosts.Relay.Stack.Meter.BodyBytesCopied);
    });

    [Fact]
    public Task A_body_goes_back_by_the_NIC_it_came_in_on() => RelayHosts.RunAsync(async hosts =>
    {
        await using NetUdp client = hosts.Client.BindUdp(new IPEndPoint(IPAddress.Any, 0));
        await using NetUdp relay = hosts.Relay.BindUdp(new IPEndPoint(IPAddress.Any, 80));
        byte[] sent = RandomBytes(1000, 1);
        await client.SendAsync(sent, Front);
        UdpReceivedBody got = await relay.ReceiveBodyAsync();
        await relay.SendBodyAsync(got.Body, got.Received.From);
        byte[] buffer = new byte[2000];
        int length = (await client.ReceiveAsync(buffer)).Length;
        Assert.Equal(sent, buffer[..length]);
        Assert.Equal(0, hosts.Relay.Stack.Meter.BodyBytesCopied);
    });

    [Fact]
    public Task A_body_that_is_held_is_moved_when_its_lease_ends_and_still_arrives() => RelayHosts.RunAsync(
        async hosts =>
        {
            TestDevice.NeedsPlainRing();
            (NetConnection client, NetConnection front, NetConnection back, NetConnection server) = await ConnectByHandAsync(hosts);
            byte[] data = RandomBytes(20_000, 5);
            Task sending = SendAsync(client, data);
            List<NetBody> held = [];
            for (int length = 0; length < data.Length; length += held[^1].Length) held.Add((await front.ReadBodyAsync())!.Value);
            await sending;
            Assert.Equal((held.Count, 0L), (hosts.Relay.GetBodyCounters().Held, hosts.Relay.GetBodyCounters().CopiedHeld));
            await Task.Delay(TimeSpan.FromMilliseconds(210), hosts.Loop.TimeProvider);
            Assert.Equal((held.Count, held.Count), (hosts.Relay.GetBodyCounters().Held, (int)hosts.Relay.GetBodyCounters().CopiedHeld));
            Assert.Equal(data.Length, hosts.Relay.Stack.Meter.BodyBytesCopied);
            Assert.All(Pools(hosts.Relay), p => Assert.Equal(p.Count - RelayHosts.RingSize, p.Available));
            foreach (NetBody body in held) await back.WriteBodyAsync(body);
            await back.Output.CompleteAsync();
            await ReceiveAsync(server, data);
            Assert.Equal(0, hosts.Relay.GetBodyCounters().Held);
            await DisposeAllAsync(client, front, back, server);
        },
        configure: o => o.BodyLease = TimeSpan.FromMilliseconds(200));

    [Fact]
    public Task A_program_that_holds_everything_starves_no_ring() => RelayHosts.RunAsync(
        async hosts =>
        {
            TestDevice.NeedsPlainRing();
            (NetConnection client, NetConnection front, NetConnection back, NetConnection server) = await ConnectByHandAsync(hosts);
            byte[] data = RandomBytes(1_000_000, 6);
            Task sending = SendAsync(client, data);
            List<NetBody> held = [];
            await foreach (NetBody body in front.ReadBodiesAsync()) held.Add(body);
            await sending;
            Assert.Equal(data.Length, held.Sum(b => b.Length));
            Assert.InRange(hosts.Relay.GetBodyCounters().CopiedHeld, 1, held.Count);
            Assert.Equal(56, (await hosts.Client.PingAsync(RelayHosts.Front)).Length); // the ring goes on
            Task receiving = ReceiveAsync(server, data);
            foreach (NetBody body in held) await back.WriteBodyAsync(body);
            await back.Output.CompleteAsync();
            await receiving;
            await DisposeAllAsync(client, front, back, server);
        },
        configure: o => o.BodyLease = TimeSpan.FromHours(1),
        receiveBuffers: 64);

    [Fact]
    public Task Bodies_that_were_forgotten_come_home_with_the_host() => RelayHosts.RunAsync(async hosts =>
    {
        (NetConnection client, NetConnection front, NetConnection back, NetConnection server) = await ConnectByHandAsync(hosts);
        byte[] data = RandomBytes(100_000, 7);
        await SendAsync(client, data);
        for (int length = 0; length < data.Length / 2;) length += (await front.ReadBodyAsync())!.Value.Length;
        await Task.Delay(TimeSpan.FromSeconds(2), hosts.Loop.TimeProvider);
        for (int length = 0; length < data.Length / 4;) length += (await front.ReadBodyAsync())!.Value.Length;
        Assert.NotEqual(0, hosts.Relay.GetBodyCounters().Held);
        await DisposeAllAsync(client, front, back, server);
    });

    [Fact]
    public Task A_body_is_used_once() => RelayHosts.RunAsync(async hosts =>
    {
        (NetConnection client, NetConnection front, NetConnection back, NetConnection server) = await ConnectByHandAsync(hosts);
        await client.AsStream().WriteAsync(new byte[1000]);
        NetBody written = (await front.ReadBodyAsync())!.Value;
        await back.WriteBodyAsync(written);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await back.WriteBodyAsync(written));
        written.Dispose();
        await client.AsStream().WriteAsync(new byte[1000]);
        NetBody disposed = (await front.ReadBodyAsync())!.Value;
        Assert.NotEqual(written, disposed);
        written.Dispose(); // names another body by now, if it named any
        Assert.Equal(1, hosts.Relay.GetBodyCounters().Held);
        disposed.Dispose();
        disposed.Dispose();
        Assert.Equal(0, hosts.Relay.GetBodyCounters().Held);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await back.WriteBodyAsync(disposed));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await back.WriteBodyAsync(default));
        Assert.Equal(1000, await server.AsStream().ReadAtLeastAsync(new byte[1000], 1000));
        await DisposeAllAsync(client, front, back, server);
    });

    [Fact]
    public Task A_write_that_waits_for_room_can_be_cancelled_and_lets_its_body_go() => RelayHosts.RunAsync(async hosts =>
    {
        (NetConnection client, NetConnection front, NetConnection back, NetConnection server) = await ConnectByHandAsync(hosts);
        byte[] data = RandomBytes(8_000_000, 8);
        Task sending = SendAsync(client, data);
        using CancellationTokenSource source = new(TimeSpan.FromSeconds(30), hosts.Loop.TimeProvider);
        int passed = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await front.ReadBodyAsync() is { } body)
            {
                await back.WriteBodyAsync(body, source.Token); // the server reads nothing
                passed += body.Length;
            }
        });
        Assert.Equal(0, hosts.Relay.GetBodyCounters().Held);
        await back.Output.CompleteAsync();
        await ReceiveAsync(server, data[..passed]);
        front.Abort();
        await Assert.ThrowsAsync<IOException>(() => sending);
        await DisposeAllAsync(client, front, back, server);
    });

    [Fact]
    public Task Bytes_and_bodies_go_in_the_order_in_which_they_were_written() => RelayHosts.RunAsync(async hosts =>
    {
        (NetConnection client, NetConnection front, NetConnection back, NetConnection server) = await ConnectByHandAsync(hosts);
        byte[] data = RandomBytes(300_000, 9);
        Task sending = SendAsync(client, data);
        byte[] mark = [1, 2, 3];
        Task relaying = Task.Run(async () =>
        {
            await foreach (NetBody body in front.ReadBodiesAsync())
            {
                mark.CopyTo(back.Output.GetSpan(3));
                back.Output.Advance(3); // not flushed: the body goes behind it all the same
                await back.WriteBodyAsync(body);
            }
            await back.Output.CompleteAsync();
        });
        using MemoryStream got = new();
        await server.AsStream().CopyToAsync(got);
        await Task.WhenAll(relaying, sending);
        Assert.Equal(mark, got.ToArray()[..3]);
        Assert.True(got.Length > data.Length);
        await DisposeAllAsync(client, front, back, server);
    });

    [Fact]
    public Task A_host_that_does_not_pass_bodies_through_says_so() => HostPair.RunAsync(async pair =>
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        NetConnection client = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7));
        await using NetUdp udp = pair.A.BindUdp(new IPEndPoint(IPAddress.Any, 0));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await client.ReadBodyAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await udp.ReceiveBodyAsync());
        client.Abort();
    });

    /// <summary>The relay: two loops, and a reset carried on.</summary>
    private static async Task RelayOneAsync(RelayHosts hosts)
    {
        await using NetListener listener = hosts.Relay.ListenTcp(new IPEndPoint(IPAddress.Any, Front.Port));
        await using NetConnection front = await listener.AcceptAsync();
        await using NetConnection back = await hosts.Relay.ConnectTcpAsync(Back);
        await Task.WhenAll(PassAsync(front, back), PassAsync(back, front));

        static async Task PassAsync(NetConnection from, NetConnection to)
        {
            try
            {
                await foreach (NetBody body in from.ReadBodiesAsync()) await to.WriteBodyAsync(body);
                await to.Output.CompleteAsync();
            }
            catch (IOException)
            {
                from.Abort();
                to.Abort();
                throw;
            }
        }
    }

    private static async Task<(NetConnection Client, NetConnection Server)> ConnectAsync(RelayHosts hosts)
    {
        await using NetListener listener = hosts.Server.ListenTcp(new IPEndPoint(IPAddress.Any, Back.Port));
        NetConnection client = await hosts.Client.ConnectTcpAsync(Front);
        return (client, await listener.AcceptAsync());
    }

    private static async Task<(NetConnection Client, NetConnection Front, NetConnection Back, NetConnection Server)> ConnectByHandAsync(RelayHosts hosts)
    {
        await using NetListener outer = hosts.Relay.ListenTcp(new IPEndPoint(IPAddress.Any, Front.Port));
        await using NetListener inner = hosts.Server.ListenTcp(new IPEndPoint(IPAddress.Any, Back.Port));
        NetConnection client = await hosts.Client.ConnectTcpAsync(Front);
        NetConnection back = await hosts.Relay.ConnectTcpAsync(Back);
        return (client, await outer.AcceptAsync(), back, await inner.AcceptAsync());
    }

    private static async Task SendAsync(NetConnection connection, byte[] data)
    {
        await connection.Output.WriteAsync(data);
        await connection.Output.CompleteAsync();
    }

    private static async Task ReceiveAsync(NetConnection connection, byte[] expected)
    {
        using MemoryStream got = new();
        await connection.AsStream().CopyToAsync(got);
        Assert.Equal(expected.Length, got.Length);
        Assert.True(got.ToArray().AsSpan().SequenceEqual(expected));
    }

    private static async Task DisposeAllAsync(params NetConnection[] connections)
    {
        foreach (NetConnection connection in connections) await connection.DisposeAsync();
    }

    private static IEnumerable<BufferPool> Pools(NetStackHost host) => host.Driver.Attachments.SelectMany(a => a.ReceiveBuffers);

    private static byte[] RandomBytes(int count, ulong seed)
    {
        byte[] bytes = new byte[count];
        new SeededRandom(seed).Fill(bytes);
        return bytes;
    }
}
