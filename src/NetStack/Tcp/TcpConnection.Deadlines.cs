using NetStack.Tcp.Congestion;

namespace NetStack.Tcp;

/// <summary>What time does to a connection.</summary>
public sealed partial class TcpConnection
{
    /// <inheritdoc/>
    void ITcpFlow.OnDeadline(Instant now)
    {
        if (OnBodyDeadline(now)) return;
        _ack.OnDeadline(now);
        if (_ack.IsDue) _layer.MarkReady(this);
        if (TcpTimers.Take(ref _timers.Cork, now)) OnCorkTimeout();
        if (TcpTimers.Take(ref _timers.Reordering, now)) OnReorderingTimeout(now);
        if (TcpTimers.Take(ref _timers.Probe, now)) OnProbeTimeout(now);
        if (TcpTimers.Take(ref _timers.Retransmission, now)) OnRetransmissionTimeout(now);
        if (_state != TcpState.Closed) OnZeroWindowDeadline(_zeroWindow.OnDeadline(now, _rtt.Timeout), now);
        if (_state != TcpState.Closed) OnKeepAliveDeadline(now);
        if (_state != TcpState.Closed && _userTimeout.IsExpired(now)) GiveUp(mayReset: false); // RFC 9293 section 3.10.8
        if (TcpTimers.Take(ref _timers.FinWait2, now) && _state == TcpState.FinWait2) Fail(TcpError.None);
        Reschedule();
    }

    private void OnCorkTimeout()
    {
        _mustPush = true;
        _pushEnd = QueueEnd;
        _layer.MarkReady(this);
    }

    /// <summary>RFC 8985 section 6.3: what RACK waited for did not come.</summary>
    private void OnReorderingTimeout(Instant now)
    {
        if (DetectByTime(hasDuplicateSack: false, now) == 0) return;
        if (_congestionState is CongestionState.Open or CongestionState.Disorder or CongestionState.CwndReduced)
        {
            AckOutcome none = default;
            EnterRecovery(none, now);
            _congestion.CongestionWindow = _reduction.OnAck(0, _board.Pipe, false, _mss);
        }
        _layer.MarkReady(this);
    }

    private void OnProbeTimeout(Instant now)
    {
        if (_board.Outstanding == 0) return;
        _isProbeDue = true;
        _timers.Retransmission = now + _rtt.Timeout;
        _layer.MarkReady(this);
    }

    /// <summary>RFC 6298 section 5.4 and following, RFC 5681 section 3.1, RFC 5682.</summary>
    private void OnRetransmissionTimeout(Instant now)
    {
        if (_board.Outstanding == 0) return;
        bool isRepeated = _timeouts > 0;
        _timeouts++;
        if (_state is TcpState.SynSent or TcpState.SynReceived)
        {
            OnSynTimeout(now);
            return;
        }
        int limit = _isUserClosed ? Settings.OrphanRetries : Settings.Retries;
        bool isShrunkWindow = !_isUserClosed && _sendWindow == 0 && now - _receivedAt < Settings.MaxRto;
        if (isShrunkWindow) _timeouts = 1; // the peer lives and takes nothing: that is no silence, also not once it takes something
        else if (_timeouts > limit && _options.UserTimeout == TimeSpan.Zero)
        {
            GiveUp(mayReset: false);
            return;
        }
        if (_sendQueue.CarriesSums && !_sendQueue.IsFirstIntact(_layer.Meter))
        {
            OnBodyChanged(); // the peer drops it however often it is sent
            return;
        }
        Counters.Timeouts++;
        NoteTimeout();
        _congestion.OnRetransmissionTimeout(new CongestionEvent { Now = now, FlightSize = _board.Outstanding }, isRepeated);
        if (!isRepeated) _undo.Begin(SendUnacknowledged, SendNext, _board.RetransmittedBytes);
        _frto.OnTimeout(SendNext, isRepeated);
        _board.OnRetransmissionTimeout(UsesRack ? _rack : null, now);
        _congestion.CongestionWindow = Math.Max(_congestion.CongestionWindow, _board.Pipe + _mss); // the first segment always goes
        EnterLoss();
        _rtt.OnTimeout();
        _timers.Retransmission = now + _rtt.Timeout;
        CheckBlackHole(now);
        _layer.MarkReady(this);
    }

    /// <summary>RFC 9293 section 3.8.3, R1: the user hears of the trouble, unless the path has said more of it already.</summary>
    private void NoteTimeout()
    {
        if (_timeouts == Settings.RetriesUntilSoftError && SoftError == TcpError.None) NoteSoftError(TcpError.TimedOut);
    }

    private void EnterLoss()
    {
        _recoveryEnd = SendNext;
        _congestionState = CongestionState.Loss;
        _duplicateAcks = 0;
        _isHoldingRetransmissions = false;
        StopProbing();
        _timers.Reordering = TcpTimers.Never;
        _ecn.OnReduced(SendNext);
    }

    private void OnSynTimeout(Instant now)
    {
        int limit = _state == TcpState.SynSent ? Settings.SynRetries : Settings.SynAckRetries;
        if (_timeouts > limit)
        {
            GiveUp(mayReset: false);
            return;
        }
        _wasSynRetransmitted = true;
        NoteTimeout();
        _board.OnRetransmissionTimeout(null, now);
        _rtt.OnTimeout();
        _timers.Retransmission = now + _rtt.Timeout;
        RefreshPath(now);
        _layer.MarkReady(this);
    }

    /// <summary>Timeouts in a row on a path that took large segments: maybe a router drops them and its ICMP errors are lost
    /// (RFC 2923 section 2.1). Smaller ones are tried (RFC 4821 section 7.7 in short).</summary>
    private void CheckBlackHole(Instant now)
    {
        RefreshPath(now);
        if (Settings.BlackHoleTimeouts == 0 || _timeouts != Settings.BlackHoleTimeouts || _mssCap <= Settings.BlackHoleMss) return;
        _mssCap = Settings.BlackHoleMss;
        UpdateMss();
    }

    private void OnZeroWindowDeadline(ProbeAction action, Instant now)
    {
        if (action == ProbeAction.None) return;
        if (_isUserClosed) _orphanProbes++; // nobody is there who would want to wait for ever
        if (action == ProbeAction.GiveUp || _orphanProbes > Settings.OrphanRetries)
        {
            GiveUp(mayReset: true);
            return;
        }
        _isWindowProbeDue = true;
        _userTimeout.Start(now);
        _layer.MarkReady(this);
    }

    private void OnKeepAliveDeadline(Instant now)
    {
        if (_keepAlive.Deadline is not { } deadline || deadline > now) return;
        if (_board.Outstanding > 0 || _zeroWindow.IsActive)
        {
            _keepAlive.Restart(now); // what is on its way tests the peer as well
            return;
        }
        switch (_keepAlive.OnDeadline(now))
        {
            case ProbeAction.Probe:
                _isKeepAliveDue = true;
                _layer.MarkReady(this);
                break;
            case ProbeAction.GiveUp:
                GiveUp(mayReset: true);
                break;
            default:
                break;
        }
    }

    /// <summary>The peer does not answer: the connection ends with what is known of why.</summary>
    private void GiveUp(bool mayReset)
    {
        Counters.TimedOut++;
        TcpError error = SoftError == TcpError.None ? TcpError.TimedOut : SoftError;
        if (mayReset) Reset(error);
        else Fail(error);
    }
}
