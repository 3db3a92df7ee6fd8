using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using NetStack.Kestrel;

namespace NetStack;

/// <summary>Web applications on a <see cref="NetStackHost"/>.</summary>
public static class NetStackHostKestrelExtensions
{
    /// <summary>Starts a web application that listens on the host and nowhere else. It begins empty: routing, and what is configured. It reads
    /// no configuration, environment or arguments, and takes no signals. On a <see cref="VirtualTimeLoop"/> it has no least data rates, and its
    /// answers are dated by the loop.</summary>
    /// <param name="host">The host; it outlives the application.</param>
    /// <param name="map">Adds endpoints and middleware.</param>
    /// <param name="configure">Sets options.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    /// <exception cref="IOException">The port is in use.</exception>
    /// <example><code>
    /// await using KestrelHost app = await host.StartKestrelAsync(a => a.MapGet("/", () => "hi"));
    /// </code></example>
    public static async Task<KestrelHost> StartKestrelAsync(
        this NetStackHost host, Action<WebApplication> map, Action<KestrelHostOptions>? configure = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(map);
        KestrelHostOptions options = new();
        configure?.Invoke(options);
        WebApplication application = Build(host, options);
        try
        {
            if (host.Loop is VirtualTimeLoop) DateAnswers(application, host.Loop.TimeProvider);
            map(application);
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }
        return new KestrelHost(application, options.StopTimeout, host.Loop.TimeProvider);
    }

    private static WebApplication Build(NetStackHost host, KestrelHostOptions options)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(Microsoft.Extensions.Options.Options.Create(options.Transport));
        builder.WebHost.UseKestrelCore().UseNetStack(host).ConfigureKestrel(server =>
        {
            if (host.Loop is VirtualTimeLoop) ForgetRealTime(server.Limits);
            server.Listen(options.Address, options.Port ?? (options.Certificate is null ? 80 : 443), listen =>
            {
                listen.Protocols = options.Protocols ?? (options.Certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2);
                if (options.Certificate is { } certificate) listen.UseHttps(certificate);
            });
            options.ConfigureServer?.Invoke(server);
        });
        options.ConfigureBuilder?.Invoke(builder);
        return builder.Build();
    }

    /// <summary>Kestrel measures rates by the system's clock, of which next to nothing passes while virtual minutes do.</summary>
    private static void ForgetRealTime(KestrelServerLimits limits)
    {
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
    }

    /// <summary>Kestrel dates answers by the system's clock, and HPACK compresses different dates to different lengths: no two runs would be alike.</summary>
    private static void DateAnswers(WebApplication application, TimeProvider time) => application.Use((context, next) =>
    {
        context.Response.Headers.Date = time.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        return next(context);
    });

    /// <summary>The application ends when its owner says so, not with the process.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
