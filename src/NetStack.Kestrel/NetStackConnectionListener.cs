using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace NetStack.Kestrel;

/// <summary>A listener of the host as Kestrel sees it.</summary>
internal sealed class NetStackConnectionListener(NetListener listener, NetStackTransport transport, MemoryPool<byte> pool) : IConnectionListener
{
    /// <inheritdoc/>
    public EndPoint EndPoint => listener.LocalEndPoint;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            NetConnection connection = await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
            return transport.CreateContext(connection, pool);
        }
        catch (ObjectDisposedException)
        {
            return null; // unbound, or the host stopped
        }
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.DisposeAsync();

    /// <summary>Kestrel calls this when the connections are over; a block that comes back later is not kept.</summary>
    public ValueTask DisposeAsync()
    {
        listener.Dispose();
        pool.Dispose();
        return default;
    }
}
