namespace NetStack.Tcp;

/// <summary>How to connect.</summary>
/// <param name="Remote">Whom to: a unicast address and a port that is not 0.</param>
public readonly record struct TcpConnectOptions(TcpEndpoint Remote)
{
    /// <summary>The local address and port; no address lets routing choose, port 0 takes an ephemeral one.</summary>
    public TcpEndpoint Local { get; init; }

    /// <summary>The interface to leave by; null lets routing decide.</summary>
    public int? Interface { get; init; }

    /// <summary>A port bound before, which the connection takes over; <see cref="Local"/> is its endpoint then.</summary>
    public TcpBinding? Binding { get; init; }

    /// <summary>Options; null for the settings' defaults.</summary>
    public TcpConnectionOptions? Connection { get; init; }
}

/// <summary>How to bind a port, or to listen.</summary>
/// <param name="Local">The address and port. No address takes IPv4 and IPv6, 0.0.0.0 takes IPv4, :: takes IPv6; port 0 takes a
/// free ephemeral one.</param>
public readonly record struct TcpBindOptions(TcpEndpoint Local)
{
    /// <summary>Only this interface; null for any.</summary>
    public int? Interface { get; init; }

    /// <summary>With the address ::, whether IPv4 is taken too (dual mode).</summary>
    public bool DualMode { get; init; }

    /// <summary>Share the port with others that set this too; connections are spread over them by hash.</summary>
    public bool ReusePort { get; init; }
}
