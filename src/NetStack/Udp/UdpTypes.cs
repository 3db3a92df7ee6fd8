using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Udp;

/// <summary>An address and a port.</summary>
/// <param name="Address">The address; none or unspecified for any.</param>
/// <param name="Port">The port; 0 for none.</param>
public readonly record struct UdpEndpoint(IpAddress Address, ushort Port)
{
    /// <summary><c>1.2.3.4:80</c> or <c>[::1]:80</c>.</summary>
    public override string ToString() => Address.IsV6 ? $"[{Address}]:{Port}" : $"{Address}:{Port}";
}

/// <summary>Which addresses a socket speaks.</summary>
public enum UdpFamily
{
    /// <summary>IPv4.</summary>
    V4 = 0,

    /// <summary>IPv6 only.</summary>
    V6,

    /// <summary>IPv6, and IPv4 under IPv4-mapped addresses (RFC 4291 section 2.5.5.2, RFC 3493 section 3.7).</summary>
    Dual,
}

/// <summary>What became of a bind or connect.</summary>
public enum UdpBindResult
{
    /// <summary>Done.</summary>
    Success = 0,

    /// <summary>Another socket has the port and address, and not both share.</summary>
    AddressInUse,

    /// <summary>The address is neither ours nor a group nor a broadcast address of ours.</summary>
    AddressNotAvailable,

    /// <summary>The address is not of the socket's family, or the port is 0 where there must be one.</summary>
    InvalidAddress,

    /// <summary>The socket is bound already.</summary>
    AlreadyBound,

    /// <summary>Every ephemeral port is taken.</summary>
    NoPortFree,

    /// <summary>There is no way to the destination.</summary>
    Unreachable,

    /// <summary>The socket was closed.</summary>
    Closed,
}

/// <summary>What is told of a datagram that was received.</summary>
/// <param name="From">Who sent it.</param>
/// <param name="To">Whom it was addressed to: one of our addresses, a group or a broadcast address.</param>
/// <param name="Interface">The interface it came in on.</param>
public readonly record struct UdpDatagramInfo(UdpEndpoint From, UdpEndpoint To, int Interface)
{
    /// <summary>TTL or hop limit as it arrived.</summary>
    public byte HopLimit { get; init; }

    /// <summary>TOS or traffic class; the low two bits are ECN.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>Whether its checksum was right; false where the sender computed none, as it may over IPv4 (RFC 768).</summary>
    public bool IsVerified { get; init; }

    /// <summary>Payload bytes of the datagram.</summary>
    public int Length { get; init; }

    /// <summary>Payload bytes that were copied.</summary>
    public int Copied { get; init; }

    /// <summary>Whether the destination was too short; the rest is gone.</summary>
    public bool IsTruncated => Copied < Length;
}

/// <summary>What may be said of one datagram that is sent; what is not said comes from the socket.</summary>
public readonly record struct UdpSendOptions
{
    /// <summary>The source address, one of ours.</summary>
    public IpAddress Source { get; init; }

    /// <summary>The interface to leave by.</summary>
    public int? Interface { get; init; }

    /// <summary>TTL or hop limit, 1 to 255.</summary>
    public byte? HopLimit { get; init; }

    /// <summary>TOS or traffic class, ECN included.</summary>
    public byte? TrafficClass { get; init; }
}

/// <summary>An event of a UDP socket.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="What">What happened.</param>
public readonly record struct UdpEvent(UdpSocket Socket, SocketEvents What);

/// <summary>Settings of UDP.</summary>
public sealed record UdpOptions
{
    /// <summary>The lowest ephemeral port (RFC 6335 section 6).</summary>
    public ushort FirstEphemeralPort { get; init; } = 49152;

    /// <summary>The highest ephemeral port.</summary>
    public ushort LastEphemeralPort { get; init; } = 65535;

    /// <summary>Bytes that a new socket's receive queue may take; see <see cref="UdpSocket.ReceiveBufferSize"/>.</summary>
    public int ReceiveBufferSize { get; init; } = 256 * 1024;

    /// <summary>Bytes that the receive queues of all sockets may take together.</summary>
    public int ReceiveMemory { get; init; } = 16 * 1024 * 1024;

    /// <summary>The share of a pool's buffers that must be free, 0 to 1, where a received datagram is to be kept by handle: see
    /// <see cref="UdpSocket.ReceivesBodies"/>. What a device has for its receive ring is not free.</summary>
    public double BodyReserve { get; init; } = 0.125;

    /// <summary>How long a datagram may wait by handle before it is copied.</summary>
    public TimeSpan BodyLease { get; init; } = TimeSpan.FromMilliseconds(100);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfZero(FirstEphemeralPort);
        ArgumentOutOfRangeException.ThrowIfLessThan(LastEphemeralPort, FirstEphemeralPort);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReceiveBufferSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(ReceiveMemory, UdpLayer.BlockSize);
    }
}
