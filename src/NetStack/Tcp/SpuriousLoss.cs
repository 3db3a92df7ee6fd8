namespace NetStack.Tcp;

/// <summary>What a recovery has shown about itself.</summary>
internal enum RecoveryVerdict
{
    /// <summary>Nothing yet.</summary>
    Open,

    /// <summary>Nothing was lost: take the marks of loss and the window's reduction back.</summary>
    Spurious,

    /// <summary>After a timeout, send new data, if there is any and room, up to two segments, and no more retransmissions yet
    /// (RFC 5682 step 2.b). If there is none, say so with <see cref="FrtoDetector.OnNothingToSend"/>.</summary>
    SendNewData,
}

/// <summary>
/// F-RTO with SACK (RFC 5682 section 3): after a timeout, if data that was not sent again arrives, the timeout was spurious. A
/// mutable value: keep it in a field.
/// </summary>
internal struct FrtoDetector
{
    private SequenceNumber _recover;
    private bool _isActive;
    private bool _hasSentNewData;

    /// <summary>Whether a timeout is under suspicion.</summary>
    internal readonly bool IsActive => _isActive;

    /// <summary>The timeout came, and the first outstanding segment is sent again.</summary>
    /// <param name="next">SND.NXT: what was sent before.</param>
    /// <param name="isRepeated">Whether the timer ran out for the same segment before: F-RTO does not apply then.</param>
    internal void OnTimeout(SequenceNumber next, bool isRepeated)
    {
        _recover = next;
        _isActive = !isRepeated;
        _hasSentNewData = false;
    }

    /// <summary>There was nothing new to send, or no room: recovery goes on in the usual way.</summary>
    internal void OnNothingToSend() => _isActive = false;

    /// <summary>Stops watching.</summary>
    internal void Cancel() => _isActive = false;

    /// <summary>Takes an ACK after the timeout.</summary>
    /// <param name="unacknowledged">SND.UNA after it.</param>
    /// <param name="outcome">What it did.</param>
    /// <param name="isDuplicate">Whether it is a duplicate ACK.</param>
    internal RecoveryVerdict OnAck(SequenceNumber unacknowledged, in AckOutcome outcome, bool isDuplicate)
    {
        if (!_isActive) return RecoveryVerdict.Open;
        bool isProof = outcome.HasOriginalDelivered && (outcome.IsSackSeen || !outcome.HasRetransmittedDelivered);
        if (isProof && outcome.LowestOriginalEnd <= _recover)
        {
            _isActive = false;
            return RecoveryVerdict.Spurious;
        }
        bool isLossReal = _hasSentNewData && (isDuplicate || outcome.Sacked > 0);
        if (isLossReal || unacknowledged >= _recover) _isActive = false;
        if (!_isActive || !outcome.IsAdvance || _hasSentNewData) return RecoveryVerdict.Open;
        _hasSentNewData = true;
        return RecoveryVerdict.SendNewData;
    }
}

/// <summary>
/// Tells a spurious recovery from a needed one: by the time stamp that the first ACK echoes (Eifel, RFC 3522), or by a DSACK for
/// everything that was sent again (RFC 3708). A mutable value: keep it in a field.
/// </summary>
internal struct UndoDetector
{
    private SequenceNumber _start;
    private SequenceNumber _end;
    private uint _firstTimestamp;
    private int _pending; // bytes sent again and not reported as duplicates
    private bool _isActive;
    private bool _hasRetransmitted;

    /// <summary>Whether a reduction may be taken back.</summary>
    internal readonly bool IsActive => _isActive;

    /// <summary>A recovery or a timeout begins, with its reduction of the window.</summary>
    /// <param name="unacknowledged">SND.UNA.</param>
    /// <param name="next">SND.NXT.</param>
    /// <param name="retransmitted">Bytes sent again before that are in flight still, as when a timeout follows a fast retransmit:
    /// <see cref="SackScoreboard.RetransmittedBytes"/>. DSACKs of them prove nothing of what follows.</param>
    internal void Begin(SequenceNumber unacknowledged, SequenceNumber next, int retransmitted = 0)
    {
        _start = unacknowledged;
        _end = next;
        _pending = retransmitted;
        _hasRetransmitted = false;
        _isActive = true;
    }

    /// <summary>Something was sent again.</summary>
    /// <param name="bytes">How many bytes.</param>
    /// <param name="timestamp">Its TSval; of no use without time stamps.</param>
    internal void OnRetransmitted(int bytes, uint timestamp)
    {
        if (!_isActive) return;
        if (!_hasRetransmitted) _firstTimestamp = timestamp;
        _hasRetransmitted = true;
        _pending += bytes;
    }

    /// <summary>Takes an ACK.</summary>
    /// <param name="outcome">What it did.</param>
    /// <param name="timestampEcho">TSecr; null without time stamps.</param>
    /// <param name="isRepairOut">Whether something that was sent again is still to be acknowledged. One segment that was only late says
    /// nothing of those then: the echo proves nothing yet (as Linux, tcp_try_undo_partial).</param>
    internal RecoveryVerdict OnAck(in AckOutcome outcome, uint? timestampEcho, bool isRepairOut = false)
    {
        if (!_isActive || !_hasRetransmitted) return RecoveryVerdict.Open;
        if (outcome.HasDuplicateSack && outcome.DuplicateStart >= _start && outcome.DuplicateEnd <= _end)
        {
            _pending -= outcome.DuplicateEnd - outcome.DuplicateStart;
        }
        bool isOriginalEchoed = !isRepairOut && outcome.IsAdvance && timestampEcho is { } echo && unchecked((int)(echo - _firstTimestamp)) < 0;
        if (!isOriginalEchoed && _pending > 0) return RecoveryVerdict.Open;
        _isActive = false;
        return RecoveryVerdict.Spurious;
    }

    /// <summary>Stops watching: the reduction stays.</summary>
    internal void Cancel() => _isActive = false;
}
