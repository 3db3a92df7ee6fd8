using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Icmp;

/// <summary>Settings of ICMP and ICMPv6.</summary>
public sealed record IcmpOptions
{
    /// <summary>Whether echo requests are answered (RFC 1122 section 3.2.2.6, RFC 4443 section 4.2).</summary>
    public bool AnswerEcho { get; init; } = true;

    /// <summary>Whether IPv4 echo requests to a group or a broadcast address are answered; it invites amplification (RFC 2644).</summary>
    public bool AnswerGroupEchoV4 { get; init; }

    /// <summary>Whether ICMPv6 echo requests to a group are answered.</summary>
    public bool AnswerGroupEchoV6 { get; init; } = true;

    /// <summary>The most echo replies a second, in bursts of up to as many; 0 for no limit.</summary>
    public int EchoRepliesPerSecond { get; init; }

    /// <summary>Bytes that the receive queue of a new echo socket may take.</summary>
    public int ReceiveBufferSize { get; init; } = 64 * 1024;

    /// <summary>Bytes that the receive queues of all echo sockets may take together.</summary>
    public int ReceiveMemory { get; init; } = 1024 * 1024;
}

/// <summary>What became of an ICMP message that came in and was no use.</summary>
public enum IcmpDropReason
{
    /// <summary>Shorter than its type needs.</summary>
    Truncated = 0,

    /// <summary>The checksum is wrong.</summary>
    BadChecksum,

    /// <summary>An echo request that the settings leave unanswered.</summary>
    EchoNotAnswered,

    /// <summary>An echo request above the limit of replies.</summary>
    EchoRateLimited,

    /// <summary>An echo reply that could not be sent.</summary>
    EchoNotSent,

    /// <summary>An echo reply nobody waits for.</summary>
    NoSocket,

    /// <summary>The receive queue of the socket, or of all, is full.</summary>
    QueueFull,

    /// <summary>A timestamp request: what the time is here is nobody's business (RFC 1122 section 3.2.2.8 allows silence).</summary>
    Timestamp,

    /// <summary>A source quench (RFC 6633).</summary>
    SourceQuench,

    /// <summary>An IPv4 redirect: routes are not taken from the wire.</summary>
    Redirect,

    /// <summary>A type we do not know.</summary>
    UnknownType,

    /// <summary>An error whose quote is no packet, or too short to tell whose it was.</summary>
    BadQuote,

    /// <summary>An error about something that we cannot have sent.</summary>
    UnexpectedError,

    /// <summary>A "packet too big" that the settings, or the standard, leave unheard.</summary>
    PacketTooBigIgnored,

    /// <summary>A neighbour discovery or listener message that came from beyond the link, or whose code is not 0.</summary>
    NotFromLink,
}

/// <summary>How often ICMP messages that came in were no use, by reason.</summary>
public sealed class IcmpDropCounters : ReasonCounters
{
    internal IcmpDropCounters()
        : base(Enum.GetNames<IcmpDropReason>())
    {
    }

    /// <summary>How often for a reason.</summary>
    public long this[IcmpDropReason reason] => Get((int)reason);

    internal void Add(IcmpDropReason reason) => Count((int)reason);
}

/// <summary>What is told of an echo reply.</summary>
/// <param name="From">Who answered.</param>
/// <param name="To">The address it was sent to.</param>
/// <param name="Interface">The interface it came in on.</param>
/// <param name="Identifier">The socket's identifier.</param>
/// <param name="Sequence">The request's sequence number.</param>
public readonly record struct EchoReplyInfo(IpAddress From, IpAddress To, int Interface, ushort Identifier, ushort Sequence)
{
    /// <summary>TTL or hop limit as it arrived.</summary>
    public byte HopLimit { get; init; }

    /// <summary>TOS or traffic class.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>Data bytes of the reply.</summary>
    public int Length { get; init; }

    /// <summary>Data bytes that were copied.</summary>
    public int Copied { get; init; }

    /// <summary>Whether the destination was too short; the rest is gone.</summary>
    public bool IsTruncated => Copied < Length;
}

/// <summary>An event of an echo socket.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="What">What happened.</param>
public readonly record struct EchoEvent(EchoSocket Socket, SocketEvents What);
