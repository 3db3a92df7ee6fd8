namespace NetStack;

/// <summary>Under which names a host tells what it does; see docs/diagnostics.md.</summary>
public static class NetStackTelemetry
{
    /// <summary>The meter. Its tag <c>netstack.host</c> is the host's name.</summary>
    public const string MeterName = "NetStack";

    /// <summary>The source of activities.</summary>
    public const string ActivitySourceName = "NetStack";

    /// <summary>The log category of hosts, interfaces and addresses.</summary>
    public const string HostCategory = "NetStack.Host";

    /// <summary>The log category of connections and listeners.</summary>
    public const string TcpCategory = "NetStack.Tcp";
}
