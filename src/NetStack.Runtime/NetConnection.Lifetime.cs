namespace NetStack;

/// <remarks>How a program hears of the end without reading.</remarks>
public sealed partial class NetConnection
{
    /// <summary>Cancelled once the peer will send nothing more: its FIN arrived behind all its data, which may still be unread, or the
    /// connection is over. Callbacks run on the thread pool, after a read that waits was told.</summary>
    /// <remarks>A callback roots what it refers to until the connection is over.</remarks>
    public CancellationToken PeerClosed => _channel.PeerClosed;

    /// <summary>Cancelled once the connection is over, in both directions or with an error, or was disposed of. Callbacks run on the
    /// thread pool.</summary>
    /// <remarks>A callback roots what it refers to until the connection is over.</remarks>
    public CancellationToken Closed => _channel.Closed;
}
