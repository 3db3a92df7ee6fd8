using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace NetStack.Runtime;

/// <summary>A part of how a container's host is put together.</summary>
internal sealed record NetStackConfiguration(Action<IServiceProvider, NetStackHostBuilder> Configure);

/// <summary>Starts the container's host with the application, and stops it with the application.</summary>
internal sealed class NetStackHostedService(IServiceProvider provider) : IHostedService
{
    private NetStackHost? _host;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _host = provider.GetRequiredService<NetStackHost>();
        return Task.CompletedTask;
    }

    /// <summary>Stops the host; a token that is cancelled ends the wait, not the stopping.</summary>
    public Task StopAsync(CancellationToken cancellationToken) =>
        _host is null ? Task.CompletedTask : _host.DisposeAsync().AsTask().WaitAsync(cancellationToken);
}
