namespace NetStack.Tcp;

/// <summary>
/// RACK's view of time (RFC 8985 section 6): the last sent of what was delivered, the reordering seen, and the window that
/// reordering is granted. <see cref="SackScoreboard.OnAck"/> feeds it; the connection then calls <see cref="UpdateWindow"/> and
/// <see cref="SackScoreboard.DetectLosses"/>. A mutable value: keep it in a field.
/// </summary>
internal struct RackLossDetector
{
    /// <summary>RFC 8985 RACK.DupThresh.</summary>
    internal const int DuplicateThreshold = 3;

    private const int RecoveriesBeforeReset = 16;

    private Instant _sentAt;
    private SequenceNumber _end;
    private TimeSpan _roundTrip;
    private bool _hasSegment;
    private SequenceNumber _forward; // RACK.fack
    private bool _hasForward;
    private bool _isReorderingSeen;
    private SequenceNumber? _dsackRound;
    private int _multiplier;
    private int _persist;
    private TimeSpan _window;

    /// <summary>Whether anything was delivered yet: without it nothing can be told lost.</summary>
    internal readonly bool HasSegment => _hasSegment;

    /// <summary>When the last sent of the delivered segments was sent (RACK.xmit_ts).</summary>
    internal readonly Instant SentAt => _sentAt;

    /// <summary>The round trip it showed (RACK.rtt).</summary>
    internal readonly TimeSpan RoundTrip => _roundTrip;

    /// <summary>The time that reordering is granted (RACK.reo_wnd), as of the last <see cref="UpdateWindow"/>.</summary>
    internal readonly TimeSpan Window => _window;

    /// <summary>Whether the path was seen to reorder.</summary>
    internal readonly bool IsReorderingSeen => _isReorderingSeen;

    /// <summary>How many quarters of the least round trip the window may have.</summary>
    internal readonly int Multiplier => Math.Max(_multiplier, 1);

    /// <summary>Takes a newly delivered range, those of one ACK in the order of sequence numbers (section 6.2 steps 2 and 3).</summary>
    internal void OnDelivered(in SentRange range, in AckFacts facts)
    {
        bool wasSentAgain = range.Has(SentRangeState.EverRetransmitted);
        DetectReordering(range.End, wasSentAgain);
        TimeSpan roundTrip = facts.Now - range.SentAt;
        if (wasSentAgain)
        {
            if (facts.TimestampEcho is { } echo && unchecked((int)(echo - range.Timestamp)) < 0) return;
            if (roundTrip < facts.MinimumRoundTrip) return;
        }
        _roundTrip = roundTrip;
        if (_hasSegment && !IsSentAfter(range.SentAt, range.End, _sentAt, _end)) return;
        _sentAt = range.SentAt;
        _end = range.End;
        _hasSegment = true;
    }

    /// <summary>Whether a range was sent before the one that was delivered (RACK_sent_after).</summary>
    internal readonly bool WasSentBefore(in SentRange range) => _hasSegment && IsSentAfter(_sentAt, _end, range.SentAt, range.End);

    /// <summary>
    /// Chooses the reordering window after an ACK or at the end of a recovery (section 6.2 step 4).
    /// </summary>
    /// <param name="unacknowledged">SND.UNA.</param>
    /// <param name="next">SND.NXT.</param>
    /// <param name="hasDuplicateSack">Whether the ACK carried a DSACK.</param>
    /// <param name="isInRecovery">Whether fast or timeout recovery is on.</param>
    /// <param name="sackedSegments">How many segments are SACKed at present.</param>
    /// <param name="rtt">For the least and the smoothed round trip.</param>
    internal void UpdateWindow(
        SequenceNumber unacknowledged, SequenceNumber next, bool hasDuplicateSack, bool isInRecovery, int sackedSegments, in RttEstimator rtt)
    {
        if (_dsackRound is { } round && unacknowledged >= round) _dsackRound = null;
        if (_dsackRound is null && hasDuplicateSack)
        {
            _dsackRound = next;
            _multiplier = Multiplier + 1;
            _persist = RecoveriesBeforeReset;
        }
        bool isImpatient = !_isReorderingSeen && (isInRecovery || sackedSegments >= DuplicateThreshold);
        _window = isImpatient ? TimeSpan.Zero : Min(new TimeSpan(rtt.Minimum.Ticks * Multiplier / 4), rtt.Smoothed);
    }

    /// <summary>Says that what was taken for lost was only late. A path that reorders so far that every late segment is sent again
    /// first shows it in no other way, and without a window each of them would begin a recovery (as Linux does on undo).</summary>
    internal void OnReordering() => _isReorderingSeen = true;

    /// <summary>Says that a recovery ended: 16 of them without a DSACK give the window its first size back.</summary>
    internal void OnRecoveryEnded()
    {
        if (_persist > 0 && --_persist == 0) _multiplier = 1;
    }

    private void DetectReordering(SequenceNumber end, bool wasSentAgain)
    {
        if (!_hasForward || end > _forward)
        {
            _forward = end;
            _hasForward = true;
        }
        else if (end < _forward && !wasSentAgain) _isReorderingSeen = true;
    }

    private static bool IsSentAfter(Instant at, SequenceNumber end, Instant otherAt, SequenceNumber otherEnd) =>
        at > otherAt || at == otherAt && end > otherEnd;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
