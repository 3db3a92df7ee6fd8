namespace NetStack.Tcp.Congestion;

/// <summary>
/// How much of the network a connection may fill (RFC 5681). One instance belongs to one connection and is called on the stack's
/// thread only. All sizes are in bytes. During fast recovery the connection drives <see cref="CongestionWindow"/> itself by
/// proportional rate reduction (RFC 9937) and does not call <see cref="OnAck"/>; afterwards it sets it to
/// <see cref="SlowStartThreshold"/>.
/// </summary>
public interface ICongestionControl
{
    /// <summary>The name by which it is chosen, as in Linux: <c>cubic</c>, <c>reno</c>.</summary>
    string Name { get; }

    /// <summary>Bytes that may be in the network; at least one segment.</summary>
    int CongestionWindow { get; set; }

    /// <summary>Below this window is slow start; <see cref="int.MaxValue"/> until a first congestion.</summary>
    int SlowStartThreshold { get; }

    /// <summary>Begins, once the connection is established, or begins anew.</summary>
    /// <param name="maximumSegmentSize">Payload bytes of a full segment, at least 1.</param>
    /// <param name="initialWindow">The first window: see <see cref="CongestionControl.InitialWindow"/>.</param>
    void Start(int maximumSegmentSize, int initialWindow);

    /// <summary>Full segments have another size from now on, for example because the path changed.</summary>
    void OnSegmentSizeChanged(int maximumSegmentSize);

    /// <summary>An ACK acknowledged new data outside of fast recovery, in order or, where the path reorders, by SACK: the window
    /// may grow.</summary>
    void OnAck(in CongestionAck ack);

    /// <summary>
    /// Data was lost or the peer echoed a congestion mark, for the first time in a round trip: chooses a new
    /// <see cref="SlowStartThreshold"/>, and remembers what <see cref="OnUndo"/> brings back. The window itself follows in
    /// recovery.
    /// </summary>
    void OnCongestion(in CongestionEvent congestion);

    /// <summary>The retransmission timer ran out: the window becomes one segment (RFC 5681 section 3.1). The threshold is
    /// chosen anew only if this is the first sign of the loss.</summary>
    /// <param name="congestion">The state at that time.</param>
    /// <param name="isRepeated">Whether the timer ran out for the same data before, or a recovery has reduced the threshold for
    /// this loss already.</param>
    void OnRetransmissionTimeout(in CongestionEvent congestion, bool isRepeated);

    /// <summary>The last congestion event was none: window and threshold become what they were before it, or more.</summary>
    void OnUndo();

    /// <summary>
    /// The connection sent nothing for a while, or did not use its window: the window is reduced to what was proven (RFC 5681
    /// section 4.1, RFC 2861).
    /// </summary>
    /// <param name="idle">How long.</param>
    /// <param name="retransmissionTimeout">The timeout: each one of idleness halves the window.</param>
    /// <param name="restartWindow">The window is not reduced below this.</param>
    void OnIdle(TimeSpan idle, TimeSpan retransmissionTimeout, int restartWindow);
}

/// <summary>An ACK, as a congestion control sees it.</summary>
public readonly record struct CongestionAck
{
    /// <summary>When it arrived.</summary>
    public Instant Now { get; init; }

    /// <summary>Bytes that it newly acknowledged, by SND.UNA or by SACK; 0 where SACKs told of all of them before.</summary>
    public int Acknowledged { get; init; }

    /// <summary>Bytes ever acknowledged, this ACK included: SND.UNA on a scale without end.</summary>
    public long TotalAcknowledged { get; init; }

    /// <summary>Bytes ever sent: SND.NXT on the same scale.</summary>
    public long TotalSent { get; init; }

    /// <summary>Bytes in the network before the ACK.</summary>
    public int InFlight { get; init; }

    /// <summary>The round trip that it showed; zero when it showed none.</summary>
    public TimeSpan RoundTrip { get; init; }

    /// <summary>The smoothed round trip; zero before the first sample.</summary>
    public TimeSpan SmoothedRoundTrip { get; init; }

    /// <summary>Whether the window was not what held the sender back: it does not grow then (RFC 7661, RFC 9438 section 5.8).</summary>
    public bool IsAppLimited { get; init; }

    /// <summary>Bytes delivered in <see cref="RateInterval"/>, for those that go by rates; 0 when unknown.</summary>
    public long RateBytes { get; init; }

    /// <summary>See <see cref="RateBytes"/>.</summary>
    public TimeSpan RateInterval { get; init; }

    /// <summary>Whether the rate shows the application's speed, not the path's.</summary>
    public bool IsRateAppLimited { get; init; }
}

/// <summary>The state at the time of a congestion event.</summary>
public readonly record struct CongestionEvent
{
    /// <summary>When it was noticed.</summary>
    public Instant Now { get; init; }

    /// <summary>Bytes outstanding (FlightSize).</summary>
    public int FlightSize { get; init; }

    /// <summary>Whether it was told by an ECN echo, not by a loss.</summary>
    public bool IsEcn { get; init; }
}
