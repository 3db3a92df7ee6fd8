using NetStack.Ip;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Udp;

/// <summary>Which sockets have which ports, and whom a datagram is for.</summary>
internal sealed class UdpTable
{
    private readonly UdpOptions _options;
    private readonly Dictionary<ushort, UdpSocket> _byPort = []; // the newest; the others hang on it
    private readonly Dictionary<Flow, UdpSocket> _connected = [];
    private readonly ConnectionHash _hash;
    private SeededRandom _random;

    internal UdpTable(UdpOptions options, ulong seed)
    {
        _options = options;
        _random = new SeededRandom(seed);
        _hash = ConnectionHash.From(ref _random);
    }

    /// <summary>Sockets with a port.</summary>
    internal int Count { get; private set; }

    /// <summary>The newest socket at a port; the others follow by <see cref="UdpSocket.NextOnPort"/>.</summary>
    internal UdpSocket? At(ushort port) => _byPort.GetValueOrDefault(port);

    /// <summary>Every socket that has a port.</summary>
    internal List<UdpSocket> List()
    {
        List<UdpSocket> sockets = new(Count);
        foreach (UdpSocket head in _byPort.Values)
        {
            for (UdpSocket? socket = head; socket is not null; socket = socket.NextOnPort) sockets.Add(socket);
        }
        return sockets;
    }

    /// <summary>Whom a unicast datagram is for: the connected socket, else the one that is bound most narrowly; among equals the
    /// newest, or, where they share the port for load, the one its flow falls to.</summary>
    internal UdpSocket? Find(in InboundDatagram datagram, ushort sourcePort, ushort destinationPort)
    {
        Flow flow = new(new UdpEndpoint(datagram.Destination, destinationPort), new UdpEndpoint(datagram.Source, sourcePort));
        if (_connected.TryGetValue(flow, out UdpSocket? best) && best.TakesFrom(datagram.Interface)) return best;
        best = null;
        int bestScore = -1;
        ulong bestHash = 0;
        for (UdpSocket? socket = At(destinationPort); socket is not null; socket = socket.NextOnPort)
        {
            if (!socket.Takes(datagram.Destination, datagram.Interface) || !socket.Remote.Address.IsNone) continue;
            int score = (socket.Local.IsNone ? 0 : 2) + (socket.BoundInterface is null ? 0 : 1);
            if (score < bestScore || (score == bestScore && !socket.ReusePort)) continue;
            ulong hash = socket.ReusePort ? _hash.Of(datagram.Destination, destinationPort, datagram.Source, sourcePort, (uint)socket.Number) : 0;
            if (score == bestScore && hash <= bestHash) continue;
            (best, bestScore, bestHash) = (socket, score, hash);
        }
        return best;
    }

    /// <summary>The socket that may have sent a datagram.</summary>
    internal UdpSocket? FindSender(in UdpEndpoint local, in UdpEndpoint remote)
    {
        if (_connected.TryGetValue(new Flow(local, remote), out UdpSocket? connected)) return connected;
        for (UdpSocket? socket = At(local.Port); socket is not null; socket = socket.NextOnPort)
        {
            if (socket.Remote.Address.IsNone && socket.TakesFamily(local.Address) && (socket.Local.IsNone || socket.Local == local.Address)) return socket;
        }
        return null;
    }

    /// <summary>Whether a socket, its address and interface set, may have a port.</summary>
    internal bool IsFree(UdpSocket socket, ushort port)
    {
        for (UdpSocket? other = At(port); other is not null; other = other.NextOnPort)
        {
            if (other.Conflicts(socket)) return false;
        }
        return true;
    }

    /// <summary>A free ephemeral port, the first from a random one on (RFC 6056 section 3.3.1); 0 when none is free. Not TCP's sequence
    /// for each peer: whoever gets answers by UDP alone, a resolver say, lives by ports that nobody foresees (RFC 5452 section 9.2).</summary>
    internal ushort FindEphemeral()
    {
        int count = _options.LastEphemeralPort - _options.FirstEphemeralPort + 1;
        int start = _random.Below(count);
        for (int i = 0; i < count; i++)
        {
            ushort port = (ushort)(_options.FirstEphemeralPort + (start + i) % count);
            if (!_byPort.ContainsKey(port)) return port;
        }
        return 0;
    }

    internal void Add(UdpSocket socket)
    {
        socket.NextOnPort = At(socket.Port);
        _byPort[socket.Port] = socket;
        Count++;
    }

    internal void Remove(UdpSocket socket)
    {
        UdpSocket? head = At(socket.Port);
        if (head == socket)
        {
            if (socket.NextOnPort is null) _byPort.Remove(socket.Port);
            else _byPort[socket.Port] = socket.NextOnPort;
        }
        else
        {
            while (head!.NextOnPort != socket) head = head.NextOnPort;
            head.NextOnPort = socket.NextOnPort;
        }
        socket.NextOnPort = null;
        Count--;
    }

    internal bool TryConnect(UdpSocket socket, IpAddress local, in UdpEndpoint remote) =>
        _connected.TryAdd(new Flow(new UdpEndpoint(local, socket.Port), remote), socket);

    internal void Disconnect(UdpSocket socket) => _connected.Remove(new Flow(new UdpEndpoint(socket.Local, socket.Port), socket.Remote));

    /// <summary>Tells the sockets at an address that it went away.</summary>
    internal void OnAddressRemoved(IpAddress address)
    {
        foreach (UdpSocket head in _byPort.Values)
        {
            for (UdpSocket? socket = head; socket is not null; socket = socket.NextOnPort)
            {
                if (socket.Local == address) socket.OnAddressRemoved();
            }
        }
    }

    private readonly record struct Flow(UdpEndpoint Local, UdpEndpoint Remote);
}
