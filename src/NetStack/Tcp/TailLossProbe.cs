namespace NetStack.Tcp;

/// <summary>
/// Tail loss probe (RFC 8985 section 7): when an ACK is overdue, one segment is sent so that an ACK comes that tells what is
/// lost. The connection arms the probe timer with <see cref="TimeoutAt"/> after new data or an ACK that advances, sends new data or
/// else <see cref="SackScoreboard.TryGetLast"/> when it fires, says so with <see cref="OnProbeSent"/>, and restarts the
/// retransmission timer. A mutable value: keep it in a field.
/// </summary>
internal struct TailLossProbe
{
    /// <summary>The longest time a peer may delay an ACK (RFC 8985 section 7.2: 200 ms).</summary>
    internal static readonly TimeSpan DefaultMaximumAckDelay = TimeSpan.FromMilliseconds(200);

    private SequenceNumber _end;
    private bool _isOutstanding;
    private bool _isRetransmission;

    /// <summary>Whether a probe is on its way: no second one is sent.</summary>
    internal readonly bool IsOutstanding => _isOutstanding;

    /// <summary>
    /// When the probe is due (TLP_calc_PTO); it is armed only if SACK was agreed on, nothing is SACKed, no recovery is on, no
    /// probe is outstanding, and something is in flight.
    /// </summary>
    /// <param name="now">The present.</param>
    /// <param name="rtt">For SRTT; without a sample the probe waits a second.</param>
    /// <param name="isOneSegment">Whether no more than one segment is in flight, whose ACK may be delayed.</param>
    /// <param name="maximumAckDelay">The longest time the peer may delay it.</param>
    /// <param name="retransmissionDue">When the retransmission timer runs out: the probe is not later.</param>
    internal static Instant TimeoutAt(Instant now, in RttEstimator rtt, bool isOneSegment, TimeSpan maximumAckDelay, Instant retransmissionDue)
    {
        TimeSpan timeout = rtt.HasSample ? 2 * rtt.Smoothed + (isOneSegment ? maximumAckDelay : TimeSpan.Zero) : TimeSpan.FromSeconds(1);
        return Instant.Min(now + timeout, retransmissionDue);
    }

    /// <summary>Notes that a probe was sent.</summary>
    /// <param name="next">SND.NXT after it: TLP.end_seq.</param>
    /// <param name="isRetransmission">Whether it was a retransmission, not new data.</param>
    internal void OnProbeSent(SequenceNumber next, bool isRetransmission)
    {
        _end = next;
        _isRetransmission = isRetransmission;
        _isOutstanding = true;
    }

    /// <summary>Forgets the probe: a recovery or the retransmission timeout takes over.</summary>
    internal void Cancel() => _isOutstanding = false;

    /// <summary>Takes an ACK (TLP_process_ack, section 7.4.2).</summary>
    /// <param name="acknowledgement">SEG.ACK.</param>
    /// <param name="outcome">What it did.</param>
    /// <param name="isPlainDuplicate">Whether it acknowledges nothing new, has no data, no window update and no SACK block.</param>
    /// <returns>Whether the probe repaired a loss that nothing else shows: the congestion control must react as to a loss.</returns>
    internal bool OnAck(SequenceNumber acknowledgement, in AckOutcome outcome, bool isPlainDuplicate)
    {
        if (!_isOutstanding || acknowledgement < _end) return false;
        bool isLossRepaired = false;
        if (_isRetransmission && !(outcome.HasDuplicateSack && outcome.DuplicateEnd == _end))
        {
            if (acknowledgement == _end && !isPlainDuplicate) return false;
            isLossRepaired = acknowledgement > _end;
        }
        _isOutstanding = false;
        return isLossRepaired;
    }
}
