using System.Buffers;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>
/// One TCP connection (RFC 9293) as its user sees it. Nothing here blocks: a call does what can be done at once, and an event of
/// <see cref="TcpLayer.TryReadEvent"/> says when there is more to do. After a call that may let something out, the stack's
/// transmit step must run.
/// </summary>
/// <remarks>Thread rule of <see cref="TcpLayer"/>. Whoever got a connection calls <see cref="Close"/> or <see cref="Abort"/> once,
/// also after <see cref="TcpEvents.Closed"/>: unread data is kept until then.</remarks>
public sealed partial class TcpConnection
{
    private bool _isOptionsChanged;
    private bool _hasRead; // since the receive window was tuned last
    private bool _hasFreed; // since the last ACK

    /// <summary>Whatever the user wants to find here.</summary>
    public object? Tag { get; set; }

    /// <summary>The state.</summary>
    public TcpState State => _state;

    /// <summary>Our address and port.</summary>
    public TcpEndpoint Local => Tuple.Local;

    /// <summary>The peer's address and port.</summary>
    public TcpEndpoint Remote => Tuple.Remote;

    /// <summary>Why the connection ended; <see cref="TcpError.None"/> while it lives, and when it ended in order.</summary>
    public TcpError Error { get; private set; }

    /// <summary>The last soft error since the peer acknowledged something: an ICMP error, a missing route or timeouts in a row, which the
    /// connection survives (RFC 5461). It becomes the <see cref="Error"/> if the connection times out.</summary>
    public TcpError SoftError { get; private set; }

    /// <summary>Options. Timers and limits that run take up new values at the next transmit step.</summary>
    public TcpConnectionOptions Options
    {
        get => _options;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _options = value;
            _isOptionsChanged = true;
            if (value.NoDelay && Unsent > 0) _mustPush = true;
            _layer.MarkReady(this);
        }
    }

    /// <summary>Holds back segments that are not full, for at most 200 ms each (as TCP_CORK); letting go sends what is held.</summary>
    public bool IsCorked
    {
        get => _isCorked;
        set
        {
            _isCorked = value;
            if (value) return;
            if (Unsent > 0) _mustPush = true;
            _layer.MarkReady(this);
        }
    }

    /// <summary>Bytes that can be read now.</summary>
    public int ReadableBytes => _receiveQueue.Unread;

    /// <summary>Whether everything was read and nothing will follow: the peer closed, or the connection is over.</summary>
    public bool IsEndOfStream => _receiveQueue.Unread == 0 && (_isFinReceived || _isReadShut || _state == TcpState.Closed);

    /// <summary>Whether a write may be taken now or later.</summary>
    public bool CanWrite => !_isFinQueued && _state is TcpState.SynSent or TcpState.SynReceived or TcpState.Established or TcpState.CloseWait;

    /// <summary>Bytes that may be written at once, as far as the limit goes; the transmit pool may be short nonetheless.</summary>
    public int WritableBytes => CanWrite ? Math.Max(0, _sendLimit - _sendQueue.Length) : 0;

    /// <summary>Bytes that were written and are not acknowledged.</summary>
    public int UnacknowledgedBytes => _sendQueue.Length;

    /// <summary>How many bytes from the next one to be read on, to the end of urgent data (RFC 9293 section 3.8.5); 0 for none.</summary>
    public int UrgentBytesAhead => (int)Math.Clamp(_urgentPlace - _receiveQueue.ReadAt, 0, int.MaxValue);

    /// <summary>Statistics.</summary>
    public TcpInfo Info => new()
    {
        State = _state,
        CongestionState = _congestionState,
        Timestamps = _hasTimestamps,
        Sack = _hasSack,
        Ecn = _ecn.IsEnabled,
        SendWindowScale = _sendScale,
        ReceiveWindowScale = _sendScale < 0 ? -1 : _receiveScale,
        Rto = _rtt.Timeout,
        SmoothedRtt = _rtt.Smoothed,
        RttVariation = _rtt.Variation,
        MinRtt = _rtt.Minimum,
        SendMss = _mss,
        ReceiveMss = _ack.SegmentSize,
        CongestionWindow = _congestion.CongestionWindow,
        SlowStartThreshold = _congestion.SlowStartThreshold == int.MaxValue ? long.MaxValue : _congestion.SlowStartThreshold,
        SendWindow = _sendWindow,
        ReceiveWindow = _window.Left(ReceiveNext),
        ReceiveBuffer = _receiveLimit,
        SendBuffer = _sendLimit,
        BytesInFlight = _board.Pipe,
        BytesOutstanding = _board.Outstanding,
        BytesLost = _board.LostBytes,
        BytesSentAgain = _board.RetransmittedBytes,
        BytesDelivered = _board.Delivered,
        SegmentsSacked = _board.SackedSegments,
        BytesQueued = _sendQueue.Length,
        BytesUnsent = Unsent,
        BytesAcknowledged = _acknowledgedBytes,
        BytesReceived = _receiveQueue.Next,
        DataReceivedAt = _dataAt,
        Retransmitted = _retransmittedSegments,
        Backoff = _timeouts,
        Probes = Math.Max(_keepAlive.Sent, _zeroWindow.Unanswered),
    };

    /// <summary>Queues bytes to be sent.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="isMoreComing">Whether another write follows soon (as MSG_MORE): a segment that is not full waits for it, but no
    /// longer than for the next ACK that acknowledges something, and 200 ms at most; and nothing is pushed (RFC 9293 section 3.9.1).</param>
    /// <returns>How many were taken, from the front. Fewer than given: go on after <see cref="TcpEvents.Writable"/>, unless
    /// <see cref="CanWrite"/> is false.</returns>
    public int Write(ReadOnlySpan<byte> bytes, bool isMoreComing = false)
    {
        if (!CanWrite || bytes.IsEmpty) return 0;
        int room = Math.Clamp(_sendLimit - _sendQueue.Length, 0, bytes.Length);
        int written = room == 0 ? 0 : _sendQueue.Write(bytes[..room]);
        if (written < room) _layer.AddStarved(this);
        _wantsWrite |= written < bytes.Length;
        if (written == 0) return 0;
        _isMoreComing = isMoreComing;
        if (!isMoreComing) _pushEnd = QueueEnd;
        _layer.MarkReady(this);
        return written;
    }

    /// <summary>Queues bytes of which the last is urgent (RFC 9293 section 3.8.5; RFC 6093 advises against use). They stay in line.</summary>
    /// <returns>As <see cref="Write"/>.</returns>
    public int WriteUrgent(ReadOnlySpan<byte> bytes)
    {
        int written = Write(bytes);
        if (written == 0) return 0;
        _hasUrgent = true;
        _urgentEnd = QueueEnd;
        if (_state is TcpState.Established or TcpState.CloseWait) _ack.OnUrgent(); // told even when the window is shut
        return written;
    }

    /// <summary>Reads bytes.</summary>
    /// <returns>How many; 0 when there are none: see <see cref="IsEndOfStream"/>, else wait for <see cref="TcpEvents.Readable"/>.</returns>
    public int Read(Span<byte> destination)
    {
        CheckReadsByCopy();
        int count = _receiveQueue.Read(destination);
        if (count > 0) NoteRead();
        return count;
    }

    /// <summary>What can be read, in place and without a copy: valid until the next <see cref="Read"/>, <see cref="Consume"/>,
    /// <see cref="Close"/> or <see cref="Abort"/>; more may arrive behind it meanwhile.</summary>
    public ReadOnlySequence<byte> Peek()
    {
        CheckReadsByCopy();
        return _receiveQueue.Peek();
    }

    /// <summary>Goes on behind bytes that were looked at.</summary>
    /// <param name="count">0 to <see cref="ReadableBytes"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many.</exception>
    public void Consume(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _receiveQueue.Unread);
        CheckReadsByCopy();
        if (count == 0) return;
        _receiveQueue.Consume(count);
        NoteRead();
    }

    /// <summary>Reads no more: what is there and what comes is thrown away and acknowledged.</summary>
    public void ShutdownRead()
    {
        _isReadShut = true;
        _bodies?.Clear();
        _receiveQueue.Consume(_receiveQueue.Unread);
        NoteRead();
    }

    /// <summary>Writes no more: a FIN follows what is queued. Reading goes on. A second call does nothing.</summary>
    public void ShutdownWrite()
    {
        if (_isFinQueued || _state is TcpState.Closed or TcpState.TimeWait) return;
        _isFinQueued = true;
        _pushEnd = QueueEnd;
        if (_state is TcpState.Established or TcpState.CloseWait) Move(TcpTrigger.Close);
        _layer.MarkReady(this);
    }

    /// <summary>
    /// Lets go of the connection. What is queued is still sent, then a FIN; the connection lives on alone. It is reset instead
    /// when data is unread (RFC 2525 section 2.17), when <see cref="TcpConnectionOptions.Linger"/> is zero, or when there are too
    /// many such orphans.
    /// </summary>
    public void Close()
    {
        if (_isUserClosed) return;
        bool isUnread = _receiveQueue.Unread > 0 || _receiveQueue.Later.Count > 0;
        bool mustReset = isUnread || _options.Linger == TimeSpan.Zero || _layer.OrphanCount >= Settings.MaxOrphans;
        switch (_state)
        {
            case TcpState.Closed or TcpState.TimeWait:
                LetGo();
                break;
            case TcpState.SynSent:
                LetGo();
                Move(TcpTrigger.Close);
                End(TcpError.None);
                break;
            case TcpState.LastAck or TcpState.Closing:
                BecomeOrphan();
                break;
            default:
                if (mustReset)
                {
                    Abort();
                    break;
                }
                ShutdownWrite();
                BecomeOrphan();
                break;
        }
    }

    /// <summary>Ends the connection at once with a reset (RFC 9293 section 3.10.5) and lets go of it.</summary>
    public void Abort()
    {
        if (_isUserClosed && _state == TcpState.Closed) return;
        if (_state is not (TcpState.Closed or TcpState.TimeWait)) Reset(TcpError.ConnectionAborted);
        LetGo();
    }

    /// <summary>Ends the connection at once with a reset, as <see cref="Abort"/>, but what was received stays readable until
    /// <see cref="Close"/>: for a user who is looking at it.</summary>
    public void Reset()
    {
        if (_state is not (TcpState.Closed or TcpState.TimeWait)) Reset(TcpError.ConnectionAborted);
    }

    internal bool IsBoundTo(int interfaceIndex) => _boundInterface is null || _boundInterface == interfaceIndex;

    /// <summary>A listener's user took the connection: events that waited are told.</summary>
    internal void OnAccepted()
    {
        _isAccepted = true;
        if (_events != TcpEvents.None) Raise(TcpEvents.None);
    }

    internal void OnPoolHasRoom()
    {
        OnPoolHasRoomToRead();
        if (!_wantsWrite || !CanWrite) return;
        _wantsWrite = false;
        Raise(TcpEvents.Writable);
    }

    /// <summary>Gives what happened since the last call.</summary>
    internal TcpEvents TakeEvents()
    {
        TcpEvents events = _isUserClosed ? _events & TcpEvents.Closed : _events;
        _events = TcpEvents.None;
        _isEventQueued = false;
        return events;
    }

    private void NoteRead()
    {
        _hasRead = _hasFreed = true;
        _layer.MarkReady(this); // the window may be worth telling
    }

    private void Raise(TcpEvents events)
    {
        _events |= events;
        if (!_isAccepted || _isEventQueued) return;
        _isEventQueued = true;
        _layer.Raise(this);
    }
}
