using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using NetStack.Nic.Virtual;
using NetStack.Runtime.Tests;

namespace NetStack.Kestrel.Tests;

/// <summary>The transport by itself: what a connection handler finds under it.</summary>
public sealed class TransportTests
{
    private static readonly Type[] Features =
    [
        typeof(IConnectionIdFeature), typeof(IConnectionTransportFeature), typeof(IConnectionItemsFeature), typeof(IConnectionLifetimeFeature),
        typeof(IConnectionEndPointFeature), typeof(IMemoryPoolFeature),
    ];

    [Fact]
    public Task A_connection_has_the_features_of_a_transport_and_no_socket() => RunAsync(async (client, server, time) =>
    {
        foreach (Type feature in Features) Assert.NotNull(server.Features[feature]);
        Assert.Null(server.Features.Get<IConnectionSocketFeature>());
        Assert.Equal(new IPEndPoint(HostPair.AddressB, 80), server.LocalEndPoint);
        Assert.Equal(client.LocalEndPoint, server.RemoteEndPoint);
        Assert.Equal(13, server.ConnectionId.Length);
        server.Items["a"] = 1;
        Assert.Equal(1, server.Features.Get<IConnectionItemsFeature>()!.Items["a"]);
        using IMemoryOwner<byte> block = server.Features.Get<IMemoryPoolFeature>()!.MemoryPool.Rent();
        Assert.NotEmpty(block.Memory.ToArray());
        await client.DisposeAsync();
    });

    [Fact]
    public Task An_echo_ends_with_a_half_close_each_way() => RunAsync(async (client, server, time) =>
    {
        Task echoed = server.Transport.Input.CopyToAsync(server.Transport.Output);
        byte[] sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        Task written = WriteAsync();
        using MemoryStream back = new();
        await client.AsStream().CopyToAsync(back);
        await Task.WhenAll(written, echoed);
        Assert.Equal(sent, back.ToArray());

        async Task WriteAsync()
        {
            await client.Output.WriteAsync(sent);
            await client.Output.CompleteAsync();
            await echoed;
            await server.Transport.Output.CompleteAsync();
        }
    });

    [Fact]
    public Task A_flush_to_a_client_that_reset_is_complete_and_does_not_throw() => RunAsync(async (client, server, time) =>
    {
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        server.ConnectionClosed.Register(closed.SetResult);
        client.Abort();
        ConnectionResetException failure = await Assert.ThrowsAsync<ConnectionResetException>(async () => await server.Transport.Input.ReadAsync());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(failure.InnerException).SocketErrorCode);
        for (int i = 0; i < 3; i++)
        {
            server.Transport.Output.GetSpan(10_000).Clear();
            server.Transport.Output.Advance(10_000);
            Assert.True((await server.Transport.Output.FlushAsync()).IsCompleted);
            Assert.True((await server.Transport.Output.WriteAsync(new byte[10])).IsCompleted);
        }
        await closed.Task;
    });

    [Fact]
    public Task A_flush_that_waits_is_complete_when_the_client_resets() => RunAsync(async (client, server, time) =>
    {
        Task<FlushResult> flush = server.Transport.Output.WriteAsync(new byte[32 << 20]).AsTask();
        await Task.Delay(TimeSpan.FromSeconds(1), time);
        Assert.False(flush.IsCompleted);
        client.Abort();
        Assert.True((await flush).IsCompleted);
    });

    [Fact]
    public Task A_read_that_waits_can_be_cancelled_and_goes_on() => RunAsync(async (client, server, time) =>
    {
        Task<ReadResult> read = server.Transport.Input.ReadAsync().AsTask();
        await Task.Yield();
        server.Transport.Input.CancelPendingRead();
        Assert.True((await read).IsCanceled);
        server.Transport.Input.AdvanceTo((await read).Buffer.End);
        server.Transport.Input.CancelPendingRead(); // before a read: it ends the next one
        ReadResult next = await server.Transport.Input.ReadAsync();
        Assert.True(next.IsCanceled);
        server.Transport.Input.AdvanceTo(next.Buffer.End);
        await client.Output.WriteAsync("abc"u8.ToArray());
        ReadResult data = await server.Transport.Input.ReadAsync();
        Assert.Equal("abc"u8, data.Buffer.ToArray());
        server.Transport.Input.AdvanceTo(data.Buffer.Start, data.Buffer.End); // seen, not consumed
        await client.Output.WriteAsync("d"u8.ToArray());
        data = await server.Transport.Input.ReadAsync();
        Assert.Equal("abcd"u8, data.Buffer.ToArray());
        server.Transport.Input.AdvanceTo(data.Buffer.End);
    });

    [Fact]
    public Task An_abort_resets_the_client_and_says_why_to_the_reader() => RunAsync(async (client, server, time) =>
    {
        Task<ReadResult> read = server.Transport.Input.ReadAsync().AsTask();
        ConnectionAbortedException reason = new("enough");
        server.Abort(reason);
        Assert.Same(reason, await Assert.ThrowsAsync<ConnectionAbortedException>(() => read));
        IOException seen = await Assert.ThrowsAsync<IOException>(async () => await client.Input.ReadAsync());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(seen.InnerException).SocketErrorCode);
        await Task.Delay(TimeSpan.FromMilliseconds(10), time);
        Assert.True(server.ConnectionClosed.IsCancellationRequested);
    });

    [Fact]
    public Task A_stream_that_had_ended_before_an_abort_has_ended() => RunAsync(async (client, server, time) =>
    {
        await client.DisposeAsync();
        TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        server.ConnectionClosed.Register(closed.SetResult);
        await closed.Task;
        server.Abort(new ConnectionAbortedException("it went away"));
        ReadResult read = await server.Transport.Input.ReadAsync();
        Assert.True(read.IsCompleted && read.Buffer.IsEmpty);
        server.Transport.Input.AdvanceTo(read.Buffer.End);
    });

    [Fact]
    public Task A_read_of_no_bytes_waits_for_one_and_takes_none() => RunAsync(async (client, server, time) =>
    {
        Stream stream = client.AsStream();
        Task<int> read = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        await Task.Delay(TimeSpan.FromSeconds(1), time);
        Assert.False(read.IsCompleted);
        await server.Transport.Output.WriteAsync("x"u8.ToArray());
        Assert.Equal(0, await read);
        byte[] one = new byte[2];
        Assert.Equal(1, await stream.ReadAsync(one));
        read = stream.ReadAsync(Memory<byte>.Empty).AsTask();
        await server.Transport.Output.CompleteAsync();
        Assert.Equal(0, await read); // the end
        Assert.Equal(0, await stream.ReadAsync(one));
    });

    [Fact]
    public Task Reads_of_no_bytes_are_what_http_2_asks_of_a_connection()
    {
        CountingStream? counting = null;
        return Web.RunAsync(
            a => a.MapGet("/", () => "hi"),
            async web =>
            {
                HttpClient client = web.Client(HttpVersion.Version20, handler =>
                {
                    Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect = handler.ConnectCallback!;
                    handler.ConnectCallback = async (context, cancellation) => counting = new CountingStream(await connect(context, cancellation));
                });
                for (int i = 0; i < 10; i++) Assert.Equal("hi", await client.GetStringAsync("/"));
                Assert.True(counting!.EmptyReads > 0);
            },
            Web.Tls);
    }

    [Fact]
    public async Task A_host_and_ordinary_sockets_live_side_by_side()
    {
        await using RealTimeLoop loop = new();
        await using HostPair pair = await HostPair.StartAsync(loop);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseNetStack(pair.B, o => o.BindsAnyAddress = false).ConfigureKestrel(k =>
        {
            k.Listen(HostPair.AddressB, 80);
            k.Listen(IPAddress.Loopback, 0);
        });
        await using WebApplication app = builder.Build();
        app.MapGet("/", (HttpContext c) => $"{c.Connection.LocalIpAddress}");
        await app.StartAsync();
        using HttpClient overStack = new(pair.A.CreateHttpHandler());
        using HttpClient overSockets = new();
        Assert.Equal("10.0.0.2", await overStack.GetStringAsync("http://10.0.0.2/"));
        Assert.Equal("127.0.0.1", await overSockets.GetStringAsync(app.Urls.Single(u => u.Contains("127.0.0.1", StringComparison.Ordinal))));
        await app.StopAsync();
    }

    [Fact]
    public Task A_client_made_of_connections_connects_from_the_host() => HostPair.RunAsync(async pair =>
    {
        await using WebApplication application = Application(pair.A);
        IConnectionFactory connections = application.Services.GetRequiredService<IConnectionFactory>();
        using NetListener listener = pair.B.ListenTcp(Web.Server);
        await using ConnectionContext client = await connections.ConnectAsync(Web.Server);
        await using NetConnection server = await listener.AcceptAsync();
        await client.Transport.Output.WriteAsync("hello"u8.ToArray());
        ReadResult read = await server.Input.ReadAsync();
        Assert.Equal("hello"u8, read.Buffer.ToArray());
        server.Input.AdvanceTo(read.Buffer.End);
        Assert.Equal(Web.Server, client.RemoteEndPoint);
        SocketException failure = await Assert.ThrowsAsync<SocketException>(async () => await connections.ConnectAsync(new IPEndPoint(HostPair.AddressB, 81)));
        Assert.Equal(SocketError.ConnectionRefused, failure.SocketErrorCode);
    });

    [Fact]
    public Task The_pool_of_a_listener_is_the_containers_and_is_given_back() => HostPair.RunAsync(async pair =>
    {
        Pools pools = new();
        Action<KestrelHostOptions> options = o =>
        {
            Web.Tls(o); // TLS takes blocks of the pool; the transport takes none
            o.ConfigureBuilder = b => b.Services.AddSingleton<IMemoryPoolFactory<byte>>(pools);
        };
        await using (KestrelHost app = await pair.B.StartKestrelAsync(a => a.MapGet("/", () => "hi"), options))
        {
            using SocketsHttpHandler handler = pair.A.CreateHttpHandler();
            handler.SslOptions = Certificates.Client;
            using HttpClient http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
            Assert.Equal("hi", await http.GetStringAsync("https://10.0.0.2/"));
            Assert.True(pools.Rented > 0);
            Assert.Equal(0, pools.Disposed);
        }
        Assert.Equal(1, pools.Disposed);
    });

    [Fact]
    public Task Only_addresses_of_the_host_and_any_address_are_bound() => HostPair.RunAsync(async pair =>
    {
        await using WebApplication application = Application(pair.B);
        IConnectionListenerFactorySelector selector = (IConnectionListenerFactorySelector)application.Services.GetRequiredService<IConnectionListenerFactory>();
        Assert.True(selector.CanBind(new IPEndPoint(HostPair.AddressB, 80)));
        Assert.True(selector.CanBind(new IPEndPoint(IPAddress.Any, 80)));
        Assert.True(selector.CanBind(new IPEndPoint(IPAddress.IPv6Any, 80)));
        Assert.False(selector.CanBind(new IPEndPoint(HostPair.AddressA, 80)));
        Assert.False(selector.CanBind(new IPEndPoint(IPAddress.Loopback, 80)));
        Assert.False(selector.CanBind(new UnixDomainSocketEndPoint("/tmp/x")));
    });

    [Theory, InlineData(1ul), InlineData(2ul)]
    public async Task A_run_in_virtual_time_is_the_same_each_time(ulong seed)
    {
        List<string> first = await TraceAsync(seed);
        Assert.True(first.Count > 50);
        for (int i = 0; i < 3; i++) Assert.Equal(first, await TraceAsync(seed));
    }

    private static async Task<List<string>> TraceAsync(ulong seed)
    {
        List<string> trace = [];
        await Web.RunAsync(
            a => a.MapPost("/", async (HttpContext c) => $"{await new StreamReader(c.Request.Body).ReadToEndAsync()} too"),
            async web =>
            {
                await Task.WhenAll(Enumerable.Range(0, 4).Select(async k =>
                {
                    for (int i = 0; i < 5; i++)
                    {
                        using HttpResponseMessage response = await web.Http.PostAsync("/", new StringContent(new string('x', 5000 * k)));
                        string text = await response.Content.ReadAsStringAsync();
                        lock (trace) trace.Add($"{web.Pair.Loop.Now} {k} {i} {text.Length} {web.Pair.Link.AToB.Sent} {web.Pair.Link.BToA.Sent}");
                    }
                }));
                for (int i = 0; i < 40; i++)
                {
                    await web.Http.GetAsync("/none");
                    trace.Add($"{web.Pair.Loop.Now} {web.Pair.Link.AToB.Sent} {web.Pair.Link.BToA.Sent}");
                }
            },
            seed: seed,
            impairment: new Impairment { Delay = TimeSpan.FromMilliseconds(3), Jitter = TimeSpan.FromMilliseconds(1), Loss = 0.02 });
        return trace;
    }

    /// <summary>A client of host A and Kestrel's side of its connection, on host B.</summary>
    private static Task RunAsync(Func<NetConnection, ConnectionContext, TimeProvider, Task> program) => HostPair.RunAsync(async pair =>
    {
        await using WebApplication application = Application(pair.B);
        await using IConnectionListener listener = await application.Services.GetRequiredService<IConnectionListenerFactory>().BindAsync(Web.Server);
        using NetConnection client = await pair.A.ConnectTcpAsync(listener.EndPoint);
        await using ConnectionContext server = (await listener.AcceptAsync())!;
        await program(client, server, pair.Loop.TimeProvider);
        ValueTask<ConnectionContext?> none = listener.AcceptAsync();
        await listener.UnbindAsync();
        Assert.Null(await none);
    });

    /// <summary>An application whose last transport is the host; it is not started.</summary>
    private static WebApplication Application(NetStackHost host)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseNetStack(host);
        return builder.Build();
    }

    private sealed class Pools : IMemoryPoolFactory<byte>
    {
        internal int Rented { get; private set; }

        internal int Disposed { get; private set; }

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool(this);

        private sealed class Pool(Pools pools) : MemoryPool<byte>
        {
            public override int MaxBufferSize => Shared.MaxBufferSize;

            public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
            {
                pools.Rented++;
                return Shared.Rent(minBufferSize);
            }

            protected override void Dispose(bool disposing) => pools.Disposed++;
        }
    }

    private sealed class CountingStream(Stream inner) : Stream
    {
        internal int EmptyReads { get; private set; }

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (buffer.IsEmpty) EmptyReads++;
            return inner.ReadAsync(buffer, cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void SetLength(long value) => inner.SetLength(value);

        protected override void Dispose(bool disposing)
        {
            if (disposing) inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
