using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>What is sent next. The stack asks while there is room; nothing piles up below.</summary>
public sealed partial class TcpConnection
{
    private const int LeastPayload = 8;
    private const int MaxHeaders = 60 + 60;

    private static readonly TimeSpan PathLifetime = TimeSpan.FromSeconds(10);

    /// <summary>Hands one packet or super-segment to IP, if there is one to send.</summary>
    /// <returns>What became of it; null when there was none.</returns>
    internal SendOutcome? TransmitOne(Instant now)
    {
        if (_isResetPending) return TransmitReset(now);
        if (_state is TcpState.Closed or TcpState.TimeWait) return null;
        Settle(now);
        SendOutcome? outcome = _state is TcpState.SynSent or TcpState.SynReceived
            ? TransmitSyn(now) ?? (_state == TcpState.SynReceived ? TransmitAck(now) : null)
            : TransmitData(now) ?? TransmitProbe(now) ?? TransmitAck(now);
        Reschedule();
        return outcome;
    }

    private SendOutcome? TransmitData(Instant now)
    {
        if (_isHoldingRetransmissions)
        {
            if (_frtoSegments == 0) return null;
            SendOutcome? outcome = TransmitNew(now, maxSegments: 1, isProbe: false);
            if (outcome == SendOutcome.Sent) _frtoSegments--;
            if (outcome is not null || _frtoSegments < FrtoSegments) return outcome;
            _frto.OnNothingToSend();
            _isHoldingRetransmissions = false;
        }
        return TransmitLost(now) ?? TransmitNew(now, int.MaxValue, isProbe: false) ?? TransmitSpeculative(now);
    }

    /// <summary>Sends again what is lost, as the congestion window allows.</summary>
    private SendOutcome? TransmitLost(Instant now)
    {
        if (_board.WaitingBytes == 0) return null;
        int segment = SegmentSize;
        int room = _congestion.CongestionWindow - _board.Pipe;
        if (room < Math.Min(segment, _board.WaitingBytes)) return null;
        int most = Math.Min(Math.Max(room / segment, 1) * segment, SuperSegment(segment));
        if (!_board.TryGetRetransmission(IsFinSent ? most + 1 : most, out SequenceNumber start, out int length)) return null;
        if (length > most && start + length <= QueueEnd) length = most; // only the FIN takes no room
        return Retransmit(start, length, segment, now);
    }

    /// <summary>RFC 6675 NextSeg rules 3 and 4, where losses are counted and not timed.</summary>
    private SendOutcome? TransmitSpeculative(Instant now)
    {
        if (UsesRack || !_hasSack || _congestionState != CongestionState.Recovery) return null;
        int segment = SegmentSize;
        if (_congestion.CongestionWindow - _board.Pipe < segment) return null;
        if (_board.TryGetSpeculative(segment, out SequenceNumber start, out int length)) return Retransmit(start, length, segment, now);
        if (SendUnacknowledged < _recoveryEnd && _board.TryGetRescue(segment, IsFinSent, out start, out length)) return Retransmit(start, length, segment, now);
        return null;
    }

    private SendOutcome Retransmit(SequenceNumber start, int length, int segment, Instant now)
    {
        int offset = start - QueueStart;
        int payload = Math.Min(length, _sendQueue.Length - offset);
        TcpFlags flags = payload < length ? TcpFlags.Fin : TcpFlags.None;
        if (EndsWrite(start, payload)) flags |= TcpFlags.Psh;
        uint timestamp = TcpLayer.TimestampClock(now) + _timestampOffset;
        SendOutcome outcome = Emit(flags, start, _sendQueue.Share(offset, payload), segment, isNewData: false, now);
        if (outcome == SendOutcome.NoRoom || _state == TcpState.Closed) return outcome;
        _board.OnRetransmitted(start, length, segment, now, timestamp);
        int segments = Math.Max(1, (payload + segment - 1) / segment);
        Counters.Retransmitted += segments;
        _retransmittedSegments += segments;
        _undo.OnRetransmitted(length, timestamp);
        if (_congestionState is CongestionState.Recovery or CongestionState.CwndReduced) _reduction.OnSent(length);
        if (_timers.Retransmission == TcpTimers.Never || start == SendUnacknowledged) _timers.Retransmission = now + _rtt.Timeout;
        return outcome;
    }

    /// <summary>Sends new data, and the FIN behind the last of it.</summary>
    /// <param name="now">The present.</param>
    /// <param name="maxSegments">The most segments.</param>
    /// <param name="isProbe">Whether this is a probe, which the congestion window does not hold back.</param>
    private SendOutcome? TransmitNew(Instant now, int maxSegments, bool isProbe)
    {
        int unsent = Unsent;
        bool hasFin = _isFinQueued && !IsFinSent;
        if ((unsent == 0 && !hasFin) || _board.IsFull)
        {
            if (_board.Pipe < _congestion.CongestionWindow) _board.OnAppLimited();
            return null;
        }
        int segment = SegmentSize;
        long usable = SendUnacknowledged + (int)Math.Min(_sendWindow, int.MaxValue / 2) - SendNext;
        if (!IsWindowOpen(usable, unsent, segment))
        {
            if (_board.Outstanding == 0) _zeroWindow.Start(now, _rtt.Timeout);
            return null;
        }
        _zeroWindow.Stop();
        RestartAfterIdle(now);
        segment = SegmentSize; // the path may be another now
        int length = Math.Min(unsent, (int)Math.Min(usable, Math.Min((long)maxSegments * segment, SuperSegment(segment))));
        if (!isProbe && !FitCongestionWindow(ref length, segment)) return null;
        if (length == unsent) HoldSmall(ref length, segment, hasFin, now);
        else if (length > segment) length -= length % segment;
        if (_sendQueue.CarriesSums) length = _sendQueue.Fit(SendNext - QueueStart, length, segment);
        bool sendsFin = hasFin && length == unsent && usable > length;
        if (length == 0 && !sendsFin) return null;
        return SendNew(length, segment, sendsFin, now);
    }

    private bool IsWindowOpen(long usable, int unsent, int segment)
    {
        if (usable <= 0) return false;
        if (_mustSendSmall) return true;
        int largest = (int)Math.Min(_maxSendWindow, int.MaxValue);
        return !SendDecision.IsSilly((int)Math.Min(usable, int.MaxValue), unsent, segment, largest);
    }

    private bool FitCongestionWindow(ref int length, int segment)
    {
        int room = _congestion.CongestionWindow - _board.Pipe;
        if (room < Math.Min(length, segment) || (length == 0 && room <= 0))
        {
            _isCwndLimited = true;
            return false;
        }
        int burst = Math.Max(_congestion.CongestionWindow / 2, segment); // as Linux: ACKs keep coming while a half of the window is sent
        length = Math.Min(length, Math.Min(room, burst));
        return true;
    }

    /// <summary>Nagle's algorithm and the cork: the small end of what there is may have to wait (RFC 9293 section 3.7.4).</summary>
    private void HoldSmall(ref int length, int segment, bool isLast, Instant now)
    {
        int tail = length % segment;
        bool isCorked = _isCorked || _isMoreComing;
        bool isPushed = _mustSendSmall || _mustPush || (_hasUrgent && _urgentEnd > SendNext);
        if (tail == 0 || isPushed || !SendDecision.MustWait(tail, segment, _smallEnd > SendUnacknowledged, _options.NoDelay, isCorked, isLast)) return;
        length -= tail;
        if (isCorked && length == 0 && _timers.Cork == TcpTimers.Never) _timers.Cork = now + SendDecision.Override;
    }

    private SendOutcome SendNew(int length, int segment, bool sendsFin, Instant now)
    {
        TcpFlags flags = sendsFin ? TcpFlags.Fin : TcpFlags.None;
        if (length > segment || EndsWrite(SendNext, length)) flags |= TcpFlags.Psh; // a super-segment's end too, as Linux: no more may follow soon
        uint timestamp = TcpLayer.TimestampClock(now) + _timestampOffset;
        PacketBody body = _sendQueue.Share(SendNext - QueueStart, length);
        SendOutcome outcome = Emit(flags, SendNext, body, segment, isNewData: length > 0, now);
        if (outcome == SendOutcome.NoRoom || _state == TcpState.Closed) return outcome;
        _board.OnSent(length + (sendsFin ? 1 : 0), segment, now, timestamp);
        if (length % segment != 0) _smallEnd = SendNext;
        _isProbeDue = false; // new data is as good as a probe
        _mustPush = false;
        _mustSendSmall = false;
        _orphanProbes = 0;
        _sentAt = now;
        _timers.Cork = TcpTimers.Never;
        if (_timers.Retransmission == TcpTimers.Never) _timers.Retransmission = now + _rtt.Timeout;
        if (_congestionState is CongestionState.Recovery or CongestionState.CwndReduced) _reduction.OnSent(length);
        _userTimeout.Start(now);
        ArmProbe(now);
        NoteFlight();
        return outcome;
    }

    /// <summary>Whether the end of a write lies in a span: the peer must not wait for more (RFC 9293 section 3.9.1).</summary>
    private bool EndsWrite(SequenceNumber start, int length) => _pushEnd > start && _pushEnd <= start + length;

    /// <summary>Remembers, for a round trip, how full the congestion window was (RFC 7661; as Linux).</summary>
    private void NoteFlight()
    {
        int pipe = _board.Pipe;
        if (SendUnacknowledged >= _flightRoundEnd || pipe > _maxFlight)
        {
            _maxFlight = pipe;
            _flightRoundEnd = SendNext;
            _isCwndLimited = false;
        }
        if (pipe + _mss > _congestion.CongestionWindow) _isCwndLimited = true;
    }

    /// <summary>After idleness the window is what is proven no more (RFC 5681 section 4.1).</summary>
    private void RestartAfterIdle(Instant now)
    {
        if (_board.Outstanding > 0 || now - _sentAt <= _rtt.Timeout || _acknowledgedBytes == 0) return;
        _congestion.OnIdle(now - _sentAt, _rtt.Timeout, Math.Min(Congestion.CongestionControl.InitialWindow(_mss), Settings.InitialWindow * _mss));
        _sentAt = now;
        if (now > _pathAt + PathLifetime) RefreshPath(now);
    }

    private SendOutcome? TransmitProbe(Instant now)
    {
        if (_isProbeDue) return TransmitLossProbe(now);
        if (_isWindowProbeDue)
        {
            _isWindowProbeDue = false;
            _mustSendSmall = SendUnacknowledged + (int)Math.Min(_sendWindow, int.MaxValue / 2) > SendNext;
            return (_mustSendSmall ? TransmitNew(now, 1, isProbe: true) : null) ?? EmitProbe(now);
        }
        if (!_isKeepAliveDue) return null;
        _isKeepAliveDue = false;
        return EmitProbe(now);
    }

    /// <summary>RFC 8985 section 7.3: new data if there is any and the peer's window takes it, else the last segment again.</summary>
    private SendOutcome? TransmitLossProbe(Instant now)
    {
        bool isNeeded = _board.Outstanding > 0;
        SendOutcome? outcome = isNeeded ? TransmitNew(now, maxSegments: 1, isProbe: true) : null;
        bool isRetransmission = outcome is null;
        if (isNeeded && isRetransmission && _board.TryGetLast(SegmentSize, IsFinSent, out SequenceNumber start, out int length))
            outcome = Retransmit(start, length, SegmentSize, now);
        if (outcome == SendOutcome.NoRoom) return outcome; // it stays due
        _isProbeDue = false;
        if (outcome is null || _state == TcpState.Closed) return outcome;
        Counters.TailLossProbes++;
        _probe.OnProbeSent(SendNext, isRetransmission);
        _timers.Probe = TcpTimers.Never;
        _timers.Retransmission = now + _rtt.Timeout;
        return outcome;
    }

    /// <summary>An ACK with an old number, which the peer must answer: keepalive and window probe, as Linux sends them.</summary>
    private SendOutcome EmitProbe(Instant now) => Emit(TcpFlags.None, SendUnacknowledged - 1, default, 0, isNewData: false, now);

    private SendOutcome? TransmitAck(Instant now)
    {
        if (!_ack.IsDue && !IsWindowUpdateDue) return null;
        return Emit(TcpFlags.None, SendNext, default, 0, isNewData: false, now);
    }

    /// <summary>Whether the reader made room that is worth telling: what was shut is open, or the window doubles, or half the buffer is free.</summary>
    private bool IsWindowUpdateDue
    {
        get
        {
            if (!_hasFreed || _finPlace is not null) return false;
            int left = _window.Left(ReceiveNext);
            int segment = Math.Max(1, _ack.SegmentSize);
            int step = _window.Step(ReceiveNext, FreeReceiveSpace, segment, _receiveLimit);
            return step > 0 && (left < Math.Min(segment, _receiveLimit / 2) || step >= left || step >= _receiveLimit / 2);
        }
    }

    /// <summary>Sends an ACK that is due now; if there is no room it goes in its turn.</summary>
    private void FlushAck(Instant now)
    {
        if (Emit(TcpFlags.None, SendNext, default, 0, isNewData: false, now) == SendOutcome.NoRoom) _layer.MarkReady(this);
    }

    /// <summary>Bytes of a full segment now: SACK blocks take room from the payload.</summary>
    private int SegmentSize
    {
        get
        {
            int blocks = SackBlockCount;
            return blocks == 0 ? _mss : Math.Max(LeastPayload, _mss - 4 - 8 * blocks);
        }
    }

    /// <summary>The most payload bytes handed down at once: what the interface cuts, and no more than an IP packet can claim.</summary>
    private int SuperSegment(int segment) => _sendQueue.CarriesSums ? segment : // a sum is of one segment
        Math.Max(segment, Math.Min(_path.MaxSegmentationBytes, ushort.MaxValue - MaxHeaders) / segment * segment);

    private int SackBlockCount
    {
        get
        {
            if (!_hasSack) return 0;
            int blocks = _receiveQueue.Later.Count + (_duplicate is null ? 0 : 1);
            return Math.Min(blocks, _hasTimestamps ? 3 : MaxSackBlocks);
        }
    }
}
