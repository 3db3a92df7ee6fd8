using NetStack.Tcp.Congestion;

namespace NetStack.Tcp;

/// <summary>
/// Congestion states as Linux names them, and what moves between them: losses found by RACK (RFC 8985), by SACK counts (RFC
/// 6675) or by duplicate ACKs (RFC 6582); proportional rate reduction (RFC 9937); ECN (RFC 3168); undo of what proves spurious.
/// </summary>
public sealed partial class TcpConnection
{
    private const int DuplicateThreshold = 3;

    private const int FrtoSegments = 2;

    private bool _isHoldingRetransmissions; // F-RTO sends new data first

    private void Recover(in AckOutcome outcome, in AckContext ack, Instant now)
    {
        CheckUndo(outcome, ack, now);
        int marked = DetectLosses(outcome, ack, now);
        if (_probe.OnAck(ack.Acknowledgement, outcome, ack.IsPlain && outcome.Sacked == 0)) OnProbeRepaired(now);
        EndRecovery();
        if (_congestionState is CongestionState.Open or CongestionState.Disorder or CongestionState.CwndReduced)
        {
            if (marked > 0 || _board.LostBytes > 0) EnterRecovery(outcome, now); // lost may be what was sent during the last recovery
            else if (_ecn.OnAck(ack.Flags, ack.Acknowledgement, SendNext) && _congestionState != CongestionState.CwndReduced) ReduceForEcn(outcome, now);
        }
        if (_congestionState is CongestionState.Recovery or CongestionState.CwndReduced) Pace(outcome, ack, marked);
        else Grow(outcome, ack, now);
        if (_congestionState is CongestionState.Open or CongestionState.Disorder)
            _congestionState = _board.SackedBytes > 0 || _duplicateAcks > 0 ? CongestionState.Disorder : CongestionState.Open;
    }

    /// <summary>Finds what is lost. Returns how many bytes were newly found.</summary>
    private int DetectLosses(in AckOutcome outcome, in AckContext ack, Instant now)
    {
        if (UsesRack) return DetectByTime(outcome.HasDuplicateSack, now);
        if (_hasSack) return _board.MarkLostByThreshold(DuplicateThreshold, _mss);
        if (outcome.IsAdvance)
        {
            _duplicateAcks = 0;
            bool isPartial = _congestionState == CongestionState.Recovery && SendUnacknowledged < _recoveryEnd;
            return isPartial ? _board.MarkFirstLost(_mss) : 0;
        }
        if (!ack.IsDuplicate) return 0;
        _duplicateAcks++;
        _board.OnDuplicateAck(_mss);
        bool isThird = _duplicateAcks == DuplicateThreshold && _congestionState != CongestionState.Loss && SendUnacknowledged > _recoveryEnd;
        return isThird ? _board.MarkFirstLost(_mss) : 0;
    }

    private int DetectByTime(bool hasDuplicateSack, Instant now)
    {
        bool isRecovering = _congestionState is CongestionState.Recovery or CongestionState.Loss;
        _rack.UpdateWindow(SendUnacknowledged, SendNext, hasDuplicateSack, isRecovering, _board.SackedSegments, _rtt);
        int marked = _board.DetectLosses(_rack, now, out Instant? due);
        _timers.Reordering = due ?? TcpTimers.Never;
        return marked;
    }

    private void EnterRecovery(in AckOutcome outcome, Instant now)
    {
        Counters.FastRecoveries++;
        _congestion.OnCongestion(new CongestionEvent { Now = now, FlightSize = _board.Outstanding });
        _reduction.Begin(_congestion.SlowStartThreshold, _board.Outstanding, Math.Max(0, _board.SackedBytes - outcome.Sacked), outcome.Acknowledged);
        _undo.Begin(SendUnacknowledged, SendNext, _board.RetransmittedBytes);
        _board.BeginRecovery();
        _ecn.OnReduced(SendNext);
        _recoveryEnd = SendNext;
        _congestionState = CongestionState.Recovery;
        StopProbing();
    }

    private void StopProbing()
    {
        _isProbeDue = false;
        _probe.Cancel();
        _timers.Probe = TcpTimers.Never;
    }

    private void ReduceForEcn(in AckOutcome outcome, Instant now)
    {
        _congestion.OnCongestion(new CongestionEvent { Now = now, FlightSize = _board.Outstanding + outcome.Acknowledged, IsEcn = true });
        _reduction.Begin(_congestion.SlowStartThreshold, _board.Outstanding, Math.Max(0, _board.SackedBytes - outcome.Sacked), outcome.Acknowledged);
        _undo.Cancel();
        _recoveryEnd = SendNext;
        _congestionState = CongestionState.CwndReduced;
        _timers.Probe = TcpTimers.Never;
    }

    /// <summary>A tail loss probe repaired a loss that nothing else showed (RFC 8985 section 7.4.2).</summary>
    private void OnProbeRepaired(Instant now)
    {
        if (_congestionState is CongestionState.Recovery or CongestionState.Loss) return;
        _congestion.OnCongestion(new CongestionEvent { Now = now, FlightSize = Math.Max(_board.Outstanding, _mss) });
        _congestion.CongestionWindow = _congestion.SlowStartThreshold;
        _ecn.OnReduced(SendNext);
        _undo.Cancel();
    }

    private void EndRecovery()
    {
        if (_congestionState is CongestionState.Open or CongestionState.Disorder || SendUnacknowledged < _recoveryEnd) return;
        if (_congestionState is CongestionState.Recovery or CongestionState.CwndReduced) _congestion.CongestionWindow = _congestion.SlowStartThreshold;
        if (_congestionState is CongestionState.Recovery or CongestionState.Loss)
        {
            _rack.OnRecoveryEnded();
            _board.EndRecovery();
        }
        _frto.Cancel();
        _isHoldingRetransmissions = false;
        _congestionState = CongestionState.Open;
    }

    private void Pace(in AckOutcome outcome, in AckContext ack, int marked)
    {
        int delivered = outcome.Delivered;
        if (!_hasSack && ack.IsDuplicate) delivered = _mss; // RFC 9937 section 6.2: a duplicate ACK stands for a segment
        bool isSafe = outcome.IsAdvance && marked == 0;
        _congestion.CongestionWindow = _reduction.OnAck(delivered, _board.Pipe, isSafe, _mss);
    }

    /// <summary>Growth goes by what arrived, so that an advance over what was SACKed before does not count it again; on a path that
    /// reorders, where advances are rare and large, every ACK counts (as Linux).</summary>
    private void Grow(in AckOutcome outcome, in AckContext ack, Instant now)
    {
        if (!outcome.IsAdvance && (outcome.Sacked == 0 || !_rack.IsReorderingSeen)) return;
        _congestion.OnAck(new CongestionAck
        {
            Now = now,
            Acknowledged = _hasSack ? outcome.Delivered : Math.Min(outcome.Acknowledged, outcome.Delivered),
            TotalAcknowledged = _totalAcknowledged,
            TotalSent = _totalAcknowledged + _board.Outstanding,
            InFlight = ack.InFlight,
            RoundTrip = outcome.ShortestRoundTrip ?? TimeSpan.Zero,
            SmoothedRoundTrip = _rtt.Smoothed,
            IsAppLimited = !IsWindowLimited,
            RateBytes = outcome.RateBytes,
            RateInterval = outcome.RateInterval,
            IsRateAppLimited = outcome.IsRateAppLimited,
        });
    }

    /// <summary>Whether the congestion window held the sender back, or in slow start will soon (RFC 7661; as Linux).</summary>
    private bool IsWindowLimited =>
        _congestionState == CongestionState.Loss || _isCwndLimited
        || (_congestion.CongestionWindow < _congestion.SlowStartThreshold && _congestion.CongestionWindow < 2L * _maxFlight);

    private void CheckUndo(in AckOutcome outcome, in AckContext ack, Instant now)
    {
        _isHoldingRetransmissions = false;
        bool isFast = _congestionState == CongestionState.Recovery;
        if (_undo.OnAck(outcome, ack.Echo, isRepairOut: isFast && _board.RetransmittedBytes > 0) == RecoveryVerdict.Spurious)
        {
            if (isFast) _rack.OnReordering();
            Undo(now);
            return;
        }
        if (_congestionState != CongestionState.Loss) return;
        RecoveryVerdict verdict = _frto.OnAck(SendUnacknowledged, outcome, ack.IsDuplicate);
        if (verdict == RecoveryVerdict.Spurious) Undo(now);
        _isHoldingRetransmissions = verdict == RecoveryVerdict.SendNewData;
        _frtoSegments = FrtoSegments;
    }

    /// <summary>Nothing was lost: the marks and the reduction are taken back (RFC 3522, RFC 4015, RFC 5682, RFC 3708).</summary>
    private void Undo(Instant now)
    {
        Counters.Undone++;
        if (_congestionState is CongestionState.Recovery or CongestionState.Loss) _board.ClearLosses();
        _board.EndRecovery();
        _congestion.OnUndo();
        _undo.Cancel();
        _frto.Cancel();
        _rtt.ResetBackoff();
        _congestionState = CongestionState.Open;
        if (_board.Outstanding > 0) _timers.Retransmission = now + _rtt.Timeout;
    }
}
