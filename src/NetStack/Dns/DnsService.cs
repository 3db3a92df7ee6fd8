using NetStack.Ip;
using NetStack.Tcp;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Dns;

/// <summary>
/// A stub resolver on a stack (RFC 1034, RFC 1035, RFC 5452): UDP from a port of its own for each query, TCP where an answer is cut. It
/// is a part of the stack: whoever drives the stack drives it, and nothing else need be called.
/// </summary>
/// <remarks>Thread rule of <see cref="NetworkStack"/>. TCP connections of it appear in <see cref="TcpLayer.TryReadEvent"/> with this
/// service as their <see cref="TcpConnection.Tag"/>; the reader passes them over.</remarks>
public sealed class DnsService : IStackPart
{
    private const int MaxServers = 4;
    private const int MaxUdpAnswer = 4096;

    private readonly DnsClient _client;
    private readonly DnsOptions _options;
    private readonly NetworkStack _stack;
    private readonly Action<DatagramSocket> _onRaised;
    private readonly Queue<UdpSocket> _raised = new();
    private readonly List<DnsExchange> _exchanges = [];
    private readonly byte[] _buffer = new byte[MaxUdpAnswer];
    private bool _isStopped;

    /// <summary>Adds a resolver to a stack.</summary>
    /// <exception cref="ArgumentException">A setting cannot be.</exception>
    public DnsService(NetworkStack stack, DnsOptions options)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _stack = stack;
        _options = options;
        _onRaised = socket => _raised.Enqueue((UdpSocket)socket);
        _client = new DnsClient(options, stack.Secret ^ new UInt128(stack.RandomBits(), stack.RandomBits()));
        stack.AddPart(this);
    }

    /// <summary>The servers that are asked: those of the options, or else those that DHCP leases and router advertisements tell now.</summary>
    public IReadOnlyList<DnsServer> Servers => FindServers();

    /// <summary>The domains that are appended to names: those of the options, or else those that DHCP leases tell now.</summary>
    public IReadOnlyList<string> SearchDomains => FindSearchDomains();

    /// <summary>Lookups under way.</summary>
    public int LookupCount => _client.Count;

    /// <summary>How often a message was dropped, by reason.</summary>
    public DnsDrops Drops => _client.Drops;

    Instant? IStackPart.NextDeadline
    {
        get
        {
            bool isDue = _raised.Count > 0;
            foreach (DnsExchange exchange in _exchanges) isDue |= exchange.IsReady;
            return isDue ? new Instant(long.MinValue) : _client.NextDeadline;
        }
    }

    /// <summary>Looks up the addresses of a name. An address in text form is its own; <c>localhost</c> is the loopback addresses.</summary>
    /// <param name="name">The name, in Unicode or ASCII. A dot at its end keeps search domains off.</param>
    /// <param name="family">Which addresses are wanted.</param>
    /// <param name="completed">Called once when the lookup ended, which may be before this returns; else inside a step of the stack. Not
    /// called after <see cref="Cancel"/>.</param>
    /// <param name="now">The present.</param>
    public DnsLookup Resolve(string name, DnsFamily family, Action<DnsLookup>? completed, Instant now)
    {
        ArgumentNullException.ThrowIfNull(name);
        DnsLookup lookup = new(name, family, completed);
        DnsServer[] servers = _isStopped ? [] : FindServers();
        if (!servers.AsSpan().SequenceEqual(_client.Servers)) _client.Cache.Clear(); // others may say other things
        _client.Servers = servers;
        _client.Begin(lookup, FindSearchDomains(), now);
        Flush(now);
        return lookup;
    }

    /// <summary>Ends a lookup; nothing is called. One that ended already is left as it is.</summary>
    public void Cancel(DnsLookup lookup, Instant now)
    {
        ArgumentNullException.ThrowIfNull(lookup);
        _client.Cancel(lookup);
        Flush(now);
    }

    /// <summary>Ends: lookups under way become <see cref="DnsStatus.Unavailable"/>, as do later ones that need a server.</summary>
    public void Stop(Instant now)
    {
        if (_isStopped) return;
        _isStopped = true;
        _client.EndAll();
        Flush(now);
        _stack.RemovePart(this);
    }

    /// <summary>Forgets what servers said.</summary>
    public void ClearCache() => _client.Cache.Clear();

    void IStackPart.OnDeadline(Instant now)
    {
        for (int left = _raised.Count; left > 0 && _raised.TryDequeue(out UdpSocket? socket); left--)
        {
            if (!socket.IsClosed) OnSocket(socket, (DnsQuery)socket.Tag!, now);
            Flush(now);
        }
        for (int i = _exchanges.Count - 1; i >= 0; i--)
        {
            if (i < _exchanges.Count && _exchanges[i].IsReady) OnExchange(_exchanges[i], now);
            Flush(now);
        }
        _client.OnDeadline(now);
        Flush(now);
    }

    bool IStackPart.TransmitOne(Instant now) => false;

    private void OnSocket(UdpSocket socket, DnsQuery query, Instant now)
    {
        while (!socket.IsClosed && socket.TryReceive(_buffer, out UdpDatagramInfo info))
        {
            _client.OnMessage(query, _buffer.AsSpan(0, info.Copied), isTcp: false, now);
            if (query.IsOver || query.IsQueued) return;
        }
        if (socket.TryTakeError(out _)) _client.OnFailure(query, now);
    }

    private void OnExchange(DnsExchange exchange, Instant now)
    {
        if (exchange.TryReceive(out ReadOnlySpan<byte> message)) _client.OnMessage(exchange.Query, message, isTcp: true, now);
        else if (exchange.IsBroken) _client.OnFailure(exchange.Query, now);
        else return;
        if (exchange.Query.Transport == exchange && exchange.IsSpent) _client.OnFailure(exchange.Query, now); // an answer to something else
    }

    /// <summary>Closes what is over, sends what is to be sent, and tells who waits.</summary>
    private void Flush(Instant now)
    {
        DnsQuery? query;
        while (_client.TryTakeSend(out query))
        {
            Close(query!, now);
            bool isSent = query!.UsesTcp ? TryConnect(query, now) : TrySend(query, now);
            if (!isSent) _client.OnFailure(query, now);
        }
        while (_client.TryTakeEnded(out query)) Close(query!, now);
        while (_client.TryTakeCompleted(out DnsLookup? lookup))
        {
            if (lookup!.Addresses is IpAddress[] { Length: > 1 } addresses) _stack.OrderDestinations(addresses);
            lookup.Completed?.Invoke(lookup);
        }
    }

    private bool TrySend(DnsQuery query, Instant now)
    {
        DnsServer server = query.Server;
        UdpSocket socket = _stack.Udp.Open(server.Address.IsV4 ? UdpFamily.V4 : UdpFamily.V6);
        (socket.Owner, socket.Tag, query.Transport) = (_onRaised, query, socket);
        if (socket.Bind(default, server.Interface) != UdpBindResult.Success) return false;
        if (socket.Connect(new UdpEndpoint(server.Address, server.Port)) != UdpBindResult.Success) return false;
        Span<byte> message = stackalloc byte[512];
        return socket.Send(message[.._client.Write(query, message)], now) is DatagramSendResult.Sent or DatagramSendResult.WouldBlock; // that is as if lost
    }

    private bool TryConnect(DnsQuery query, Instant now)
    {
        DnsServer server = query.Server;
        TcpConnectOptions options = new(new TcpEndpoint(server.Address, server.Port)) { Interface = server.Interface };
        if (_stack.Tcp.Connect(options, now, out TcpConnection? connection) != TcpError.None) return false;
        connection!.Tag = this;
        DnsExchange exchange = new(query, connection);
        _exchanges.Add(exchange);
        query.Transport = exchange;
        Span<byte> message = stackalloc byte[512];
        return exchange.TrySend(message[.._client.Write(query, message)]);
    }

    private void Close(DnsQuery query, Instant now)
    {
        if (query.Transport is UdpSocket socket) socket.Close(now);
        else if (query.Transport is DnsExchange exchange)
        {
            _exchanges.Remove(exchange);
            exchange.Close();
        }
        query.Transport = null;
    }

    private DnsServer[] FindServers()
    {
        if (_options.Servers.Count > 0) return [.. _options.Servers];
        List<DnsServer> found = [];
        foreach (NetInterface nic in _stack.InterfaceList)
        {
            foreach (IpAddress address in nic.Dhcp?.Lease?.DnsServers ?? []) Add(new DnsServer(address));
            foreach (DnsServerInfo told in nic.Ipv6?.DnsServers ?? []) Add(new DnsServer(told.Address, Interface: told.Address.IsLinkLocal ? nic.Index : null));
        }
        return [.. found];

        void Add(DnsServer server)
        {
            if (found.Count < MaxServers && !found.Contains(server)) found.Add(server);
        }
    }

    private List<string> FindSearchDomains()
    {
        if (_options.SearchDomains is not null) return [.. _options.SearchDomains];
        List<string> found = [];
        foreach (NetInterface nic in _stack.InterfaceList)
        {
            if (nic.Dhcp?.Lease is not { } lease) continue;
            IReadOnlyList<string> told = lease.SearchDomains.Count > 0 || lease.DomainName is null ? lease.SearchDomains : [lease.DomainName];
            foreach (string domain in told)
            {
                if (!found.Contains(domain)) found.Add(domain);
            }
        }
        return found;
    }
}
