using NetStack.Wire;

namespace NetStack;

/// <summary>What became of a datagram that was handed to a transport.</summary>
internal enum TransportVerdict
{
    /// <summary>It was taken, or dropped for a reason the transport counted; nothing more is to be done.</summary>
    Done = 0,

    /// <summary>Nobody listens there: IP answers with an ICMP error unless the rules forbid one. TCP never says so, it resets.</summary>
    PortUnreachable = 1,
}

/// <summary>A protocol above IP.</summary>
internal interface ITransport
{
    /// <summary>Takes a datagram. It must check the transport checksum before any state moves.</summary>
    TransportVerdict Receive(in InboundDatagram datagram, Instant now);

    /// <summary>Hears of an ICMP error about something it sent. Who sent the error cannot be known: the quoted numbers must match.</summary>
    void OnError(in IcmpErrorReport error, Instant now);

    /// <summary>An address of ours went away: what is bound to it ends.</summary>
    void OnAddressRemoved(IpAddress address, Instant now);
}

/// <summary>What kind of error an ICMP or ICMPv6 message reports, in the terms of RFC 1122 section 3.2.2 and RFC 4443.</summary>
internal enum IcmpErrorKind
{
    /// <summary>Network or host unreachable, no route, beyond scope: soft (RFC 5461).</summary>
    HostUnreachable,

    /// <summary>Protocol unreachable or unrecognised next header: hard.</summary>
    ProtocolUnreachable,

    /// <summary>Port unreachable: hard.</summary>
    PortUnreachable,

    /// <summary>Fragmentation needed or packet too big: <see cref="IcmpErrorReport.Mtu"/> is set.</summary>
    PacketTooBig,

    /// <summary>Administratively prohibited: soft.</summary>
    Prohibited,

    /// <summary>Time exceeded in transit or in reassembly: soft.</summary>
    TimeExceeded,

    /// <summary>Parameter problem: soft.</summary>
    ParameterProblem,
}

/// <summary>An ICMP error about a datagram of ours, read from its private bytes.</summary>
internal readonly ref struct IcmpErrorReport
{
    /// <summary>What kind of error.</summary>
    internal IcmpErrorKind Kind { get; init; }

    /// <summary>The message's type and code as on the wire, for whoever hands them to a user.</summary>
    internal (byte Type, byte Code) Message { get; init; }

    /// <summary>Who sent the message.</summary>
    internal IpAddress Reporter { get; init; }

    /// <summary>Source of the quoted datagram: one of our addresses.</summary>
    internal IpAddress Source { get; init; }

    /// <summary>Destination of the quoted datagram.</summary>
    internal IpAddress Destination { get; init; }

    /// <summary>Transport protocol of the quoted datagram.</summary>
    internal IpProtocol Protocol { get; init; }

    /// <summary>The quoted transport bytes: at least 8 for IPv4 (RFC 792), maybe cut anywhere after.</summary>
    internal ReadOnlySpan<byte> Quoted { get; init; }

    /// <summary>The largest IP packet that passes, in bytes, validated and stored as path MTU already; 0 unless the kind is
    /// <see cref="IcmpErrorKind.PacketTooBig"/>.</summary>
    internal int Mtu { get; init; }
}
