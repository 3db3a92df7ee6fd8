using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Tests.Kit;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>The instruments against the stack's own counters, in virtual time.</summary>
public sealed class MetricTests
{
    private static readonly IPEndPoint Service = new(HostPair.AddressB, 7);

    [Fact]
    public Task Instruments_tell_what_the_stack_counted() => RunAsync("metrics-a", async (pair, metrics) =>
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
        await using NetConnection server = await listener.AcceptAsync();
        await client.AsStream().WriteAsync(new byte[100_000]);
        await server.AsStream().ReadExactlyAsync(new byte[100_000]);
        await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 9)));
        Dictionary<string, double> read = metrics.Collect();
        TcpCounters tcp = pair.A.Stack.Tcp.Counters;
        NetInterface nic = pair.A.Stack.Interfaces[1];
        Assert.Equal(nic.FramesReceived, read["netstack.interface.packets network.interface.name=a0 network.io.direction=receive"]);
        Assert.Equal(nic.FramesSent, read["netstack.interface.packets network.interface.name=a0 network.io.direction=transmit"]);
        Assert.Equal(0, read["netstack.interface.packets network.interface.name=lo network.io.direction=receive"]);
        Assert.True(read["netstack.interface.io network.interface.name=a0 network.io.direction=transmit"] > 100_000);
        Assert.Equal(tcp.SegmentsSent, read["netstack.tcp.segments network.io.direction=transmit"]);
        Assert.Equal(tcp.SegmentsReceived, read["netstack.tcp.segments network.io.direction=receive"]);
        Assert.Equal((2, 0, 1), (read["netstack.tcp.connections.opened netstack.tcp.open=active"], read["netstack.tcp.connections.opened netstack.tcp.open=passive"], read["netstack.tcp.connect.failures"]));
        Assert.Equal((1, 0), (read["netstack.tcp.connections network.connection.state=established"], read["netstack.tcp.connections network.connection.state=listen"]));
        Assert.Equal(0, read["netstack.tcp.connections network.connection.state=time_wait"]);
        Assert.Equal((0, tcp.ResetsSent), (read["netstack.tcp.retransmissions"], read["netstack.tcp.resets network.io.direction=transmit"]));
    });

    [Fact]
    public Task The_receiving_host_tells_copies_fetches_drops_and_buffers() => RunAsync("metrics-b", async (pair, metrics) =>
    {
        TestDevice.NeedsPlainRing();
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
        await using NetConnection server = await listener.AcceptAsync();
        await client.AsStream().WriteAsync(new byte[100_000]);
        await server.AsStream().ReadExactlyAsync(new byte[100_000]);
        await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 9)));
        Dictionary<string, double> read = metrics.Collect();
        Assert.InRange(read["netstack.body.copied"], 95_000, 110_000); // once, but for bytes that came with the headers
        Assert.True(read["netstack.header.fetches"] >= pair.B.Stack.Interfaces[1].FramesReceived);
        Assert.True(read["netstack.header.fetched"] >= 54 * read["netstack.header.fetches"]);
        Assert.Equal(1, read["netstack.packets.dropped netstack.drop.layer=tcp netstack.drop.reason=NoConnection"]);
        Assert.DoesNotContain(read, r => r.Key.StartsWith("netstack.packets.dropped", StringComparison.Ordinal) && r.Value == 0);
        Assert.Equal(512, read["netstack.buffers netstack.pool=receive b0 netstack.buffer.state=free"] + read["netstack.buffers netstack.pool=receive b0 netstack.buffer.state=used"]);
        Assert.Equal(pair.B.Stack.TransmitBuffers.Available, read["netstack.buffers netstack.pool=transmit netstack.buffer.state=free"]);
        Assert.Equal((1, 0), (read["netstack.tcp.connections network.connection.state=listen"], read["netstack.tcp.listener.half_open server.port=7"]));
    });

    [Fact]
    public Task A_listeners_queue_is_seen() => RunAsync("metrics-b", async (pair, metrics) =>
    {
        TestDevice.NeedsPlainRing();
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        await using NetConnection first = await pair.A.ConnectTcpAsync(Service);
        await using NetConnection second = await pair.A.ConnectTcpAsync(Service);
        await Task.Delay(TimeSpan.FromMilliseconds(5), pair.Loop.TimeProvider);
        Assert.Equal(2, metrics.Collect()["netstack.tcp.listener.pending server.port=7"]);
    });

    [Fact]
    public Task Connects_are_timed_with_their_error_and_round_trips_are_told_at_the_end() => RunAsync("metrics-a", async (pair, metrics) =>
    {
        await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        (await pair.A.ConnectTcpAsync(Service)).Abort();
        await using (NetConnection client = await pair.A.ConnectTcpAsync(Service)) await client.AsStream().WriteAsync(new byte[10]);
        await Assert.ThrowsAsync<SocketException>(async () => await pair.A.ConnectTcpAsync(new IPEndPoint(HostPair.AddressB, 9)));
        using CancellationTokenSource soon = new(TimeSpan.FromMilliseconds(1), pair.Loop.TimeProvider);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pair.A.ConnectTcpAsync(Service, soon.Token));
        double[] good = [.. metrics.Recorded.Where(r => r.Key == "netstack.tcp.connect.duration").Select(r => Math.Round(r.Value, 4))];
        Assert.Equal([0.003, 0.002], good); // the first had to wait until the neighbour was known
        Assert.Equal(0.002, Math.Round(metrics.Recorded.Single(r => r.Key == "netstack.tcp.connect.duration error.type=connection_refused").Value, 4));
        Assert.Equal(0.001, Math.Round(metrics.Recorded.Single(r => r.Key == "netstack.tcp.connect.duration error.type=operation_canceled").Value, 4));
        double[] trips = [.. metrics.Recorded.Where(r => r.Key == "netstack.tcp.rtt").Select(r => r.Value)];
        Assert.NotEmpty(trips);
        Assert.All(trips, t => Assert.InRange(t, 0.0019, 0.0031));
    });

    [Fact]
    public Task Retransmissions_are_counted() => RunAsync(
        "metrics-a",
        async (pair, metrics) =>
        {
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
            await using NetConnection client = await pair.A.ConnectTcpAsync(Service);
            await using NetConnection server = await listener.AcceptAsync();
            Task writing = client.AsStream().WriteAsync(new byte[1_000_000]).AsTask();
            await server.AsStream().ReadExactlyAsync(new byte[1_000_000]);
            await writing;
            double counted = metrics.Collect()["netstack.tcp.retransmissions"];
            Assert.Equal(pair.A.Stack.Tcp.Counters.Retransmitted, counted);
            Assert.True(counted > 10, $"{counted}");
        },
        new Impairment { Loss = 0.05, Delay = TimeSpan.FromMilliseconds(1) });

    [Fact]
    public async Task Names_follow_one_scheme_and_every_instrument_has_a_unit()
    {
        using MetricRecorder metrics = new("metric-names");
        await using (NetStackHost host = await NetStackHost.CreateBuilder().Configure(o => o.Name = "metric-names").StartAsync())
        {
            Assert.True(metrics.Units.Count >= 24, $"{metrics.Units.Count}");
            Assert.All(metrics.Units, u => Assert.Matches("^netstack(\\.[a-z_]+)+$", u.Key));
            Assert.All(metrics.Units, u => Assert.Matches("^(s|By|\\{[a-z]+\\})$", u.Value!));
            Assert.NotEmpty(metrics.Collect());
        }
        Assert.Empty(metrics.Collect());
    }

    [Fact]
    public async Task A_factorys_meter_is_used_and_is_silent_once_the_host_stopped()
    {
        await using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        IMeterFactory factory = services.GetRequiredService<IMeterFactory>();
        using MetricRecorder metrics = new("metric-factory");
        NetStackHost host = await NetStackHost.CreateBuilder().Configure(o => (o.Name, o.MeterFactory) = ("metric-factory", factory)).StartAsync();
        Assert.NotEmpty(metrics.Collect());
        Meter meter = factory.Create(new MeterOptions(NetStackTelemetry.MeterName) { Tags = [new KeyValuePair<string, object?>("netstack.host", "metric-factory")] });
        Counter<long> others = meter.CreateCounter<long>("netstack.test");
        await host.DisposeAsync();
        Assert.Empty(metrics.Collect());
        others.Add(1);
        Assert.Equal(("netstack.test", 1), metrics.Recorded[^1]); // the meter itself lives on: it is the factory's
    }

    private static Task RunAsync(string host, Func<HostPair, MetricRecorder, Task> program, Impairment? impairment = null)
    {
        string name = $"{host}-{Guid.NewGuid()}";
        MetricRecorder metrics = new(name);
        return HostPair.RunAsync(
            async pair =>
            {
                using (metrics) await program(pair, metrics);
            },
            impairment: impairment,
            configure: o => o.Name = (o.Seed == 1) == host.EndsWith('a') ? name : "other");
    }
}
