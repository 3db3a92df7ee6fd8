namespace NetStack;

/// <summary>
/// What is known of a packet in its flow, given by the flow table; the default value belongs to a packet of no flow.
/// Times are nanoseconds by the capture's time stamps, which may run backwards.
/// </summary>
public readonly record struct FlowPacket
{
    /// <summary>The flow; null for a packet of none.</summary>
    public Flow? Flow { get; init; }

    /// <summary>The flow's number among those of its protocol, from 0 by first packet: <c>tcp.stream</c>, <c>udp.stream</c>.</summary>
    public int Stream { get; init; }

    /// <summary>Whether it goes from b to a, against the flow's first packet.</summary>
    public bool IsReverse { get; init; }

    /// <summary>What the TCP segment is.</summary>
    public TcpAnalysis Analysis { get; init; }

    /// <summary>TCP sequence number from the sender's first one: 0 for its SYN, 1 for the first segment where the SYN was not captured.</summary>
    public uint RelativeSequence { get; init; }

    /// <summary>The relative sequence number after this segment, SYN and FIN counted.</summary>
    public uint NextSequence { get; init; }

    /// <summary>TCP acknowledgment number from the other side's first sequence number; 0 without the ACK flag.</summary>
    public uint RelativeAcknowledgment { get; init; }

    /// <summary>From the segment that this ACK answers to the ACK; null where it answers none that was seen.</summary>
    public long? RoundTrip { get; init; }

    /// <summary>The number of the packet that this ACK answers; 0 for none.</summary>
    public long AcknowledgedPacket { get; init; }

    /// <summary>From the SYN to the ACK that ends the handshake, on every packet from that ACK on; null where it was not seen whole.</summary>
    public long? InitialRoundTrip { get; init; }

    /// <summary>Whether this is the ACK that ends the handshake.</summary>
    public bool EndsHandshake { get; init; }

    /// <summary>Since the flow's first packet.</summary>
    public long SinceFirst { get; init; }

    /// <summary>Since the flow's previous packet.</summary>
    public long SincePrevious { get; init; }

    /// <summary>Bytes that the sender has on the way with this segment: sent, and not acknowledged yet, by SACK neither. 0 without payload and where unknown.</summary>
    public long BytesInFlight { get; init; }

    /// <summary>Bytes that the sender sent since its last segment with the PSH flag, this one's included; 0 without payload.</summary>
    public long BytesSincePush { get; init; }

    /// <summary>The window in bytes, scaled where the scale is known.</summary>
    public long ScaledWindow { get; init; }

    /// <summary>What the window is multiplied by; -1 where the handshake was not seen, -2 where there is no scaling, 0 on a SYN.</summary>
    public int WindowScale { get; init; }

    /// <summary>Which repetition of the ACK this is, from 1; 0 for no duplicate ACK.</summary>
    public int DuplicateAckNumber { get; init; }

    /// <summary>The number of the packet whose ACK is repeated; 0 for none.</summary>
    public long DuplicateAckPacket { get; init; }

    /// <summary>From the oldest segment that is not acknowledged to this retransmission, or else from the one with the highest number; null for none, and for fast and spurious ones.</summary>
    public long? RetransmissionTimeout { get; init; }

    /// <summary>The number of the packet that <see cref="RetransmissionTimeout"/> counts from; 0 for none.</summary>
    public long RetransmittedPacket { get; init; }
}
