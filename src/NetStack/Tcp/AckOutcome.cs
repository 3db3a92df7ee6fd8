namespace NetStack.Tcp;

/// <summary>What the <see cref="SackScoreboard"/> must know of an ACK besides its SACK blocks.</summary>
internal readonly struct AckFacts
{
    /// <summary>SEG.ACK.</summary>
    internal SequenceNumber Acknowledgement { get; init; }

    /// <summary>When it arrived.</summary>
    internal Instant Now { get; init; }

    /// <summary>TSecr; null where the segment has no time stamps.</summary>
    internal uint? TimestampEcho { get; init; }

    /// <summary>The path's least round trip; zero when unknown.</summary>
    internal TimeSpan MinimumRoundTrip { get; init; }
}

/// <summary>What an ACK did: the result of <see cref="SackScoreboard.OnAck"/>. A mutable value while it is made.</summary>
internal struct AckOutcome
{
    /// <summary>Bytes by which SND.UNA advanced.</summary>
    internal int Acknowledged;

    /// <summary>Bytes that SACK blocks reported for the first time.</summary>
    internal int Sacked;

    /// <summary>Bytes that arrived by what this ACK says and nothing said before: RFC 9937's DeliveredData.</summary>
    internal int Delivered;

    /// <summary>Whether the first block is a DSACK: the peer got these bytes twice (RFC 2883).</summary>
    internal bool HasDuplicateSack;

    /// <summary>The DSACK's range, if <see cref="HasDuplicateSack"/>.</summary>
    internal SequenceNumber DuplicateStart, DuplicateEnd;

    /// <summary>Whether a range that had been sent again was delivered.</summary>
    internal bool HasRetransmittedDelivered;

    /// <summary>Whether a range that was never sent again was delivered; <see cref="LowestOriginalEnd"/> says which.</summary>
    internal bool HasOriginalDelivered;

    /// <summary>The end of the lowest such range.</summary>
    internal SequenceNumber LowestOriginalEnd;

    /// <summary>Whether the peer dropped what it had SACKed: SND.UNA stands before a SACKed range. The timeout will forget all
    /// SACKs (RFC 2018 section 8); do not wait for it much longer than a round trip.</summary>
    internal bool IsReneging;

    /// <summary>A sample for the retransmission timeout by Karn's algorithm: of the acknowledged ranges the one sent first; for
    /// an ACK that only SACKs, of those. Null when any of them had been sent again.</summary>
    internal TimeSpan? RoundTrip;

    /// <summary>A sample for congestion control and the least round trip: of the range that was sent last.</summary>
    internal TimeSpan? ShortestRoundTrip;

    /// <summary>Bytes delivered in <see cref="RateInterval"/>: the delivery rate the ACK shows; 0 when it shows none.</summary>
    internal long RateBytes;

    /// <summary>See <see cref="RateBytes"/>; zero when too short to measure.</summary>
    internal TimeSpan RateInterval;

    /// <summary>Whether the rate was limited by what the application gave.</summary>
    internal bool IsRateAppLimited;

    /// <summary>Whether SND.UNA advanced.</summary>
    internal readonly bool IsAdvance => Acknowledged > 0;
}
