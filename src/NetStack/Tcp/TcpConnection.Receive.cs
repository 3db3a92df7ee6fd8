using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Arriving segments: RFC 9293 section 3.10.7.4 step by step, one method each. Every segment here is verified.</summary>
public sealed partial class TcpConnection
{
    private static readonly TimeSpan TimestampLifetime = TimeSpan.FromDays(24); // RFC 7323 section 5.5

    /// <summary>Whether payload may be copied to its place before the segment is verified.</summary>
    internal bool CanPlace => _state is TcpState.SynReceived or TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 && !_isUserClosed && !_isReadShut;

    /// <summary>Copies payload to its place, where nothing is yet and the window reaches, and sums all of it; nothing else changes.</summary>
    /// <returns>False when memory ran out.</returns>
    internal bool Place(SequenceNumber start, InboundBytes payload, ref ChecksumAccumulator sum, out long limit)
    {
        limit = PlaceLimit;
        return _receiveQueue.Place(PlaceOf(start), payload, limit, ref sum);
    }

    /// <summary>Where in the stream we stop taking bytes: the window's edge, or before it where the buffer was made smaller since.</summary>
    private long PlaceLimit
    {
        get
        {
            long edge = PlaceOf(_window.Edge);
            long limit = _receiveQueue.ReadAt + _receiveLimit + (1 << _window.Scale); // the edge is rounded up to a unit of the scale
            return _isReadShut ? edge : Math.Max(_receiveQueue.Next, Math.Min(edge, limit));
        }
    }

    /// <summary>Takes a segment for this connection.</summary>
    internal void OnSegment(in TcpSegment segment, Instant now)
    {
        if (_ack.IsDue && !_layer.IsInBatch && _state != TcpState.SynSent) FlushAck(now);
        switch (_state)
        {
            case TcpState.Closed or TcpState.TimeWait or TcpState.Listen:
                return;
            case TcpState.SynSent:
                OnSynSent(segment, now);
                break;
            default:
                OnSynchronized(segment, now);
                break;
        }
        Finish(now);
    }

    private void OnSynchronized(in TcpSegment segment, Instant now)
    {
        bool completesSimultaneousOpen = _state == TcpState.SynReceived && segment.IsSyn && segment.IsAck && !segment.IsRst
            && segment.Sequence == _irs && segment.Acknowledgement == SendNext;
        if (!completesSimultaneousOpen)
        {
            if (!CheckSequence(segment, now)) return;
            if (!CheckReset(segment, now)) return;
            if (!CheckSyn(segment, now)) return;
        }
        NoteHeard(now);
        if (!CheckAcknowledgement(segment, now)) return;
        CheckUrgent(segment);
        TakeText(segment, now);
        CheckFin(segment, now);
    }

    private void NoteHeard(Instant now)
    {
        _receivedAt = now;
        _isKeepAliveDue = false;
        _zeroWindow.OnAnswer();
        if (_options.KeepAlive) _keepAlive.Restart(now);
    }

    /// <summary>First: the sequence number, and before it the timestamp (RFC 7323 section 5.3).</summary>
    private bool CheckSequence(in TcpSegment segment, Instant now)
    {
        if (_hasTimestamps && !segment.IsRst)
        {
            if (!segment.Options.HasTimestamps) return Refuse(TcpDropReason.MissingTimestamp); // RFC 7323 section 3.2
            bool isOld = (int)(segment.Options.TimestampValue - _timestampRecent) < 0 && now < _timestampRecentAt + TimestampLifetime;
            if (isOld && !IsOvertakenAck(segment)) return RefuseWithAck(TcpDropReason.OldTimestamp, segment, now);
        }
        if (IsAcceptable(segment)) return true;
        bool isOldData = segment.SequenceLength > 0 && segment.End <= ReceiveNext;
        TcpDropReason reason = isOldData ? TcpDropReason.Duplicate : TcpDropReason.OutsideWindow;
        return segment.IsRst ? Refuse(reason) : RefuseWithAck(reason, segment, now);
    }

    /// <summary>Whether a segment with an old timestamp is only an ACK that a later one overtook: it moves nothing, but its SACK blocks
    /// tell what arrived, and twice. Linux (tcp_disordered_ack) takes those that are not older than SND.UNA.</summary>
    private bool IsOvertakenAck(in TcpSegment segment)
    {
        if (segment.Length > 0 || segment.Header.Flags != TcpFlags.Ack || segment.Sequence != ReceiveNext) return false;
        if (segment.Acknowledgement > SendUnacknowledged) return false;
        bool isSameWindow = (long)segment.Header.Window << Math.Max(0, _sendScale) == _sendWindow;
        if (segment.Acknowledgement == SendUnacknowledged && !isSameWindow) return false;
        return TimeSpan.FromMilliseconds(_timestampRecent - segment.Options.TimestampValue) <= _rtt.Timeout;
    }

    /// <summary>
    /// The four cases of section 3.10.7.4. With a zero window a segment that begins at its edge passes, so that its ACK, RST and
    /// URG are seen (MUST-66); its text is not taken. An empty one may be as old as our last ACK, as reordered ACKs are.
    /// </summary>
    private bool IsAcceptable(in TcpSegment segment)
    {
        SequenceNumber next = ReceiveNext;
        uint window = (uint)_window.Left(next);
        if (segment.IsRst) return segment.Sequence == next || segment.Sequence.IsWithin(next, window);
        if (segment.SequenceLength == 0)
        {
            if (segment.Sequence >= _lastAckSent && segment.Sequence <= next) return true;
            return segment.Sequence.IsWithin(next, window);
        }
        if (window == 0) return segment.Sequence == next;
        return segment.Sequence < next + (int)window && segment.End > next;
    }

    /// <summary>Second: the RST bit (RFC 5961 section 3): only the exact number resets.</summary>
    private bool CheckReset(in TcpSegment segment, Instant now)
    {
        if (!segment.IsRst) return true;
        if (segment.Sequence != ReceiveNext)
        {
            Drop(TcpDropReason.ResetNotExact);
            Challenge(now);
            return false;
        }
        Counters.ResetsReceived++;
        bool isOver = _state is TcpState.Closing or TcpState.LastAck;
        Fail(isOver ? TcpError.None : _state == TcpState.SynReceived && !_isPassive ? TcpError.ConnectionRefused : TcpError.ConnectionReset);
        return false;
    }

    /// <summary>Fourth: the SYN bit (RFC 5961 section 4); third, security, is empty.</summary>
    private bool CheckSyn(in TcpSegment segment, Instant now)
    {
        if (!segment.IsSyn) return true;
        Drop(TcpDropReason.UnexpectedSyn);
        Challenge(now);
        return false;
    }

    /// <summary>Fifth: the ACK field (RFC 5961 section 5 for how old or new it may be).</summary>
    private bool CheckAcknowledgement(in TcpSegment segment, Instant now)
    {
        if (!segment.IsAck) return Refuse(TcpDropReason.NoAcknowledgement);
        SequenceNumber acknowledgement = segment.Acknowledgement;
        if (_state == TcpState.SynReceived)
        {
            if (acknowledgement <= SendUnacknowledged || acknowledgement > SendNext)
            {
                Drop(TcpDropReason.BadAcknowledgement);
                _layer.SendReset(segment, now);
                return false;
            }
            OnSynAcknowledged(segment, now);
        }
        int tooOld = (int)Math.Min(int.MaxValue / 2, _maxSendWindow);
        if (acknowledgement > SendNext || acknowledgement < SendUnacknowledged - tooOld)
        {
            Drop(TcpDropReason.BadAcknowledgement);
            Challenge(now);
            return false;
        }
        UpdateTimestamp(segment, now);
        OnAcknowledgement(segment, now);
        return _state is not (TcpState.Closed or TcpState.TimeWait);
    }

    /// <summary>RFC 7323 section 4.3: the timestamp of the segment that covers our last ACK is the one to echo.</summary>
    private void UpdateTimestamp(in TcpSegment segment, Instant now)
    {
        if (!_hasTimestamps || !segment.Options.HasTimestamps || segment.Sequence > _lastAckSent) return;
        bool isExpired = now >= _timestampRecentAt + TimestampLifetime;
        if (!isExpired && (int)(segment.Options.TimestampValue - _timestampRecent) < 0) return;
        _timestampRecent = segment.Options.TimestampValue;
        _timestampRecentAt = now;
    }

    /// <summary>Sixth: the URG bit (RFC 9293 section 3.8.5, RFC 6093): the mark is told, the bytes stay in line.</summary>
    private void CheckUrgent(in TcpSegment segment)
    {
        if ((segment.Header.Flags & TcpFlags.Urg) == 0 || _state is not (TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2)) return;
        long place = PlaceOf(segment.Sequence + segment.Header.UrgentPointer);
        if (place <= _urgentPlace || place <= _receiveQueue.ReadAt) return;
        _urgentPlace = place;
        Raise(TcpEvents.Urgent);
    }

    /// <summary>Seventh: the text.</summary>
    private void TakeText(in TcpSegment segment, Instant now)
    {
        if (segment.Length == 0 || _state is not (TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2)) return;
        if (_ecn.OnReceived(segment.TrafficClass, segment.Header.Flags, hasData: true)) AckAtOnce();
        long start = PlaceOf(segment.DataStart);
        long end = start + segment.Length;
        if (_isUserClosed && end > _receiveQueue.Next)
        {
            Drop(TcpDropReason.NobodyReads); // RFC 9293 section 3.6.1, RFC 2525 section 2.17
            _layer.SendReset(segment, now); // at its ACK, which is the only number the peer is sure to take (RFC 5961 section 3)
            Fail(TcpError.ConnectionAborted);
            return;
        }
        NoteDuplicate(start, end);
        start = Math.Max(start, _receiveQueue.Next);
        long limit = segment.Scratch.IsEmpty && segment.IsPlaced ? Math.Min(segment.PlacedTo, PlaceLimit) : PlaceLimit;
        end = Math.Min(end, Math.Min(limit, _finPlace ?? long.MaxValue));
        if (end <= start)
        {
            Drop(start >= limit ? TcpDropReason.OutsideWindow : TcpDropReason.Duplicate);
            AckAtOnce();
            return;
        }
        if (!(segment.IsHeld ? TryHold(segment, start, end, now) : MayCommit(segment, start, end)))
        {
            AckAtOnce();
            return;
        }
        Commit(segment, start, end, now);
    }

    /// <summary>Whether the text is in its place, or can be brought there, and may be counted.</summary>
    private bool MayCommit(in TcpSegment segment, long start, long end)
    {
        if (!_receiveQueue.CanCommit(start, end)) return Refuse(TcpDropReason.TooManyRanges);
        if (_isReadShut) return true; // nothing is kept
        bool isPlaced = segment.IsPlaced;
        if (!segment.Scratch.IsEmpty)
        {
            ChecksumAccumulator unused = default;
            isPlaced = _receiveQueue.Place(PlaceOf(segment.DataStart), new InboundBytes(segment.Scratch), PlaceLimit, ref unused);
        }
        if (isPlaced) return true;
        if (start == _receiveQueue.Next) _receiveQueue.DropLater(); // what comes in order matters more
        return Refuse(TcpDropReason.NoReceiveMemory);
    }

    private void Commit(in TcpSegment segment, long start, long end, Instant now)
    {
        bool hadGaps = _receiveQueue.Later.Count > 0;
        bool isInOrder = _receiveQueue.Commit(start, end);
        if (now - _dataAt > _rtt.Timeout && !IsInteractive(now)) _ack.BeQuick(Settings.QuickAcks); // the peer is in slow start again
        _dataAt = now;
        if (isInOrder) _ack.OnInOrder(segment.Length, segment.Count, now);
        if (_isReadShut) _receiveQueue.Consume(_receiveQueue.Unread);
        if (!isInOrder || hadGaps || _duplicate is not null)
        {
            AckAtOnce();
            _ack.BeQuick(1);
        }
        if (!isInOrder || _isReadShut) return;
        if (!_hasTimestamps) _tuner.OnReceived(DataNext, _window.Left(DataNext), now);
        Raise(TcpEvents.Readable);
    }

    /// <summary>Remembers which bytes came again, for the next ACK (RFC 2883).</summary>
    private void NoteDuplicate(long start, long end)
    {
        if (!_hasSack) return;
        ref readonly Reassembler later = ref _receiveQueue.Later;
        if (start < _receiveQueue.Next) _duplicate = new StreamRange(start, Math.Min(end, _receiveQueue.Next));
        else if (later.FirstEndingAfter(start) is var index && index < later.Count && later[index].Start < end)
            _duplicate = new StreamRange(Math.Max(start, later[index].Start), Math.Min(end, later[index].End));
    }

    /// <summary>Eighth: the FIN bit. A FIN ahead of a gap is remembered; it counts when everything before it is there.</summary>
    private void CheckFin(in TcpSegment segment, Instant now)
    {
        if (_state is TcpState.Closed or TcpState.SynSent or TcpState.Listen or TcpState.TimeWait) return;
        if (segment.IsFin && _finPlace is null)
        {
            long place = PlaceOf(segment.DataStart) + segment.Length;
            if (place >= _receiveQueue.Next && place <= PlaceOf(_window.Edge) + 1) _finPlace = place;
        }
        if (_isFinReceived || _finPlace != _receiveQueue.Next)
        {
            if (segment.IsFin) AckAtOnce();
            return;
        }
        _isFinReceived = true;
        _ack.OnUrgent(); // in the connection's turn: what the program has to say to this, often its own FIN, carries it
        Raise(TcpEvents.PeerClosed | TcpEvents.Readable);
        Move(TcpTrigger.ReceiveFin);
        if (_state == TcpState.TimeWait) BeginTimeWait(now);
    }

    private bool Refuse(TcpDropReason reason)
    {
        Drop(reason);
        return false;
    }

    /// <summary>Drops a segment and says what we expect. Empty ones are answered seldom only, lest two ends answer each other for ever.</summary>
    private bool RefuseWithAck(TcpDropReason reason, in TcpSegment segment, Instant now)
    {
        Drop(reason);
        if (segment.Length == 0 && !segment.IsFin)
        {
            if (!_invalidAcks.TryTake(now)) return false;
        }
        else NoteDuplicate(PlaceOf(segment.DataStart), Math.Min(PlaceOf(segment.DataStart) + segment.Length, _receiveQueue.Next));
        AckAtOnce();
        return false;
    }

    /// <summary>RFC 5961 section 7. The connection's own limit comes first: an attack on one must not use up what all share.</summary>
    private void Challenge(Instant now)
    {
        if (_invalidAcks.TryTake(now) && _layer.MayChallenge(now)) AckAtOnce();
    }

    private void Drop(TcpDropReason reason) => _layer.Drop(reason);

    /// <summary>After a segment: an urgent ACK goes at once, everything else when the connection's turn comes.</summary>
    private void Finish(Instant now)
    {
        if (_state is TcpState.Closed or TcpState.TimeWait) return;
        if (_ack.IsDue)
        {
            if (_isAckUrgent && _state != TcpState.SynSent) FlushAck(now);
            else _layer.MarkReady(this);
        }
        Reschedule();
    }

    private void AckAtOnce()
    {
        _ack.OnUrgent();
        _isAckUrgent = true;
    }

    /// <summary>Whether we answered the last data: request and response, where an ACK may wait for the answer.</summary>
    private bool IsInteractive(Instant now) => _sentAt > _dataAt && now - _sentAt < _rtt.Timeout;
}
