using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace NetStack.Kestrel;

/// <summary>A web application that runs on a host. Disposing of it stops it, requests under way first; the host stays.</summary>
public sealed class KestrelHost : IAsyncDisposable
{
    private readonly TimeSpan _stopTimeout;
    private readonly TimeProvider _time;
    private Task? _stopped;

    internal KestrelHost(WebApplication application, TimeSpan stopTimeout, TimeProvider time)
    {
        Application = application;
        _stopTimeout = stopTimeout;
        _time = time;
    }

    /// <summary>The application.</summary>
    public WebApplication Application { get; }

    /// <summary>The application's services.</summary>
    public IServiceProvider Services => Application.Services;

    /// <summary>Where it listens, as <c>http://10.0.0.1:80</c>; the port is the one chosen where 0 was asked for.</summary>
    public IReadOnlyCollection<string> Addresses =>
        [.. Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>Listens no more, lets requests under way end, and aborts the connections of those that have not when the token is cancelled.</summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _stopped ??= Application.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using (CancellationTokenSource limit = new(_stopTimeout, _time)) await StopAsync(limit.Token).ConfigureAwait(false);
        await Application.DisposeAsync().ConfigureAwait(false);
    }
}
