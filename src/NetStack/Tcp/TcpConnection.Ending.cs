using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>How a connection ends, and what ICMP says of it.</summary>
public sealed partial class TcpConnection
{
    /// <summary>Ends it without a word to the peer.</summary>
    internal void Fail(TcpError error)
    {
        if (_state is TcpState.Closed or TcpState.TimeWait) return;
        if (_state == TcpState.SynSent) Counters.FailedConnects++;
        Move(TcpTrigger.Abort);
        End(error);
    }

    /// <summary>TIME-WAIT is over, or was skipped.</summary>
    internal void OnTimeWaitOver()
    {
        _timeWait = null;
        if (_state != TcpState.TimeWait) return;
        Move(TcpTrigger.TimeWaitOver);
        if (!_isUserClosed) Raise(TcpEvents.Closed);
    }

    /// <summary>Says what TIME-WAIT has to remember.</summary>
    internal void Describe(TimeWaitEntry entry)
    {
        entry.Tuple = Tuple;
        entry.SendNext = SendNext;
        entry.ReceiveNext = ReceiveNext;
        entry.Window = (ushort)Math.Min(65_535, _window.Left(ReceiveNext) >> _window.Scale);
        entry.Interface = _boundInterface;
        entry.TrafficClass = _options.TrafficClass;
        entry.HopLimit = _options.HopLimit;
        entry.HasTimestamps = _hasTimestamps;
        entry.TimestampRecent = _timestampRecent;
        entry.TimestampOffset = _timestampOffset;
        entry.Owner = _isUserClosed ? null : this;
        _timeWait = _isUserClosed ? null : entry;
    }

    /// <summary>Whether a number was sent and is not acknowledged.</summary>
    internal bool IsInFlight(SequenceNumber sequence) => _board.Outstanding > 0 && sequence.IsBetween(SendUnacknowledged, SendNext - 1);

    /// <summary>
    /// An ICMP error about a segment of this connection that is in flight (RFC 5461, RFC 5927). Hard errors end a connection that
    /// is opening; one that is open survives all of them.
    /// </summary>
    internal void OnIcmpError(in IcmpErrorReport error, Instant now)
    {
        if (error.Kind == IcmpErrorKind.PacketTooBig)
        {
            OnPacketTooBig(error.Mtu, now);
            return;
        }
        TcpError meaning = error.Kind switch
        {
            IcmpErrorKind.PortUnreachable or IcmpErrorKind.ProtocolUnreachable => TcpError.ConnectionRefused,
            _ => TcpError.HostUnreachable,
        };
        bool isFatal = error.Kind is not (IcmpErrorKind.TimeExceeded or IcmpErrorKind.ParameterProblem);
        if (_state is TcpState.SynSent && isFatal) Fail(meaning);
        else NoteSoftError(TcpError.HostUnreachable);
    }

    /// <summary>RFC 1191 section 6.4: what was too big is sent again at once in smaller pieces; that was no congestion.</summary>
    private void OnPacketTooBig(int mtu, Instant now)
    {
        int before = _mss;
        RefreshPath(now);
        if (mtu > 0 && mtu < _path.Mtu) _path = _path with { Mtu = mtu };
        if (_state is TcpState.SynSent or TcpState.SynReceived) return;
        UpdateMss();
        if (_mss >= before) return;
        _board.OnRetransmissionTimeout(null, now);
        _undo.Cancel();
        _recoveryEnd = SendNext;
        _congestionState = CongestionState.Loss;
        StopProbing();
        _timers.Reordering = TcpTimers.Never;
        _layer.MarkReady(this);
    }

    private void NoteSoftError(TcpError error)
    {
        if (_state == TcpState.Closed) return;
        bool isNew = SoftError != error;
        SoftError = error;
        if (isNew) Raise(TcpEvents.SoftError);
    }

    /// <summary>Ends it with a reset, in the states where the peer would wait (RFC 9293 section 3.10.5).</summary>
    private void Reset(TcpError error)
    {
        if (_state is TcpState.SynReceived or TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2 or TcpState.CloseWait)
        {
            _isResetPending = true;
            _layer.MarkReady(this);
        }
        if (_state == TcpState.SynSent) Counters.FailedConnects++;
        Move(TcpTrigger.Abort);
        End(error);
    }

    /// <summary>The state is CLOSED: gives back what is held, but for unread data whose user is still there.</summary>
    private void End(TcpError error)
    {
        Error = error;
        _timers.StopSending();
        _layer.Remove(this);
        _binding?.Release();
        _binding = null;
        _sendQueue.Clear();
        if (_isOrphan)
        {
            _isOrphan = false;
            _layer.OrphanCount--;
        }
        if (_isUserClosed) ClearReceived();
        else if (_bodies is not null) Reschedule();
        Raise(TcpEvents.Closed);
    }

    private void BecomeOrphan()
    {
        LetGo();
        if (_state is TcpState.Closed or TcpState.TimeWait) return;
        _isOrphan = true;
        _layer.OrphanCount++;
        _layer.MarkReady(this);
    }

    /// <summary>The user is gone.</summary>
    private void LetGo()
    {
        if (_isUserClosed) return;
        _isUserClosed = true;
        ClearReceived();
        if (_timeWait is { } entry) entry.Owner = null;
        _timeWait = null;
        if (_state == TcpState.TimeWait) Raise(TcpEvents.Closed);
    }

    /// <summary>Both FINs are acknowledged: a small entry takes over (RFC 9293 section 3.10.7.4, eighth).</summary>
    private void BeginTimeWait(Instant now)
    {
        if (_ack.IsDue) FlushAck(now);
        if (_state != TcpState.TimeWait) return;
        _timers.StopSending();
        _layer.EnterTimeWait(this, now);
        if (_bodies is not null) Reschedule();
        _binding?.Release();
        _binding = null;
        if (_isOrphan)
        {
            _isOrphan = false;
            _layer.OrphanCount--;
        }
        if (_isUserClosed) Raise(TcpEvents.Closed);
    }

    /// <summary>What calls without a time left to be done.</summary>
    private void Settle(Instant now)
    {
        if (_isOptionsChanged)
        {
            _isOptionsChanged = false;
            ApplyOptions(now);
        }
        if (_hasRead)
        {
            _hasRead = false;
            if (_tuner.OnRead(DataNext - _receiveQueue.Unread, _ack.SegmentSize, now)) _receiveLimit = Math.Max(_receiveLimit, _tuner.Size);
        }
        if (_isUserClosed && _state == TcpState.FinWait2 && _timers.FinWait2 == TcpTimers.Never) _timers.FinWait2 = now + Settings.FinWait2Timeout;
    }

    private void ApplyOptions(Instant now)
    {
        _keepAlive = new KeepAlive(_options.KeepAliveIdle, _options.KeepAliveInterval, _options.KeepAliveProbes);
        if (_options.KeepAlive && _state is not (TcpState.SynSent or TcpState.SynReceived)) _keepAlive.Restart(now);
        _userTimeout = new UserTimeout(_options.UserTimeout);
        if (_board.Outstanding > 0 || _zeroWindow.IsActive) _userTimeout.Start(now);
        _sendLimit = Math.Max(_options.SendBuffer, Math.Min(_sendLimit, _options.MaxSendBuffer));
        if (_options.ReceiveBuffer != _receiveBuffer)
        {
            _receiveBuffer = _receiveLimit = _options.ReceiveBuffer;
            _hasFreed = true;
            _tuner = new ReceiveWindowTuner(_receiveLimit, _options.MaxReceiveBuffer, Math.Max(1, _window.Left(ReceiveNext)), DataNext - _receiveQueue.Unread, now);
        }
        if (_peerMss > 0) UpdateMss();
        OfferWrite();
    }
}
