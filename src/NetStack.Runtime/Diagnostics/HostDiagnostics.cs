using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NetStack.Dhcp;
using NetStack.Routing;
using NetStack.Tcp;

namespace NetStack.Runtime;

/// <summary>
/// What a host tells of itself. Loggers and listeners are code of others, which may block or come back to this host, so they are
/// called when the loop's gate is free: what happened under the gate is noted, as values, and told after.
/// </summary>
internal sealed class HostDiagnostics
{
    private readonly NetLoop _loop;
    private readonly string _name;
    private readonly ILogger _host;
    private readonly ILogger _tcp;

    internal HostDiagnostics(NetLoop loop, NetStackHostOptions options)
    {
        ILoggerFactory loggers = options.LoggerFactory ?? NullLoggerFactory.Instance;
        _loop = loop;
        _name = options.Name;
        _host = loggers.CreateLogger(NetStackTelemetry.HostCategory);
        _tcp = loggers.CreateLogger(NetStackTelemetry.TcpCategory);
    }

    /// <summary>The instruments; null until the host has begun to count.</summary>
    internal HostMetrics? Metrics { get; set; }

    /// <summary>Logs interfaces and addresses as they are, and from now on whatever becomes of them. The gate is held.</summary>
    internal void OnStarted(IReadOnlyList<NicAttachment> attachments)
    {
        Tell(() => Log.HostStarted(_host, _name, attachments.Count));
        foreach (NicAttachment attachment in attachments)
        {
            NetInterface nic = attachment.Interface;
            (string device, string terms) = (attachment.Nic.Info.Name, attachment.Terms.ToString());
            Tell(() => Log.NicAttached(_host, nic.Name, device, terms));
            OnInterface(nic);
            foreach (InterfaceAddress address in nic.Addresses) OnAddress(address);
            Action<InterfaceAddress>? others = nic.AddressChanged;
            nic.AddressChanged = address =>
            {
                others?.Invoke(address);
                OnAddress(address);
            };
        }
    }

    /// <summary>The gate is not held.</summary>
    internal void OnStopped()
    {
        Metrics?.Dispose();
        TellNow(() => Log.HostStopped(_host, _name));
    }

    /// <summary>An interface went up or down. The gate is held.</summary>
    internal void OnInterface(NetInterface nic)
    {
        if (nic.IsUp) Tell(() => Log.InterfaceUp(_host, nic.Name, nic.Mac.ToString(), nic.Mtu));
        else Tell(() => Log.InterfaceDown(_host, nic.Name));
    }

    /// <summary>A device, or its driver, threw. The gate is held.</summary>
    internal void OnNicFailed(NetInterface nic, Exception failure) => Tell(() => Log.NicFailed(_host, nic.Name, failure));

    /// <summary>Something that the loop drives threw. The gate is not held.</summary>
    internal void OnLoopFailed(Exception failure) => TellNow(() => Log.LoopFailed(_host, _name, failure));

    /// <summary>DHCP got an address or kept it, or, where there is no lease, lost it. The gate is held.</summary>
    internal void OnLease(NetInterface nic, DhcpLease? lease)
    {
        if (lease is null)
        {
            Tell(() => Log.LeaseLost(_host, nic.Name));
            return;
        }
        double seconds = lease.ExpiresAt == Instant.MaxValue ? double.PositiveInfinity : Math.Round((lease.ExpiresAt - _loop.Now).TotalSeconds);
        Tell(() => Log.LeaseObtained(_host, nic.Name, lease.Address.ToString(), lease.Server.ToString(), seconds));
    }

    /// <summary>The gate is held.</summary>
    internal void OnListening(TcpListener listener)
    {
        TcpEndpoint local = listener.Local;
        Tell(() => Log.Listening(_tcp, local.ToString()));
    }

    /// <summary>The gate is held.</summary>
    internal void OnListenerClosed(TcpListener listener)
    {
        TcpEndpoint local = listener.Local;
        Tell(() => Log.ListenerClosed(_tcp, local.ToString()));
    }

    /// <summary>The gate is held.</summary>
    internal void OnAccepted(TcpConnection tcp)
    {
        if (!_tcp.IsEnabled(LogLevel.Debug)) return;
        (TcpEndpoint local, TcpEndpoint remote) = (tcp.Local, tcp.Remote);
        Tell(() => Log.Accepted(_tcp, local.ToString(), remote.ToString()));
    }

    /// <summary>The gate is held.</summary>
    internal void OnConnected(TcpConnection tcp)
    {
        if (!_tcp.IsEnabled(LogLevel.Debug)) return;
        (TcpEndpoint local, TcpEndpoint remote) = (tcp.Local, tcp.Remote);
        Tell(() => Log.Connected(_tcp, local.ToString(), remote.ToString()));
    }

    /// <summary>A connection is over, or never came to be. The gate is held.</summary>
    internal void OnClosed(TcpConnection tcp, bool wasConnecting)
    {
        bool isLogged = _tcp.IsEnabled(LogLevel.Debug);
        bool isMeasured = Metrics is { WantsRoundTrips: true };
        if (!isLogged && !isMeasured) return;
        TcpInfo info = tcp.Info;
        (TcpEndpoint local, TcpEndpoint remote, TcpError error) = (tcp.Local, tcp.Remote, tcp.Error);
        Tell(() =>
        {
            if (isMeasured && info.SmoothedRtt > TimeSpan.Zero) Metrics!.RecordRoundTrip(info.SmoothedRtt);
            if (isLogged) LogClosed(local.ToString(), remote.ToString(), error, wasConnecting, info);
        });
    }

    private void LogClosed(string local, string remote, TcpError error, bool wasConnecting, in TcpInfo info)
    {
        if (wasConnecting) Log.ConnectFailed(_tcp, local, remote, error.ToString());
        else if (error == TcpError.None) Log.Closed(_tcp, local, remote, info.BytesAcknowledged, info.BytesReceived);
        else if (error == TcpError.ConnectionReset) Log.Reset(_tcp, local, remote);
        else Log.Ended(_tcp, local, remote, error.ToString());
    }

    private void OnAddress(InterfaceAddress address)
    {
        (string nic, AddressState state, string text) = (address.Interface.Name, address.State, address.Address.ToString());
        Tell(() =>
        {
            if (state == AddressState.Preferred) Log.AddressAdded(_host, nic, text, address.Prefix.Length, address.Origin.ToString());
            else if (state == AddressState.Removed) Log.AddressRemoved(_host, nic, text);
            else if (state == AddressState.Duplicate) Log.AddressDuplicate(_host, nic, text);
            else Log.AddressState(_host, nic, text, state.ToString());
        });
    }

    private void Tell(Action tell) => _loop.Complete(new Telling(tell));

    private static void TellNow(Action tell) => ((ICompletion)new Telling(tell)).Run();

    /// <summary>Something to tell. A logger that throws is its owner's trouble, not the loop's.</summary>
    private sealed class Telling(Action tell) : ICompletion
    {
        bool ICompletion.IsInline => false; // it sends nothing

        void ICompletion.Run()
        {
            try
            {
                tell();
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // there is nobody to tell that telling failed
            }
        }
    }
}
