namespace NetStack.Tcp;

/// <summary>How a sender stands with congestion, as Linux names it.</summary>
public enum CongestionState
{
    /// <summary>No loss is known.</summary>
    Open = 0,

    /// <summary>Duplicate or selective acknowledgements came: maybe reordering.</summary>
    Disorder,

    /// <summary>ECN halved the window.</summary>
    CwndReduced,

    /// <summary>Fast recovery.</summary>
    Recovery,

    /// <summary>After a retransmission timeout.</summary>
    Loss,
}

/// <summary>Statistics of one connection, as TCP_INFO gives them.</summary>
public readonly record struct TcpInfo
{
    /// <summary>State.</summary>
    public TcpState State { get; init; }

    /// <summary>Congestion state.</summary>
    public CongestionState CongestionState { get; init; }

    /// <summary>Options in use: timestamps.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Options in use: SACK.</summary>
    public bool Sack { get; init; }

    /// <summary>Options in use: ECN.</summary>
    public bool Ecn { get; init; }

    /// <summary>Window scale of the peer's window; -1 where scaling is off.</summary>
    public int SendWindowScale { get; init; }

    /// <summary>Window scale of our window; -1 where scaling is off.</summary>
    public int ReceiveWindowScale { get; init; }

    /// <summary>Retransmission timeout.</summary>
    public TimeSpan Rto { get; init; }

    /// <summary>Smoothed round-trip time; zero before the first sample.</summary>
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>Variation of the round-trip time.</summary>
    public TimeSpan RttVariation { get; init; }

    /// <summary>The least round-trip time seen lately.</summary>
    public TimeSpan MinRtt { get; init; }

    /// <summary>Payload bytes in a full segment we send.</summary>
    public int SendMss { get; init; }

    /// <summary>Payload bytes in the largest segment that came lately.</summary>
    public int ReceiveMss { get; init; }

    /// <summary>Congestion window in bytes.</summary>
    public long CongestionWindow { get; init; }

    /// <summary>Slow start threshold in bytes; <see cref="long.MaxValue"/> while there was no loss.</summary>
    public long SlowStartThreshold { get; init; }

    /// <summary>The peer's window in bytes.</summary>
    public long SendWindow { get; init; }

    /// <summary>Our window in bytes, as advertised.</summary>
    public long ReceiveWindow { get; init; }

    /// <summary>The size of the receive buffer in bytes, as far as it grew.</summary>
    public int ReceiveBuffer { get; init; }

    /// <summary>The size of the send buffer in bytes, as far as it grew.</summary>
    public int SendBuffer { get; init; }

    /// <summary>Bytes sent and neither acknowledged nor known lost.</summary>
    public long BytesInFlight { get; init; }

    /// <summary>Numbers sent and not acknowledged, SACKed or not; SYN and FIN count as one each (RFC 5681 FlightSize).</summary>
    public long BytesOutstanding { get; init; }

    /// <summary>Bytes of them that count as lost, whether sent again or not.</summary>
    public long BytesLost { get; init; }

    /// <summary>Bytes of them that were sent again and are in flight.</summary>
    public long BytesSentAgain { get; init; }

    /// <summary>Numbers that reached the peer: acknowledged or SACKed over the connection's life.</summary>
    public long BytesDelivered { get; init; }

    /// <summary>Segments that are SACKed at present.</summary>
    public int SegmentsSacked { get; init; }

    /// <summary>Bytes written and not acknowledged.</summary>
    public long BytesQueued { get; init; }

    /// <summary>Bytes written and never sent.</summary>
    public int BytesUnsent { get; init; }

    /// <summary>Bytes the peer acknowledged.</summary>
    public long BytesAcknowledged { get; init; }

    /// <summary>Bytes received in order.</summary>
    public long BytesReceived { get; init; }

    /// <summary>When data came last; before any, when the connection was made.</summary>
    public Instant DataReceivedAt { get; init; }

    /// <summary>Segments sent again over the connection's life.</summary>
    public long Retransmitted { get; init; }

    /// <summary>Timeouts in a row.</summary>
    public int Backoff { get; init; }

    /// <summary>Unanswered keepalive or window probes.</summary>
    public int Probes { get; init; }
}
