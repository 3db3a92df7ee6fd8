namespace NetStack;

/// <summary>
/// What a TCP segment is, judged from the headers seen so far in its flow; a segment may be several things. The meanings are those
/// that Wireshark's User's Guide documents under "TCP Analysis". A capture is only one place's view: each is a suspicion.
/// </summary>
[Flags]
public enum TcpAnalysis : ushort
{
    /// <summary>Nothing to remark.</summary>
    None = 0,

    /// <summary>Data, SYN or FIN that was sent before; set with the next two kinds as well.</summary>
    Retransmission = 1,

    /// <summary>A retransmission right after two duplicate ACKs or more that asked for it, within 20 ms of the last one.</summary>
    FastRetransmission = 1 << 1,

    /// <summary>A retransmission of what was acknowledged already.</summary>
    SpuriousRetransmission = 1 << 2,

    /// <summary>Data that follows soon after later data: it was overtaken.</summary>
    OutOfOrder = 1 << 3,

    /// <summary>A segment before this one was not captured, or was lost before the capture.</summary>
    LostSegment = 1 << 4,

    /// <summary>Acknowledges data that was not captured.</summary>
    AckedUnseenSegment = 1 << 5,

    /// <summary>Repeats the last ACK, with the same window and no data: <see cref="FlowPacket.DuplicateAckNumber"/>.</summary>
    DuplicateAck = 1 << 6,

    /// <summary>The sender has no room: a window of 0.</summary>
    ZeroWindow = 1 << 7,

    /// <summary>One byte of the next data, sent into a zero window.</summary>
    ZeroWindowProbe = 1 << 8,

    /// <summary>The answer to a zero window probe: the window is still 0.</summary>
    ZeroWindowProbeAck = 1 << 9,

    /// <summary>The segment fills the receiver's window.</summary>
    WindowFull = 1 << 10,

    /// <summary>Nothing but a new window.</summary>
    WindowUpdate = 1 << 11,

    /// <summary>At most one byte, just before the next expected: it asks for an ACK only.</summary>
    KeepAlive = 1 << 12,

    /// <summary>The answer to a keep-alive.</summary>
    KeepAliveAck = 1 << 13,

    /// <summary>A SYN that opens a new connection on the ports of one seen before.</summary>
    PortsReused = 1 << 14,
}
