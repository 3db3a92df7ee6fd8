namespace NetStack.Tcp;

/// <summary>What happened to a connection or a listener since its last event was read.</summary>
[Flags]
public enum TcpEvents
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The connection is established.</summary>
    Connected = 1,

    /// <summary>Bytes can be read, or the end of the stream is reached.</summary>
    Readable = 2,

    /// <summary>A write that was cut short can go on.</summary>
    Writable = 4,

    /// <summary>The peer will send no more: its FIN came.</summary>
    PeerClosed = 8,

    /// <summary>Urgent data is announced: see <see cref="TcpConnection.UrgentBytesAhead"/>.</summary>
    Urgent = 16,

    /// <summary>Everything that was written, and the FIN, is acknowledged.</summary>
    Sent = 32,

    /// <summary>The connection is over: <see cref="TcpConnection.Error"/> says why. No event follows.</summary>
    Closed = 64,

    /// <summary>A soft error was reported; the connection lives: see <see cref="TcpConnection.SoftError"/>.</summary>
    SoftError = 128,

    /// <summary>A listener has a connection to accept.</summary>
    Acceptable = 256,
}

/// <summary>An event: events of one connection that were not read yet are merged, so the queue is bounded.</summary>
/// <param name="Connection">The connection, or null.</param>
/// <param name="Listener">The listener, or null.</param>
/// <param name="What">What happened.</param>
public readonly record struct TcpEvent(TcpConnection? Connection, TcpListener? Listener, TcpEvents What);
