using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using NetStack.Nic.Virtual;

namespace NetStack.Runtime.Tests;

/// <summary>Connections as pipes, in virtual time.</summary>
public sealed class ConnectionTests
{
    private const int Port = 7;

    [Fact]
    public Task What_is_written_comes_back_from_an_echo_server() => HostPair.RunAsync(async pair =>
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
        Task server = EchoAsync(listener);
        await using NetConnection connection = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, Port));
        Assert.Equal(new IPEndPoint(HostPair.AddressB, Port), connection.RemoteEndPoint);
        Assert.Equal(HostPair.AddressA, connection.LocalEndPoint.Address);
        byte[] data = Bytes(200_000, seed: 3);
        Task writing = WriteAsync(connection.Output, data);
        byte[] back = await ReadToEndAsync(connection.Input);
        await writing;
        Assert.Equal(data, back);
        await server;
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public Task A_lossy_link_delivers_every_byte_in_order_both_ways(ulong seed) => HostPair.RunAsync(
        async pair =>
        {
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
            byte[] there = Bytes(500_000, seed);
            byte[] back = Bytes(300_000, seed + 1);
            Task<byte[]> server = Task.Run(async () =>
            {
                await using NetConnection accepted = await listener.AcceptAsync();
                Task writing = WriteAsync(accepted.Output, back);
                byte[] got = await ReadToEndAsync(accepted.Input);
                await writing;
                return got;
            });
            await using NetConnection connection = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, Port));
            Task sending = WriteAsync(connection.Output, there);
            byte[] received = await ReadToEndAsync(connection.Input);
            await sending;
            Assert.Equal(back, received);
            Assert.Equal(there, await server);
        },
        seed,
        new Impairment { Loss = 0.03, Reorder = 0.05, Duplicate = 0.01, Corrupt = 0.01, Delay = TimeSpan.FromMilliseconds(5) });

    [Fact]
    public Task Nobody_listening_is_a_connection_refused() => HostPair.RunAsync(async pair =>
    {
        SocketException refused = await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 9)));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
    });

    [Fact]
    public Task No_answer_is_a_time_out_and_nobody_there_is_an_unreachable_host() => HostPair.RunAsync(async pair =>
    {
        SocketException nobody = await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(IPAddress.Parse("10.0.0.77"), 9)));
        Assert.Equal(SocketError.HostUnreachable, nobody.SocketErrorCode);
        SocketException noRoute = await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 9)));
        Assert.Equal(SocketError.NetworkUnreachable, noRoute.SocketErrorCode);
    });

    [Fact]
    public Task A_reset_ends_reads_and_writes_with_connection_reset() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        await client.Output.WriteAsync(new byte[10]);
        ReadResult first = await server.Input.ReadAsync();
        server.Input.AdvanceTo(first.Buffer.End);
        Task<ReadResult> reading = client.Input.ReadAsync().AsTask();
        server.Abort();
        AssertReset(await Assert.ThrowsAsync<IOException>(() => reading));
        AssertReset(await Assert.ThrowsAsync<IOException>(async () => await client.Output.WriteAsync(new byte[1])));
        await client.DisposeAsync();
        await server.DisposeAsync();

        static void AssertReset(IOException failure) =>
            Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
    });

    [Fact]
    public Task Completing_the_output_is_a_half_close() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        await client.Output.CompleteAsync();
        ReadResult end = await server.Input.ReadAsync();
        Assert.True(end.IsCompleted);
        Assert.True(end.Buffer.IsEmpty);
        server.Input.AdvanceTo(end.Buffer.End);
        await server.Output.WriteAsync(new byte[] { 1, 2, 3 });
        await server.Output.CompleteAsync();
        Assert.Equal([1, 2, 3], await ReadToEndAsync(client.Input));
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public Task A_reader_that_does_not_read_stops_the_writer_and_nothing_is_lost() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        byte[] data = Bytes(20_000_000, seed: 9);
        Task writing = WriteAsync(client.Output, data);
        await Task.Delay(TimeSpan.FromSeconds(5), pair.Loop.TimeProvider);
        Assert.False(writing.IsCompleted);
        Assert.Equal(0, client.GetInfo().Retransmitted); // the window closed before anything came that there was no room for
        byte[] got = await ReadToEndAsync(server.Input);
        await writing;
        Assert.True(data.AsSpan().SequenceEqual(got));
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public Task What_was_examined_and_not_consumed_comes_again_with_more() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        await client.Output.WriteAsync(new byte[] { 1, 2, 3 });
        ReadResult read = await server.Input.ReadAsync();
        Assert.Equal(3, read.Buffer.Length);
        server.Input.AdvanceTo(read.Buffer.GetPosition(1), read.Buffer.End);
        Assert.False(server.Input.TryRead(out _));
        ValueTask<ReadResult> waiting = server.Input.ReadAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        Assert.False(waiting.IsCompleted);
        await client.Output.WriteAsync(new byte[] { 4 });
        read = await waiting;
        Assert.Equal([2, 3, 4], read.Buffer.ToArray());
        server.Input.AdvanceTo(read.Buffer.Start, read.Buffer.Start); // nothing examined: it may be read again at once
        Assert.True(server.Input.TryRead(out read));
        server.Input.AdvanceTo(read.Buffer.End);
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public Task A_pending_read_can_be_cancelled_in_both_ways() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        using CancellationTokenSource source = new();
        Task<ReadResult> reading = client.Input.ReadAsync(source.Token).AsTask();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        ValueTask<ReadResult> again = client.Input.ReadAsync();
        client.Input.CancelPendingRead();
        ReadResult cancelled = await again;
        Assert.True(cancelled.IsCanceled);
        client.Input.AdvanceTo(cancelled.Buffer.End);
        await server.Output.WriteAsync(new byte[] { 5 });
        ReadResult read = await client.Input.ReadAsync();
        Assert.Equal(5, read.Buffer.FirstSpan[0]);
        client.Input.AdvanceTo(read.Buffer.End);
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public Task Closing_with_unread_bytes_resets_the_peer() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        await client.Output.WriteAsync(new byte[100]);
        await Task.Delay(TimeSpan.FromMilliseconds(50), pair.Loop.TimeProvider);
        await server.DisposeAsync();
        IOException failure = await Assert.ThrowsAsync<IOException>(async () => await client.Input.ReadAsync());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
        await client.DisposeAsync();
    });

    [Fact]
    public Task Bytes_that_are_looked_at_stay_what_they_are_when_the_connection_is_aborted() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        (NetConnection other, NetConnection otherServer) = await ConnectAsync(pair, Port + 1);
        byte[] data = Bytes(5000, seed: 4);
        await client.Output.WriteAsync(data);
        ReadResult read = await server.Input.ReadAtLeastAsync(5000);
        server.Abort();
        await other.Output.WriteAsync(Bytes(100_000, seed: 5));
        ReadResult more = await otherServer.Input.ReadAtLeastAsync(50_000);
        Assert.Equal(data, read.Buffer.ToArray());
        server.Input.AdvanceTo(read.Buffer.End);
        otherServer.Input.AdvanceTo(more.Buffer.End);
        otherServer.Abort();
        await other.DisposeAsync();
        await client.DisposeAsync();
    });

    [Fact]
    public Task A_listener_that_is_disposed_of_ends_its_accepts() => HostPair.RunAsync(async pair =>
    {
        NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
        Task<NetConnection> accepting = listener.AcceptAsync().AsTask();
        Task<int> all = Task.Run(async () =>
        {
            int count = 0;
            await foreach (NetConnection _ in listener.AcceptAllAsync()) count++;
            return count;
        });
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        await listener.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => accepting);
        Assert.Equal(0, await all);
        SocketException taken = Assert.Throws<SocketException>(() =>
        {
            using NetListener first = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
            pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
        });
        Assert.Equal(SocketError.AddressAlreadyInUse, taken.SocketErrorCode);
    });

    [Fact]
    public Task Disposing_fails_a_read_that_waits_and_resets_a_write_that_does() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        Task<ReadResult> reading = client.Input.ReadAsync().AsTask();
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await server.DisposeAsync();
        (client, server) = await ConnectAsync(pair);
        Task writing = client.Output.WriteAsync(new byte[30_000_000]).AsTask();
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        Assert.False(writing.IsCompleted);
        await client.DisposeAsync();
        IOException cut = await Assert.ThrowsAsync<IOException>(() => writing);
        Assert.Equal(SocketError.ConnectionAborted, Assert.IsType<SocketException>(cut.InnerException).SocketErrorCode);
        await Assert.ThrowsAsync<IOException>(() => server.AsStream().CopyToAsync(Stream.Null)); // a reset, no end
        await server.DisposeAsync();
    });

    [Fact]
    public Task Stopping_a_host_ends_what_waits_on_it() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        Task<ReadResult> reading = server.Input.ReadAsync().AsTask();
        Task<NetConnection> accepting = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 99)).AcceptAsync().AsTask();
        Task<UdpReceived> receiving = pair.B.BindUdp(new IPEndPoint(IPAddress.Any, 99)).ReceiveAsync(new byte[1]).AsTask();
        await pair.B.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => accepting);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => receiving);
        await Assert.ThrowsAsync<IOException>(() => reading);
        await Assert.ThrowsAsync<IOException>(async () => await client.Input.ReadAsync());
        await client.DisposeAsync();
    });

    [Fact]
    public Task A_flush_can_be_cancelled_before_and_while_it_waits_and_its_bytes_still_arrive() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        byte[] data = Bytes(20_000_000, seed: 6);
        client.Output.CancelPendingFlush();
        Assert.True((await client.Output.WriteAsync(data.AsMemory(0, 10_000_000))).IsCanceled);
        ValueTask<FlushResult> waiting = client.Output.WriteAsync(data.AsMemory(10_000_000));
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        Assert.False(waiting.IsCompleted);
        client.Output.CancelPendingFlush();
        Assert.True((await waiting).IsCanceled);
        Task<byte[]> reading = ReadToEndAsync(server.Input);
        Assert.False((await client.Output.FlushAsync()).IsCanceled);
        await client.Output.CompleteAsync();
        byte[] got = await reading;
        Assert.True(data.AsSpan().SequenceEqual(got));
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Theory]
    [InlineData("10.0.0.1 10.0.0.2 10.0.0.3 ::1", "10.0.0.1 ::1 10.0.0.2 10.0.0.3")]
    [InlineData("::1 ::2 10.0.0.1 10.0.0.2 10.0.0.3", "::1 10.0.0.1 ::2 10.0.0.2 10.0.0.3")]
    [InlineData("::1", "::1")]
    public void Addresses_are_tried_family_by_family_in_turn(string addresses, string order)
    {
        IPAddress[] given = [.. addresses.Split(' ').Select(IPAddress.Parse)];
        Assert.Equal(order, string.Join(' ', NetStackHost.Interleave(given).AsEnumerable()));
    }

    [Fact]
    public async Task In_virtual_time_the_same_seeds_give_the_same_run()
    {
        List<string> first = await TraceAsync();
        Assert.True(first.Count > 100);
        for (int i = 0; i < 5; i++) Assert.Equal(first, await TraceAsync());

        static async Task<List<string>> TraceAsync()
        {
            List<string> trace = [];
            await HostPair.RunAsync(
                async pair =>
                {
                    await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, Port));
                    Task server = Task.Run(async () =>
                    {
                        await foreach (NetConnection accepted in listener.AcceptAllAsync()) _ = Task.Run(() => EchoOneAsync(accepted));
                    });
                    await Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
                    {
                        await Task.Delay(TimeSpan.FromMilliseconds(n), pair.Loop.TimeProvider).ConfigureAwait(false);
                        await using NetConnection connection = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, Port)).ConfigureAwait(false);
                        Task writing = Task.Run(() => WriteAsync(connection.Output, Bytes(200_000, (ulong)n)));
                        for (bool isOver = false; !isOver;)
                        {
                            ReadResult read = await connection.Input.ReadAsync().ConfigureAwait(false);
                            trace.Add($"{pair.Loop.Now} {connection.LocalEndPoint.Port} {read.Buffer.Length}");
                            isOver = read.IsCompleted;
                            connection.Input.AdvanceTo(read.Buffer.End);
                        }
                        await writing.ConfigureAwait(false);
                    })));
                    await listener.DisposeAsync();
                    await server;
                },
                seed: 11,
                new Impairment { Loss = 0.02, Reorder = 0.02, Delay = TimeSpan.FromMilliseconds(3), Jitter = TimeSpan.FromMilliseconds(1) });
            return trace;
        }

        static async Task EchoOneAsync(NetConnection connection)
        {
            await using (connection) await connection.Input.CopyToAsync(connection.Output);
        }
    }

    private static byte[] Bytes(int count, ulong seed)
    {
        byte[] bytes = new byte[count];
        new SeededRandom(seed).Fill(bytes);
        return bytes;
    }

    private static async Task<(NetConnection Client, NetConnection Server)> ConnectAsync(HostPair pair, int port = Port)
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, port));
        ValueTask<NetConnection> accepting = listener.AcceptAsync();
        NetConnection client = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, port));
        return (client, await accepting);
    }

    private static async Task EchoAsync(NetListener listener)
    {
        await using NetConnection connection = await listener.AcceptAsync();
        await connection.Input.CopyToAsync(connection.Output);
    }

    private static async Task WriteAsync(PipeWriter writer, byte[] data)
    {
        for (int done = 0; done < data.Length;)
        {
            int part = Math.Min(data.Length - done, 1 + (int)(done * 7919L % 30_000));
            if (done % 2 == 0)
            {
                await writer.WriteAsync(data.AsMemory(done, part));
            }
            else
            {
                data.AsSpan(done, part).CopyTo(writer.GetSpan(part));
                writer.Advance(part);
                await writer.FlushAsync();
            }
            done += part;
        }
        await writer.CompleteAsync();
    }

    private static async Task<byte[]> ReadToEndAsync(PipeReader reader)
    {
        ArrayBufferWriter<byte> all = new();
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            foreach (ReadOnlyMemory<byte> part in result.Buffer) all.Write(part.Span);
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return all.WrittenSpan.ToArray();
        }
    }
}
