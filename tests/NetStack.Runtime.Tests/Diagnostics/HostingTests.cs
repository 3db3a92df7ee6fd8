using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NetStack.Nic.Virtual;

namespace NetStack.Runtime.Tests.Diagnostics;

/// <summary>A host in a container, in real time.</summary>
public sealed class HostingTests
{
    [Fact]
    public async Task The_application_starts_and_stops_the_host_with_the_containers_services()
    {
        LogRecorder log = new();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<ILoggerFactory>(log);
        builder.Services.Configure<NetStackHostOptions>(o => (o.Name, o.StopTimeout) = ("di", TimeSpan.Zero));
        VirtualNic nic = new(new VirtualNicOptions { Name = "d0" });
        builder.Services.AddSingleton(nic);
        builder.Services.AddNetStack((services, host) => host.AddNic(services.GetRequiredService<VirtualNic>(), o => o.Address("10.9.0.1/24")));
        using MetricRecorder metrics = new("di");
        IHost application = builder.Build();
        await application.StartAsync();
        NetStackHost host = application.Services.GetRequiredService<NetStackHost>();
        Assert.Equal("d0", host.Stack.Interfaces[1].Name);
        Assert.Same(TimeProvider.System, host.Loop.TimeProvider);
        await using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        NetConnection client = await host.ConnectTcpAsync(new IPEndPoint(IPAddress.Loopback, 7));
        Assert.Equal(1, metrics.Collect()["netstack.tcp.connections.opened netstack.tcp.open=active"]);
        Assert.Contains(metrics.Units.Keys, n => n == "netstack.buffers");
        await application.StopAsync();
        Assert.Contains(100, log.Ids);
        Assert.Contains(101, log.Ids);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await host.ConnectTcpAsync(new IPEndPoint(IPAddress.Loopback, 7)));
        client.Dispose();
        await ((IAsyncDisposable)application).DisposeAsync();
    }

    [Fact]
    public async Task A_service_that_needs_the_host_early_gets_it_running_and_two_calls_configure_one_host()
    {
        ServiceCollection services = new();
        TimeProvider clock = new Clock();
        services.AddSingleton(clock);
        int calls = 0;
        services.AddNetStack((_, host) => host.Configure(o => (o.Name, calls) = ("first", calls + 1)));
        services.AddNetStack((_, host) => host.Configure(o => (o.Name, calls) = (o.Name + " and second", calls + 1)));
        await using ServiceProvider provider = services.BuildServiceProvider();
        NetStackHost host = provider.GetRequiredService<NetStackHost>();
        Assert.Same(clock, host.Loop.TimeProvider);
        Assert.Equal(2, calls);
        await using NetListener listener = host.ListenTcp(new IPEndPoint(IPAddress.Any, 7));
        IHostedService hosted = Assert.Single(provider.GetServices<IHostedService>());
        await hosted.StartAsync(CancellationToken.None);
        Assert.Same(host, provider.GetRequiredService<NetStackHost>());
        await hosted.StopAsync(CancellationToken.None);
        Assert.Throws<ObjectDisposedException>(() => host.ListenTcp(new IPEndPoint(IPAddress.Any, 8)));
    }

    [Fact]
    public async Task A_wrong_setting_fails_the_start()
    {
        ServiceCollection services = new();
        services.AddNetStack((_, host) => host.Configure(o => o.Stack.TransmitQueueLength = -1));
        await using ServiceProvider provider = services.BuildServiceProvider();
        await Assert.ThrowsAnyAsync<ArgumentException>(() => provider.GetServices<IHostedService>().Single().StartAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_service_that_never_started_stops_at_once()
    {
        ServiceCollection services = new();
        services.AddNetStack((_, _) => { });
        await using ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetServices<IHostedService>().Single().StopAsync(CancellationToken.None);
    }

    private sealed class Clock : TimeProvider;
}
