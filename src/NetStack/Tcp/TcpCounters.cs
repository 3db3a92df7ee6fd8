namespace NetStack.Tcp;

/// <summary>Why a segment, or a part of it, was dropped.</summary>
public enum TcpDropReason
{
    /// <summary>Shorter than a TCP header.</summary>
    Truncated = 0,

    /// <summary>The header's length is impossible.</summary>
    BadHeaderLength,

    /// <summary>The checksum is wrong.</summary>
    BadChecksum,

    /// <summary>Addressed to a group, from an address that cannot be a peer, or from port 0.</summary>
    BadAddress,

    /// <summary>For no connection and no listener; a reset answered it unless it was one.</summary>
    NoConnection,

    /// <summary>For a listener, but neither a SYN nor the answer to one of its SYN-ACKs.</summary>
    NotForListener,

    /// <summary>Flags that make no sense together, or none.</summary>
    BadFlags,

    /// <summary>Outside the receive window.</summary>
    OutsideWindow,

    /// <summary>Nothing in it is new.</summary>
    Duplicate,

    /// <summary>An older timestamp than the connection's (PAWS, RFC 7323 section 5).</summary>
    OldTimestamp,

    /// <summary>No timestamp where both agreed on them (RFC 7323 section 3.2).</summary>
    MissingTimestamp,

    /// <summary>It acknowledges what was never sent, or is too old (RFC 5961 section 5).</summary>
    BadAcknowledgement,

    /// <summary>A reset in the window that does not hit the expected number (RFC 5961 section 3).</summary>
    ResetNotExact,

    /// <summary>A SYN on an open connection (RFC 5961 section 4).</summary>
    UnexpectedSyn,

    /// <summary>No ACK flag where one must be.</summary>
    NoAcknowledgement,

    /// <summary>The listener's SYN queue is full and cookies are off.</summary>
    SynQueueFull,

    /// <summary>The listener's accept queue is full.</summary>
    AcceptQueueFull,

    /// <summary>The SYN cookie is wrong or too old.</summary>
    BadCookie,

    /// <summary>No receive memory was left.</summary>
    NoReceiveMemory,

    /// <summary>Too many gaps in what came out of order.</summary>
    TooManyRanges,

    /// <summary>Data for a connection whose user reads no more.</summary>
    NobodyReads,

    /// <summary>The limit of connections is reached.</summary>
    TooManyConnections,

    /// <summary>A reset for a connection in TIME-WAIT (RFC 1337).</summary>
    ResetInTimeWait,

    /// <summary>A reply could not be sent: no route, or the interface's queue is full.</summary>
    ReplyNotSent,

    /// <summary>An ICMP error that quotes numbers no connection has outstanding (RFC 5927 section 4).</summary>
    ErrorNotOurs,
}

/// <summary>How many segments were dropped, by reason.</summary>
public sealed class TcpDrops : ReasonCounters
{
    internal TcpDrops() : base(Enum.GetNames<TcpDropReason>())
    {
    }

    /// <summary>How often for one reason.</summary>
    public long this[TcpDropReason reason] => Get((int)reason);

    internal void Add(TcpDropReason reason) => Count((int)reason);
}

/// <summary>Counters of the TCP layer. Its thread writes, anybody may read roughly.</summary>
public sealed class TcpCounters
{
    internal TcpCounters()
    {
    }

    /// <summary>Segments received, coalesced ones counted singly, good or bad.</summary>
    public long SegmentsReceived { get; internal set; }

    /// <summary>Segments sent, each to be cut counted singly, retransmissions included.</summary>
    public long SegmentsSent { get; internal set; }

    /// <summary>Packets and super-segments handed to IP.</summary>
    public long Handed { get; internal set; }

    /// <summary>Segments sent again.</summary>
    public long Retransmitted { get; internal set; }

    /// <summary>Resets sent.</summary>
    public long ResetsSent { get; internal set; }

    /// <summary>Resets that ended a connection.</summary>
    public long ResetsReceived { get; internal set; }

    /// <summary>Connections opened by us.</summary>
    public long ActiveOpens { get; internal set; }

    /// <summary>Connections opened by a peer and established.</summary>
    public long PassiveOpens { get; internal set; }

    /// <summary>Connects that failed.</summary>
    public long FailedConnects { get; internal set; }

    /// <summary>Connections that ended by a timeout.</summary>
    public long TimedOut { get; internal set; }

    /// <summary>SYN-ACKs that carried a cookie.</summary>
    public long CookiesSent { get; internal set; }

    /// <summary>Connections made from a cookie.</summary>
    public long CookiesAccepted { get; internal set; }

    /// <summary>Challenge ACKs sent (RFC 5961).</summary>
    public long ChallengeAcks { get; internal set; }

    /// <summary>Retransmission timeouts.</summary>
    public long Timeouts { get; internal set; }

    /// <summary>Timeouts and recoveries that proved spurious and were undone.</summary>
    public long Undone { get; internal set; }

    /// <summary>Fast recoveries begun.</summary>
    public long FastRecoveries { get; internal set; }

    /// <summary>Tail loss probes sent (RFC 8985 section 7).</summary>
    public long TailLossProbes { get; internal set; }

    /// <summary>Duplicate segments the peer reported (RFC 2883).</summary>
    public long DuplicatesReported { get; internal set; }

    /// <summary>Connections in TIME-WAIT that a new SYN ended early (RFC 6191).</summary>
    public long TimeWaitReused { get; internal set; }

    /// <summary>Connections that skipped TIME-WAIT because too many were in it.</summary>
    public long TimeWaitOverflow { get; internal set; }

    /// <summary>Payload bytes read by handle that were never copied.</summary>
    public long BodyBytesPassed { get; internal set; }

    /// <summary>Payload bytes read by handle out of private buffers: they had been copied when they came, or later.</summary>
    public long BodyBytesCopied { get; internal set; }

    /// <summary>Bodies that were copied because they were unread for too long or their pool was short.</summary>
    public long BodiesCopiedOut { get; internal set; }

    /// <summary>Bodies found to have other bytes than were verified.</summary>
    public long BodiesChanged { get; internal set; }

    /// <summary>Segments dropped, by reason.</summary>
    public TcpDrops Drops { get; } = new();
}
