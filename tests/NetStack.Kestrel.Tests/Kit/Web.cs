using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NetStack.Nic.Virtual;
using NetStack.Runtime.Tests;

namespace NetStack.Kestrel.Tests;

/// <summary>A web application on 10.0.0.2 and clients on 10.0.0.1.</summary>
internal sealed class Web : IAsyncDisposable
{
    private readonly List<IDisposable> _clients = [];
    private readonly bool _hasTls;

    private Web(HostPair pair, KestrelHost app, LogLines log, bool hasTls)
    {
        Pair = pair;
        App = app;
        Log = log;
        _hasTls = hasTls;
        Http = Client();
    }

    internal HostPair Pair { get; }

    internal KestrelHost App { get; }

    internal LogLines Log { get; }

    /// <summary>A client of HTTP/1.1.</summary>
    internal HttpClient Http { get; }

    internal static IPEndPoint Server { get; } = new(HostPair.AddressB, 80);

    /// <summary>Runs in virtual time.</summary>
    internal static Task RunAsync(
        Action<WebApplication> map, Func<Web, Task> program, Action<KestrelHostOptions>? configure = null, ulong seed = 1, Impairment? impairment = null, Action<NetStackHostOptions>? hosts = null) =>
        HostPair.RunAsync(
            async pair =>
            {
                await using Web web = await StartAsync(pair, map, configure);
                await program(web);
            },
            seed,
            impairment,
            hosts);

    /// <summary>Runs in real time.</summary>
    internal static async Task RunForRealAsync(Action<WebApplication> map, Func<Web, Task> program, Action<KestrelHostOptions>? configure = null, Impairment? impairment = null)
    {
        await using RealTimeLoop loop = new();
        await using HostPair pair = await HostPair.StartAsync(loop, impairment: impairment);
        await using Web web = await StartAsync(pair, map, configure);
        await program(web).WaitAsync(TimeSpan.FromMinutes(2));
    }

    internal static async Task<Web> StartAsync(HostPair pair, Action<WebApplication> map, Action<KestrelHostOptions>? configure = null)
    {
        LogLines log = new();
        bool hasTls = false;
        KestrelHost app = await pair.B.StartKestrelAsync(map, o =>
        {
            o.ConfigureBuilder = builder =>
            {
                builder.Services.AddLogging();
                builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug);
            };
            configure?.Invoke(o);
            hasTls = o.Certificate is not null;
        });
        return new Web(pair, app, log, hasTls);
    }

    /// <summary>HTTP/2 without TLS, by prior knowledge.</summary>
    internal static void H2c(KestrelHostOptions options) => options.Protocols = HttpProtocols.Http2;

    internal static void Tls(KestrelHostOptions options) => options.Certificate = Certificates.Server;

    /// <summary>A client that asks for a version and no other.</summary>
    internal HttpClient Client(Version? version = null, Action<SocketsHttpHandler>? configure = null)
    {
        SocketsHttpHandler handler = Pair.A.CreateHttpHandler();
        handler.SslOptions = Certificates.Client;
        configure?.Invoke(handler);
        HttpClient client = new(handler)
        {
            BaseAddress = new Uri(_hasTls ? "https://10.0.0.2" : "http://10.0.0.2"),
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = version ?? HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _clients.Add(client);
        return client;
    }

    /// <summary>Waits, on the loop's clock.</summary>
    internal async Task UntilAsync(Func<bool> condition, int seconds = 60)
    {
        for (int i = 0; i < seconds * 100; i++)
        {
            if (condition()) return;
            await Task.Delay(TimeSpan.FromMilliseconds(10), Pair.Loop.TimeProvider);
        }
        Assert.Fail($"Not so after {seconds} seconds.");
    }

    /// <summary>Connections of a host that are not over.</summary>
    internal static int ConnectionsOf(NetStackHost host)
    {
        int count = 0;
        host.Loop.Run(_ => count = host.Stack.Tcp.ConnectionCount);
        return count;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IDisposable client in _clients) client.Dispose();
        await App.DisposeAsync();
        Assert.Empty(Log.From(LogLevel.Critical));
    }
}
