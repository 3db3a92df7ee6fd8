namespace NetStack.Tcp;

/// <summary>How to listen.</summary>
/// <param name="Bind">The port, and who shares it.</param>
public readonly record struct TcpListenOptions(TcpBindOptions Bind)
{
    /// <summary>A port bound before, which the listener takes over; <see cref="Bind"/> is not looked at then.</summary>
    public TcpBinding? Binding { get; init; }

    /// <summary>The most established connections that wait to be accepted; below 1 counts as 1, 0 means 128.</summary>
    public int Backlog { get; init; }

    /// <summary>The most half-open connections; above it SYN cookies are sent or SYNs dropped. 0 means four times the backlog.</summary>
    public int SynBacklog { get; init; }

    /// <summary>Options of accepted connections; null for the settings' defaults.</summary>
    public TcpConnectionOptions? Connection { get; init; }
}

/// <summary>
/// A listener: half-open connections in its SYN queue, established ones in its accept queue. After an
/// <see cref="TcpEvents.Acceptable"/> event call <see cref="TryAccept"/> until it returns false.
/// </summary>
/// <remarks>Thread rule of <see cref="TcpLayer"/>.</remarks>
public sealed class TcpListener
{
    private readonly TcpLayer _layer;
    private readonly Queue<TcpConnection> _accepted = new();
    private bool _isClosed;

    internal TcpListener(TcpLayer layer, TcpBinding binding, in TcpListenOptions options, TcpConnectionOptions connection)
    {
        _layer = layer;
        Binding = binding;
        Backlog = options.Backlog == 0 ? 128 : Math.Max(1, options.Backlog);
        SynBacklog = options.SynBacklog <= 0 ? (int)Math.Min(int.MaxValue, 4L * Backlog) : options.SynBacklog;
        Connection = connection;
        binding.Listener = this;
    }

    /// <summary>Whatever the user wants to find here.</summary>
    public object? Tag { get; set; }

    /// <summary>The address and port.</summary>
    public TcpEndpoint Local => Binding.Local;

    /// <summary>The most established connections that wait.</summary>
    public int Backlog { get; }

    /// <summary>The most half-open connections.</summary>
    public int SynBacklog { get; }

    /// <summary>Options of connections accepted from now on.</summary>
    public TcpConnectionOptions Connection { get; set; }

    /// <summary>Half-open connections.</summary>
    public int HalfOpen { get; internal set; }

    /// <summary>Connections that wait to be accepted.</summary>
    public int Pending => _accepted.Count;

    internal TcpBinding Binding { get; }

    internal bool IsFull => _accepted.Count >= Backlog;

    /// <summary>Whether the layer has an event of this listener queued.</summary>
    internal bool IsEventQueued { get; set; }

    /// <summary>Takes the oldest established connection; its user is the caller from now on.</summary>
    /// <returns>False when none waits.</returns>
    public bool TryAccept(out TcpConnection? connection)
    {
        while (_accepted.TryDequeue(out connection))
        {
            if (connection.State == TcpState.Closed && connection.Error != TcpError.None) continue; // it was reset while it waited
            connection.OnAccepted();
            return true;
        }
        return false;
    }

    /// <summary>
    /// Stops listening and frees the port. Half-open connections are forgotten, established ones that nobody accepted are reset
    /// (as RFC 9293 section 3.10.4 has it for a connection whose user will not read).
    /// </summary>
    public void Close()
    {
        if (_isClosed) return;
        _isClosed = true;
        Binding.Listener = null;
        Binding.Release();
        _layer.ForgetHalfOpen(this);
        while (_accepted.TryDequeue(out TcpConnection? connection))
        {
            connection.OnAccepted();
            connection.Abort();
        }
    }

    internal void Add(TcpConnection connection)
    {
        _accepted.Enqueue(connection);
        _layer.Raise(this);
    }
}
