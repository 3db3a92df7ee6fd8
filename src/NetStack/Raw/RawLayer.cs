using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Raw;

/// <summary>Raw sockets. Thread rule: the stack's thread.</summary>
public sealed class RawLayer : IDatagramTap, IStackPart
{
    /// <summary>Payload bytes that travel with the IP header by value, at most.</summary>
    internal const int MaxFront = 60;

    private const int BlockSize = 512;

    private readonly SocketEventQueue _events = new();
    private readonly List<RawSocket> _sockets = [];

    internal RawLayer(IpLayer ip, RawOptions options)
    {
        Ip = ip;
        Options = options;
        Blocks = new BlockPool(BlockSize, options.ReceiveMemory);
    }

    internal IpLayer Ip { get; }

    internal RawOptions Options { get; }

    internal BlockPool Blocks { get; }

    Instant? IStackPart.NextDeadline => null;

    /// <summary>Opens a socket.</summary>
    /// <param name="isV6">Whether it speaks IPv6, else IPv4.</param>
    /// <param name="protocol">The protocol it takes; null for every one.</param>
    public RawSocket Open(bool isV6, IpProtocol? protocol)
    {
        RawSocket socket = new(this, _events, isV6, protocol);
        _sockets.Add(socket);
        return socket;
    }

    /// <summary>Every open socket, as of now.</summary>
    public IReadOnlyList<RawSocket> ListSockets() => [.. _sockets];

    /// <summary>Reads an event of a raw socket.</summary>
    public bool TryReadEvent(out RawEvent happened)
    {
        bool any = _events.TryRead(out DatagramSocket? socket, out SocketEvents what);
        happened = any ? new RawEvent((RawSocket)socket!, what) : default;
        return any;
    }

    internal void Remove(RawSocket socket) => _sockets.Remove(socket);

    bool IDatagramTap.Wants(IpAddress source, IpAddress destination, IpProtocol protocol)
    {
        foreach (RawSocket socket in _sockets)
        {
            if (socket.Takes(source, destination, protocol)) return true;
        }
        return false;
    }

    void IDatagramTap.Take(in InboundDatagram datagram, Instant now)
    {
        foreach (RawSocket socket in _sockets)
        {
            if (socket.Takes(datagram.Source, datagram.Destination, datagram.Protocol)) socket.Add(datagram);
        }
    }

    bool IDatagramTap.OnError(in IcmpErrorReport error)
    {
        bool isExpected = false;
        foreach (RawSocket socket in _sockets)
        {
            if (socket.IsV6 != error.Source.IsV6 || (socket.Protocol is { } protocol && protocol != error.Protocol)) continue;
            isExpected = true;
            socket.OnError(error);
        }
        return isExpected;
    }

    void IStackPart.OnDeadline(Instant now)
    {
    }

    bool IStackPart.TransmitOne(Instant now)
    {
        _events.Unblock();
        return false;
    }
}
