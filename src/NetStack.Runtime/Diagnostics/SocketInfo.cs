using System.Net;
using System.Net.Sockets;
using NetStack.Runtime;
using NetStack.Tcp;

namespace NetStack;

/// <summary>A socket of a host as it was when it was listed: what <c>ss</c> tells of one.</summary>
public sealed record SocketInfo
{
    /// <summary>Tcp, Udp, Icmp, IcmpV6 (echo sockets) or Raw.</summary>
    public required ProtocolType Protocol { get; init; }

    /// <summary>The state of a TCP socket; null for others.</summary>
    public TcpState? State { get; init; }

    /// <summary>Our address and port. The port of an echo socket is its identifier, that of a raw socket its protocol, 0 for all.</summary>
    public required IPEndPoint Local { get; init; }

    /// <summary>The peer's address and port; null where there is none.</summary>
    public IPEndPoint? Remote { get; init; }

    /// <summary>Whether a socket at <see cref="IPAddress.IPv6Any"/> takes IPv4 as well.</summary>
    public bool IsDualMode { get; init; }

    /// <summary>The interface it is bound to, or that its link-local address means; null for any.</summary>
    public string? Interface { get; init; }

    /// <summary>Bytes received and not read; of a datagram socket the memory they take; of a listener the connections that wait to be
    /// accepted.</summary>
    public long ReceiveQueue { get; init; }

    /// <summary>Bytes written and not acknowledged; of a listener its backlog.</summary>
    public long SendQueue { get; init; }

    /// <summary>Half-open connections of a listener.</summary>
    public int HalfOpen { get; init; }

    /// <summary>Datagrams dropped because the receive queue was full.</summary>
    public long Dropped { get; init; }

    /// <summary>How long it still is in TIME-WAIT; null in other states.</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>Statistics of a TCP connection; null for listeners, half-open connections, TIME-WAIT and other protocols.</summary>
    public TcpInfo? Tcp { get; init; }

    /// <summary>One line, as <c>ss -tuna -i</c> prints it, its columns divided by single spaces.</summary>
    public override string ToString() => SocketTable.Line(this);
}
