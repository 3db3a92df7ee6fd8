using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using NetStack;
using NetStack.Kestrel;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Kestrel over a <see cref="NetStackHost"/>.</summary>
public static class WebHostBuilderNetStackExtensions
{
    /// <summary>Binds the host's addresses over the host, beside the other transports: see <see cref="NetStackTransportOptions.BindsAnyAddress"/>.</summary>
    /// <param name="builder">The web host, which uses Kestrel.</param>
    /// <param name="host">The host; it outlives the web host, which does not dispose of it.</param>
    /// <param name="configure">Sets options.</param>
    public static IWebHostBuilder UseNetStack(this IWebHostBuilder builder, NetStackHost host, Action<NetStackTransportOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        return Use(builder, _ => host, configure);
    }

    /// <summary>As <see cref="UseNetStack(IWebHostBuilder, NetStackHost, Action{NetStackTransportOptions})"/>, over the container's host
    /// (<see cref="NetStackServiceCollectionExtensions.AddNetStack"/>).</summary>
    /// <param name="builder">The web host, which uses Kestrel.</param>
    /// <param name="configure">Sets options.</param>
    public static IWebHostBuilder UseNetStack(this IWebHostBuilder builder, Action<NetStackTransportOptions>? configure = null) =>
        Use(builder, static services => services.GetRequiredService<NetStackHost>(), configure);

    private static IWebHostBuilder Use(IWebHostBuilder builder, Func<IServiceProvider, NetStackHost> host, Action<NetStackTransportOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.ConfigureServices(services =>
        {
            if (configure is not null) services.Configure(configure);
            services.AddSingleton(provider => ActivatorUtilities.CreateInstance<NetStackTransport>(provider, host(provider)));
            services.AddSingleton<IConnectionListenerFactory>(static provider => provider.GetRequiredService<NetStackTransport>());
            services.AddSingleton<IConnectionFactory>(static provider => provider.GetRequiredService<NetStackTransport>());
        });
    }
}
