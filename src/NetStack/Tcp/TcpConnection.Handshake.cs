using NetStack.Tcp.Congestion;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Opening: SYN-SENT, SYN-RECEIVED, and what the options of the SYNs come to.</summary>
public sealed partial class TcpConnection
{
    /// <summary>A connection we open; its SYN goes with the next transmit step.</summary>
    internal static TcpConnection CreateActive(TcpLayer layer, in FourTuple tuple, in TcpConnectOptions options, in IpPath path, TcpBinding? binding, Instant now)
    {
        SequenceNumber iss = layer.NextInitialSequence(tuple, now);
        TcpConnection connection = new(layer, tuple, options.Interface, path, options.Connection ?? layer.Settings.Defaults, iss, isPassive: false, now)
        {
            _binding = binding,
            _timestampOffset = layer.TimestampOffsetOf(tuple),
        };
        connection.Move(TcpTrigger.ActiveOpen);
        layer.MarkReady(connection);
        return connection;
    }

    /// <summary>A connection whose handshake is complete but for the ACK that the caller hands to <see cref="OnSegment"/> next.</summary>
    internal static TcpConnection CreatePassive(TcpLayer layer, in FourTuple tuple, TcpListener listener, in Handshake handshake, in IpPath path, Instant now)
    {
        TcpConnection connection = new(layer, tuple, listener.Binding.Options.Interface, path, listener.Connection, handshake.Iss, isPassive: true, now)
        {
            _timestampOffset = handshake.TimestampOffset,
            _wasSynRetransmitted = handshake.WasRetransmitted,
        };
        connection.Move(TcpTrigger.PassiveOpen);
        connection.Move(TcpTrigger.ReceiveSyn);
        uint timestamp = TcpLayer.TimestampClock(handshake.SentAt ?? now) + handshake.TimestampOffset;
        connection._board.OnSent(1, 1, handshake.SentAt ?? now, timestamp);
        if (handshake.SentAt is null) connection._board.OnRetransmitted(handshake.Iss, 1, 1, now, timestamp);
        connection.Agree(handshake, now);
        return connection;
    }

    /// <summary>A segment in SYN-SENT (RFC 9293 section 3.10.7.3).</summary>
    private void OnSynSent(in TcpSegment segment, Instant now)
    {
        if (segment.IsAck && (segment.Acknowledgement <= _iss || segment.Acknowledgement > SendNext))
        {
            Drop(TcpDropReason.BadAcknowledgement);
            if (!segment.IsRst) _layer.SendReset(segment, now);
            return;
        }
        if (segment.IsRst)
        {
            if (segment.IsAck) OnRefused();
            else Drop(TcpDropReason.NoAcknowledgement);
            return;
        }
        if (!segment.IsSyn)
        {
            Drop(TcpDropReason.BadFlags);
            return;
        }
        Agree(HandshakeOf(segment), now);
        _receivedAt = now;
        if (!segment.IsAck)
        {
            Move(TcpTrigger.ReceiveSyn); // both open at once
            _isSynAckDue = true;
            _layer.MarkReady(this);
            return;
        }
        Move(TcpTrigger.ReceiveSynAck);
        OnEstablished(now);
        OnAcknowledgement(segment, now);
        _ack.OnUrgent(); // with data, if some was written already
        TakeText(segment, now);
        CheckFin(segment, now);
    }

    private void OnRefused()
    {
        Counters.ResetsReceived++;
        Fail(TcpError.ConnectionRefused);
    }

    /// <summary>What the peer's SYN and our offer come to. ECN needs the peer's SYN-ACK, or that both asked for it.</summary>
    private Handshake HandshakeOf(in TcpSegment segment)
    {
        TcpOptions options = segment.Options;
        bool offeredEcn = Settings.Ecn == EcnMode.Active;
        return new Handshake
        {
            Iss = _iss,
            Irs = segment.Sequence,
            PeerMss = TcpLayer.PeerMss(options, segment.Source),
            SendScale = Settings.WindowScaling ? Math.Min(14, options.WindowScale) : -1,
            ReceiveScale = (byte)_receiveScale,
            HasSack = Settings.Sack && options.SackPermitted,
            HasTimestamps = Settings.Timestamps && options.HasTimestamps,
            TimestampRecent = options.TimestampValue,
            HasEcn = offeredEcn && (segment.IsAck ? EcnState.IsAgreed(segment.Header.Flags) : EcnState.IsAsked(segment.Header.Flags, segment.TrafficClass)),
            ReceiveWindow = FirstWindow,
            PeerWindow = segment.Header.Window,
        };
    }

    /// <summary>The window of our SYN: never scaled (RFC 7323 section 2.2).</summary>
    private int FirstWindow => Math.Min(65_535, _options.ReceiveBuffer);

    private void Agree(in Handshake handshake, Instant now)
    {
        _irs = handshake.Irs;
        _peerMss = handshake.PeerMss;
        _sendScale = handshake.SendScale;
        _receiveScale = handshake.SendScale < 0 ? 0 : handshake.ReceiveScale;
        _hasSack = handshake.HasSack;
        _hasTimestamps = handshake.HasTimestamps;
        _timestampRecent = handshake.TimestampRecent;
        _timestampRecentAt = now;
        _ecn.Enable(handshake.HasEcn);
        _lastAckSent = _irs + 1;
        _window.Start(_irs + 1, handshake.ReceiveWindow, _receiveScale);
        _sendWindow = _maxSendWindow = handshake.PeerWindow;
        _windowSequence = _irs;
        _windowAcknowledgement = _iss;
        UpdateMss();
        int first = Math.Min(handshake.ReceiveWindow, CongestionControl.InitialWindow(_mss)); // what the peer's first flight may be
        _tuner = new ReceiveWindowTuner(_receiveLimit, _options.MaxReceiveBuffer, first, _irs + 1, now);
    }

    /// <summary>Our SYN was acknowledged in SYN-RECEIVED.</summary>
    private void OnSynAcknowledged(in TcpSegment segment, Instant now)
    {
        Move(TcpTrigger.ReceiveAckOfSyn);
        OnEstablished(now);
        _windowSequence = segment.Sequence - 1; // whatever its number, this segment sets the window
    }

    private void OnEstablished(Instant now)
    {
        int initial = Math.Min(CongestionControl.InitialWindow(_mss), Settings.InitialWindow * _mss);
        _congestion.Start(_mss, _wasSynRetransmitted ? _mss : initial);
        if (_wasSynRetransmitted)
        {
            _rtt.OnHandshakeRetransmitted();
            _ecn.StopMarking();
        }
        _timeouts = 0;
        _isSynAckDue = false;
        _dataAt = now;
        if (_options.KeepAlive) _keepAlive.Restart(now);
        if (!_isPassive) Raise(TcpEvents.Connected);
        Raise(TcpEvents.Writable);
        if (_isFinQueued) Move(TcpTrigger.Close); // it waited for the connection
    }

    /// <summary>Payload of a full segment (RFC 9293 section 3.7.1, Eff.snd.MSS): what the peer and the path take, less our options.</summary>
    private void UpdateMss()
    {
        int most = Math.Min(Math.Min(_peerMss, _layer.MssOf(_path, _options)), _mssCap);
        int mss = Math.Max(LeastPayload, most - (_hasTimestamps ? OptionLayout.TimestampsSize : 0));
        if (mss == _mss) return;
        _mss = mss;
        _congestion.OnSegmentSizeChanged(mss);
    }
}
