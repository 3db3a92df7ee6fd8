using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace NetStack.Runtime.Tests;

/// <summary>Connections as streams, in virtual time and in real time.</summary>
public sealed class StreamTests
{
    [Fact]
    public Task A_read_of_no_bytes_waits_for_data_and_takes_none() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        Stream stream = client.AsStream();
        ValueTask<int> waiting = stream.ReadAsync(Memory<byte>.Empty);
        await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        Assert.False(waiting.IsCompleted);
        await server.AsStream().WriteAsync(new byte[] { 1, 2 });
        Assert.Equal(0, await waiting);
        byte[] buffer = new byte[10];
        Assert.Equal(2, await stream.ReadAsync(buffer));
        await server.Output.CompleteAsync();
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty));
        Assert.Equal(0, await stream.ReadAsync(buffer));
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public Task A_cancelled_read_leaves_the_stream_usable() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        using CancellationTokenSource source = new(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await client.AsStream().ReadAsync(new byte[1], source.Token));
        await server.AsStream().WriteAsync(new byte[] { 7 });
        byte[] buffer = new byte[1];
        Assert.Equal(1, await client.AsStream().ReadAsync(buffer));
        Assert.Equal(7, buffer[0]);
        await client.DisposeAsync();
        await server.DisposeAsync();
    });

    [Fact]
    public Task What_was_written_before_the_dispose_arrives_though_the_peer_reads_late() => HostPair.RunAsync(async pair =>
    {
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        byte[] data = RandomBytes(3_000_000);
        client.Output.Write(data.AsSpan());
        ValueTask disposing = client.DisposeAsync();
        await Task.Delay(TimeSpan.FromSeconds(3), pair.Loop.TimeProvider);
        Assert.False(disposing.IsCompleted);
        using MemoryStream got = new();
        await server.AsStream().CopyToAsync(got);
        await disposing;
        Assert.True(got.ToArray().AsSpan().SequenceEqual(data));
        await server.DisposeAsync();
    });

    [Fact]
    public Task A_connection_that_was_forgotten_is_reset_and_one_that_is_being_read_is_not() => HostPair.RunAsync(async pair =>
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        await ForgetAsync(pair);
        NetConnection server = await listener.AcceptAsync();
        Task<int> read = await ReadWithoutReferenceAsync(pair);
        NetConnection second = await listener.AcceptAsync();
        for (int i = 0; i < 10; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(TimeSpan.FromMilliseconds(10), pair.Loop.TimeProvider);
        }
        IOException reset = await Assert.ThrowsAsync<IOException>(async () => await server.Input.ReadAsync());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(reset.InnerException).SocketErrorCode);
        Assert.False(read.IsCompleted);
        await second.Output.WriteAsync(new byte[] { 1 });
        Assert.Equal(1, await read);
        second.Abort();
        server.Abort();
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Real_time_echo_over_tls_on_the_thread_pool_and_inline(bool isInline)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        await using RealTimeLoop loop = new();
        await using HostPair pair = await HostPair.StartAsync(loop, configure: o => o.Scheduler = isInline ? System.IO.Pipelines.PipeScheduler.Inline : System.IO.Pipelines.PipeScheduler.ThreadPool);
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        using RSA key = RSA.Create(2048);
        using X509Certificate2 certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        Task echo = Task.Run(async () =>
        {
            await using SslStream secure = new(server.AsStream());
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, limit.Token);
            await secure.CopyToAsync(secure, limit.Token);
            await secure.ShutdownAsync();
        });
        byte[] data = RandomBytes(2_000_000);
        using MemoryStream got = new();
        await using (SslStream secure = new(client.AsStream()))
        {
            await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "test", RemoteCertificateValidationCallback = (_, _, _, _) => true }, limit.Token);
            Task writing = Task.Run(
                async () =>
                {
                    await secure.WriteAsync(data, limit.Token);
                    await secure.ShutdownAsync();
                },
                limit.Token);
            await secure.CopyToAsync(got, limit.Token);
            await writing;
        }
        await echo;
        Assert.True(got.ToArray().AsSpan().SequenceEqual(data));
        Assert.Null(loop.Failure);
    }

    [Fact]
    public async Task Synchronous_reads_and_writes_block_and_work()
    {
        await using RealTimeLoop loop = new();
        await using HostPair pair = await HostPair.StartAsync(loop);
        (NetConnection client, NetConnection server) = await ConnectAsync(pair);
        byte[] data = RandomBytes(500_000);
        Task<byte[]> reading = Task.Factory.StartNew(
            () =>
            {
                byte[] got = new byte[data.Length];
                server.AsStream().ReadExactly(got);
                return got;
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        client.AsStream().Write(data);
        Assert.True((await reading).AsSpan().SequenceEqual(data));
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task Many_connections_at_once_in_real_time_lose_nothing()
    {
        await using RealTimeLoop loop = new();
        await using HostPair pair = await HostPair.StartAsync(loop);
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        Task server = Task.Run(async () =>
        {
            await foreach (NetConnection connection in listener.AcceptAllAsync()) _ = EchoAsync(connection);
        });
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            byte[] data = RandomBytes(100_000 + i);
            await using NetConnection connection = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7));
            Task writing = Task.Run(async () =>
            {
                for (int done = 0; done < data.Length; done += 5000) await connection.Output.WriteAsync(data.AsMemory(done, Math.Min(5000, data.Length - done)));
                await connection.Output.CompleteAsync();
            });
            using MemoryStream got = new();
            await connection.AsStream().CopyToAsync(got);
            await writing;
            Assert.True(got.ToArray().AsSpan().SequenceEqual(data));
        }));
        await listener.DisposeAsync();
        await server;
        Assert.Null(loop.Failure);

        static async Task EchoAsync(NetConnection connection)
        {
            await using (connection) await connection.Input.CopyToAsync(connection.Output);
        }
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new SeededRandom((ulong)count).Fill(bytes);
        return bytes;
    }

    private static async Task<(NetConnection Client, NetConnection Server)> ConnectAsync(HostPair pair)
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        ValueTask<NetConnection> accepting = listener.AcceptAsync();
        NetConnection client = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7));
        return (client, await accepting);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task ForgetAsync(HostPair pair)
    {
        NetConnection connection = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7));
        await connection.Output.FlushAsync();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<Task<int>> ReadWithoutReferenceAsync(HostPair pair)
    {
        NetConnection connection = await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 7));
        return connection.AsStream().ReadAsync(new byte[1]).AsTask();
    }
}
