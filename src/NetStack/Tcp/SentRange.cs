namespace NetStack.Tcp;

/// <summary>What is known about a sent range.</summary>
[Flags]
internal enum SentRangeState : byte
{
    /// <summary>In flight for the first time, as far as is known.</summary>
    None = 0,

    /// <summary>The peer reported it by SACK.</summary>
    Sacked = 1,

    /// <summary>It counts as lost; while <see cref="Retransmitted"/> is not set it waits to be sent again.</summary>
    Lost = 2,

    /// <summary>It was sent again and that copy is in flight.</summary>
    Retransmitted = 4,

    /// <summary>It was sent again at some time: an ACK of it tells nothing of the round trip (Karn's algorithm).</summary>
    EverRetransmitted = 8,

    /// <summary>It is in the order of transmission.</summary>
    Timed = 16,
}

/// <summary>A range of sent and not yet acknowledged sequence space: one segment, or several of one size that share a fate.</summary>
internal struct SentRange
{
    /// <summary>Its first sequence number.</summary>
    internal SequenceNumber Start;

    /// <summary>How many sequence numbers it has, at least 1.</summary>
    internal int Length;

    /// <summary>Into segments of which size it was cut; the last may be shorter.</summary>
    internal int SegmentSize;

    /// <summary>When it was sent last.</summary>
    internal Instant SentAt;

    /// <summary>The TSval it was sent with last.</summary>
    internal uint Timestamp;

    /// <summary>How often it was sent again, at most 255.</summary>
    internal byte Retransmissions;

    /// <summary>How many segments it stands for, if it is SACKed.</summary>
    internal int SackedSegments;

    /// <summary>What is known about it.</summary>
    internal SentRangeState State;

    /// <summary>The neighbours in the order of transmission, as node numbers; -1 for none. Free nodes are chained by Newer.</summary>
    internal int Older, Newer;

    /// <summary>What was delivered when it was sent.</summary>
    internal DeliverySnapshot Delivery;

    /// <summary>The sequence number behind its last.</summary>
    internal readonly SequenceNumber End => Start + Length;

    /// <summary>Whether all of these are set.</summary>
    internal readonly bool Has(SentRangeState state) => (State & state) == state;

    /// <summary>Whether it waits to be sent again.</summary>
    internal readonly bool WaitsForRetransmission => (State & (SentRangeState.Sacked | SentRangeState.Lost | SentRangeState.Retransmitted)) == SentRangeState.Lost;
}
