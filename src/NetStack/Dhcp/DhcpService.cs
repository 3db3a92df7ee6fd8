using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Dhcp;

/// <summary>
/// DHCPv4 on an interface (RFC 2131): it gets a lease, gives the interface its address, routes and name servers, keeps them, and takes
/// them away when the lease ends. It is a part of the stack: whoever drives the stack drives it, and nothing else need be called.
/// </summary>
/// <remarks>Thread rule of <see cref="NetworkStack"/>.</remarks>
public sealed class DhcpService : IStackPart
{
    private const int MessageSize = 1500;

    private readonly DhcpClient _client;
    private readonly DhcpOptions _options;
    private readonly UdpSocket _socket;
    private readonly byte[] _buffer = new byte[MessageSize];
    private readonly List<Route> _routes = [];
    private InterfaceAddress? _address;
    private DhcpLease? _told;
    private bool _ownsAddress;
    private bool _wasUp;

    /// <summary>Begins on an interface.</summary>
    /// <param name="nic">An Ethernet interface.</param>
    /// <param name="options">Settings.</param>
    /// <param name="now">The present.</param>
    /// <exception cref="ArgumentException">The interface is not Ethernet, or a setting cannot be.</exception>
    /// <exception cref="InvalidOperationException">DHCP runs there already, or another socket has port 68 there.</exception>
    public DhcpService(NetInterface nic, DhcpOptions options, Instant now)
    {
        ArgumentNullException.ThrowIfNull(nic);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (!nic.HasNeighbours) throw new ArgumentException($"{nic.Name} is not Ethernet.", nameof(nic));
        if (nic.Dhcp is not null) throw new InvalidOperationException($"DHCP runs on {nic.Name} already.");
        Interface = nic;
        _options = options;
        _client = new DhcpClient(nic.Mac, nic.Index, nic.Mtu, options, nic.Stack.RandomBits());
        _socket = nic.Stack.Udp.Open(UdpFamily.V4);
        _socket.Broadcast = true;
        if (_socket.Bind(new UdpEndpoint(default, Dhcpv4View.ClientPort), nic.Index) is not UdpBindResult.Success and UdpBindResult failed)
            throw new InvalidOperationException($"Port {Dhcpv4View.ClientPort} of {nic.Name}: {failed}.");
        _socket.Owner = static _ => { }; // its count is looked at
        nic.Dhcp = this;
        nic.Stack.AddPart(this);
        _wasUp = nic.IsUp;
        _client.Start(now);
        Flush(now);
    }

    /// <summary>The interface.</summary>
    public NetInterface Interface { get; }

    /// <summary>How far it is.</summary>
    public DhcpState State => _client.State;

    /// <summary>The lease whose address is in use; null while there is none.</summary>
    public DhcpLease? Lease => State is DhcpState.Bound or DhcpState.Renewing or DhcpState.Rebinding or DhcpState.Rebooting ? _client.Lease : null;

    /// <summary>How often a message was dropped, by reason.</summary>
    public DhcpDrops Drops => _client.Drops;

    /// <summary>Called when <see cref="Lease"/> came, changed, or went; null for nobody. It runs inside the stack's step.</summary>
    public Action<DhcpService>? LeaseChanged { get; set; } // an event would need interlocked operations

    Instant? IStackPart.NextDeadline => IsPolledFor ? new Instant(long.MinValue) : _client.NextDeadline;

    private bool IsPolledFor => _socket.Count > 0 || _wasUp != Interface.IsUp || IsContested || (State == DhcpState.Checking && _address is { IsUsable: true });

    private bool IsContested => _address is { State: AddressState.Duplicate };

    /// <summary>Ends: the interface loses what the lease gave it.</summary>
    /// <param name="release">Whether the server is told, once and without an answer (RFC 2131 section 4.4.6).</param>
    /// <param name="now">The present.</param>
    public void Stop(bool release, Instant now)
    {
        if (State == DhcpState.Stopped) return;
        _client.Stop(release, now);
        Flush(now);
        _socket.Close(now);
        Interface.Dhcp = null;
        Interface.Stack.RemovePart(this);
    }

    void IStackPart.OnDeadline(Instant now)
    {
        if (State == DhcpState.Stopped) return;
        if (_wasUp != Interface.IsUp)
        {
            _wasUp = Interface.IsUp;
            if (_wasUp) _client.OnLinkUp(now);
        }
        while (_socket.TryReceive(_buffer, out UdpDatagramInfo info))
        {
            if (info.From.Port == Dhcpv4View.ServerPort && !info.IsTruncated) _client.Receive(_buffer.AsSpan(0, info.Length), now);
            else _client.Drops.Add(DhcpDropReason.Malformed);
            Flush(now);
        }
        if (IsContested) _client.OnConflict(now);
        _client.OnDeadline(now);
        Flush(now);
        _client.OnDeadline(now); // what begins at once
        Flush(now);
    }

    bool IStackPart.TransmitOne(Instant now) => false;

    /// <summary>Sends what the client wants sent and carries out what became of its lease.</summary>
    private void Flush(Instant now)
    {
        Span<byte> bytes = stackalloc byte[MessageSize];
        while (_client.TryTakeMessage(bytes, out DhcpMessage message))
        {
            // A lost one is sent again, whatever it was lost by.
            _socket.Send(new UdpEndpoint(message.Destination, Dhcpv4View.ServerPort), bytes[..message.Length], new UdpSendOptions { Source = message.Source, Interface = Interface.Index }, now);
        }
        while (_client.TryTakeChange(out DhcpChange change, out DhcpLease? lease))
        {
            if (change == DhcpChange.Lost) Unconfigure(now);
            else Configure(lease!, now);
        }
        if (State == DhcpState.Checking && _address is { IsUsable: true })
        {
            _client.OnUnique();
            SetRoutes(_client.Lease!);
        }
        if (ReferenceEquals(Lease, _told)) return;
        _told = Lease;
        LeaseChanged?.Invoke(this);
    }

    private void Configure(DhcpLease lease, Instant now)
    {
        AddressTable table = Interface.AddressTable;
        if (_address is not null && (_address.Address != lease.Address || _address.Prefix.Length != lease.PrefixLength || _address.State == AddressState.Removed)) Unconfigure(now);
        if (_address is null)
        {
            _address = table.Find(lease.Address);
            _ownsAddress = _address is null;
            _address ??= new InterfaceAddress(Interface, lease.Address, lease.PrefixLength, AddressOrigin.Dhcp) { HasPrefixRoute = true };
            if (_ownsAddress) table.Add(_address, _options.DetectConflicts ?? Interface.Stack.Options.Neighbours.ProbeIpv4Addresses, now);
        }
        if (_ownsAddress) table.SetLifetimes(_address, lease.ExpiresAt, lease.ExpiresAt, now);
        if (_client.State != DhcpState.Checking) SetRoutes(lease);
    }

    private void Unconfigure(Instant now)
    {
        RemoveRoutes();
        if (_ownsAddress && _address is not null) Interface.AddressTable.Remove(_address, now);
        _address = null;
    }

    private void SetRoutes(DhcpLease lease)
    {
        RemoveRoutes();
        foreach (DhcpRoute told in lease.Routes)
        {
            Route route = new(told.Destination)
            {
                Interface = Interface,
                Gateway = told.Router,
                Metric = _options.RouteMetric,
                PreferredSource = lease.Address,
                Origin = RouteOrigin.Dhcp,
            };
            _routes.Add(route);
            Interface.Stack.Routes.Add(route);
        }
    }

    private void RemoveRoutes()
    {
        foreach (Route route in _routes) Interface.Stack.Routes.Remove(route);
        _routes.Clear();
    }
}
