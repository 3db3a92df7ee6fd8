using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using NetStack;
using NetStack.Runtime;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Puts a <see cref="NetStackHost"/> into a container.</summary>
public static class NetStackServiceCollectionExtensions
{
    /// <summary>
    /// Adds a host as a singleton that starts with the application, or with the first service that needs it, and stops after the
    /// services that were added later. Its settings are <see cref="IOptions{TOptions}"/> of <see cref="NetStackHostOptions"/>; logger
    /// factory, meter factory and clock are the container's where the settings have none. A second call configures the same host further.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Adds NICs and more; the NICs are the host's from then on.</param>
    public static IServiceCollection AddNetStack(this IServiceCollection services, Action<IServiceProvider, NetStackHostBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions();
        services.AddSingleton(new NetStackConfiguration(configure));
        services.TryAddSingleton(Start);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, NetStackHostedService>());
        return services;
    }

    private static NetStackHost Start(IServiceProvider provider)
    {
        NetStackHostOptions options = provider.GetRequiredService<IOptions<NetStackHostOptions>>().Value;
        options.LoggerFactory ??= provider.GetService<ILoggerFactory>();
        options.MeterFactory ??= provider.GetService<IMeterFactory>();
        options.TimeProvider ??= provider.GetService<TimeProvider>();
        NetStackHostBuilder builder = new(options);
        foreach (NetStackConfiguration part in provider.GetServices<NetStackConfiguration>()) part.Configure(provider, builder);
        return builder.StartAsync().GetAwaiter().GetResult(); // the loop has a thread of its own: this waits for nobody it holds up
    }
}
