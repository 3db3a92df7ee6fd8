namespace NetStack.Udp;

/// <summary>Why UDP dropped a datagram that came in.</summary>
public enum UdpDropReason
{
    /// <summary>Shorter than a header.</summary>
    Truncated = 0,

    /// <summary>The length field is below 8 or above what IP brought.</summary>
    BadLength,

    /// <summary>The destination port is 0.</summary>
    BadPort,

    /// <summary>The checksum is wrong.</summary>
    BadChecksum,

    /// <summary>No checksum, over IPv6 (RFC 8200 section 8.1).</summary>
    NoChecksum,

    /// <summary>No socket is bound to the port.</summary>
    NoSocket,

    /// <summary>The socket's receive queue is full.</summary>
    QueueFull,

    /// <summary>The memory of all receive queues is used up.</summary>
    NoMemory,

    /// <summary>An ICMP error about something that no socket of ours can have sent.</summary>
    UnexpectedError,

    /// <summary>It waited by handle, and is not any more what was verified.</summary>
    BodyChanged,
}

/// <summary>How often UDP dropped what came in, by reason.</summary>
public sealed class UdpDropCounters : ReasonCounters
{
    internal UdpDropCounters()
        : base(Enum.GetNames<UdpDropReason>())
    {
    }

    /// <summary>How often for a reason.</summary>
    public long this[UdpDropReason reason] => Get((int)reason);

    internal void Add(UdpDropReason reason) => Count((int)reason);
}
