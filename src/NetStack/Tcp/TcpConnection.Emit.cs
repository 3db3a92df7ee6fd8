using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>Composes segments and hands them to IP; what a segment tells the peer is noted only once it is on its way.</summary>
public sealed partial class TcpConnection
{
    private const int ChecksumOffset = 16;
    private const int MaxHeader = 60;

    /// <summary>Sends a segment with the present acknowledgement, window, timestamps and SACK blocks.</summary>
    /// <param name="flags">Flags besides ACK and those of ECN and urgent data.</param>
    /// <param name="sequence">Its number.</param>
    /// <param name="body">Its payload, which passes on whatever happens.</param>
    /// <param name="segmentSize">Into pieces of what size a longer payload is cut.</param>
    /// <param name="isNewData">Whether it carries data for the first time.</param>
    /// <param name="now">The present.</param>
    private SendOutcome Emit(TcpFlags flags, SequenceNumber sequence, PacketBody body, int segmentSize, bool isNewData, Instant now)
    {
        int length = body.Length;
        if (!TryCarrySum(sequence, length, out ushort? bodySum))
        {
            body.Release();
            OnBodyChanged();
            return SendOutcome.Unreachable;
        }
        EcnState ecn = _ecn; // kept only if the segment goes
        ReceiveWindow window = _window;
        flags |= TcpFlags.Ack | ecn.FlagsOf(isNewData);
        ushort urgentPointer = UrgentPointerAt(sequence);
        if (urgentPointer != 0) flags |= TcpFlags.Urg;
        ushort field = window.Advertise(ReceiveNext, FreeReceiveSpace, Math.Max(1, _ack.SegmentSize), _receiveLimit);
        TcpHeader header = new(Tuple.Local.Port, Tuple.Remote.Port, sequence.Value, ReceiveNext.Value, flags, field) { UrgentPointer = urgentPointer };
        TcpOptionsBuilder options = new(stackalloc byte[40]);
        if (_hasTimestamps) OptionLayout.AddTimestamps(ref options, TcpLayer.TimestampClock(now) + _timestampOffset, _timestampRecent);
        AddSackBlocks(ref options);
        Span<byte> bytes = stackalloc byte[MaxHeader];
        int size = header.Write(bytes, options.Written);
        IpSend send = SendTemplate with
        {
            TrafficClass = (byte)((_options.TrafficClass & ~3) | ecn.CodepointOf(isNewData)),
            SegmentSize = length > segmentSize ? segmentSize : 0,
            BodySum = bodySum,
        };
        SendOutcome outcome = _layer.Ip.Send(send, bytes[..size], body, now);
        if (outcome == SendOutcome.NoRoom) return outcome;
        _ecn = ecn;
        _window = window;
        NoteSent(length > segmentSize ? (length + segmentSize - 1) / segmentSize : 1);
        _ack.OnSent();
        _isAckUrgent = false;
        _duplicate = null;
        _hasFreed = false;
        _lastAckSent = ReceiveNext;
        Heed(outcome, now);
        return outcome;
    }

    private IpSend SendTemplate => new(Tuple.Local.Address, Tuple.Remote.Address, IpProtocol.Tcp)
    {
        Interface = _boundInterface ?? (Tuple.Scope == 0 ? null : Tuple.Scope),
        TrafficClass = (byte)(_options.TrafficClass & ~3),
        HopLimit = _options.HopLimit,
        DontFragment = true,
        ChecksumOffset = ChecksumOffset,
    };

    private void NoteSent(int segments)
    {
        Counters.SegmentsSent += segments;
        Counters.Handed++;
    }

    /// <summary>What IP says of a segment that did not go: it counts as lost on the way, and what is learned is kept.</summary>
    private void Heed(SendOutcome outcome, Instant now)
    {
        switch (outcome)
        {
            case SendOutcome.TooLong:
                RefreshPath(now);
                break;
            case SendOutcome.Unreachable:
                NoteSoftError(TcpError.NetworkUnreachable);
                break;
            case SendOutcome.BadSource:
                Fail(TcpError.ConnectionAborted);
                break;
            case SendOutcome.BroadcastDenied:
                Fail(TcpError.InvalidArgument); // only IP knows which addresses a link broadcasts to
                break;
            default:
                break;
        }
    }

    /// <summary>SACK blocks (RFC 2018 section 4): the newest first, before it a duplicate (RFC 2883).</summary>
    private void AddSackBlocks(ref TcpOptionsBuilder options)
    {
        int most = SackBlockCount;
        if (most == 0) return;
        options.AddNoOperation();
        options.AddNoOperation();
        Span<byte> blocks = stackalloc byte[8 * MaxSackBlocks];
        int count = 0;
        if (_duplicate is { } duplicate) WriteBlock(blocks, count++, duplicate);
        for (int age = 0; age < MaxSackBlocks && count < most; age++)
        {
            if (_receiveQueue.Later.TryGetRecent(age, out StreamRange range)) WriteBlock(blocks, count++, range);
        }
        for (int i = 0; i < _receiveQueue.Later.Count && count < most; i++)
        {
            if (!IsRecent(_receiveQueue.Later[i])) WriteBlock(blocks, count++, _receiveQueue.Later[i]);
        }
        options.Add(TcpOptionKind.Sack, blocks[..(8 * count)]);
    }

    private bool IsRecent(in StreamRange range)
    {
        for (int age = 0; age < MaxSackBlocks; age++)
        {
            if (_receiveQueue.Later.TryGetRecent(age, out StreamRange recent) && recent == range) return true;
        }
        return false;
    }

    private void WriteBlock(Span<byte> blocks, int index, in StreamRange range)
    {
        SequenceNumber left = DataNext + unchecked((int)(range.Start - _receiveQueue.Next));
        SequenceNumber right = left + (int)range.Length + (range.End == _finPlace ? 1 : 0); // the FIN behind it is there too
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(blocks[(8 * index)..], left.Value);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(blocks[(8 * index + 4)..], right.Value);
    }

    /// <summary>The urgent pointer of a segment at a number, while urgent data is ahead of it (RFC 9293 section 3.8.5); 0 for none.</summary>
    private ushort UrgentPointerAt(SequenceNumber sequence)
    {
        if (!_hasUrgent) return 0;
        int ahead = _urgentEnd - sequence;
        if (_urgentEnd <= SendUnacknowledged) _hasUrgent = false;
        return ahead is > 0 and <= 65_535 ? (ushort)ahead : ahead > 65_535 ? ushort.MaxValue : (ushort)0;
    }

    /// <summary>Sends the SYN or SYN-ACK, first or again.</summary>
    private SendOutcome? TransmitSyn(Instant now)
    {
        bool isFirst = SendNext == _iss;
        if (!isFirst && _board.WaitingBytes == 0 && !_isSynAckDue) return null;
        bool isReply = _state == TcpState.SynReceived;
        TcpFlags flags = TcpFlags.Syn;
        if (isReply) flags |= TcpFlags.Ack | EcnState.SynAckFlags(_ecn.IsEnabled, _timeouts);
        else flags |= EcnState.SynFlags(Settings.Ecn == EcnMode.Active, _timeouts);
        TcpHeader header = new(Tuple.Local.Port, Tuple.Remote.Port, _iss.Value, isReply ? ReceiveNext.Value : 0, flags, (ushort)FirstWindow);
        uint timestamp = TcpLayer.TimestampClock(now) + _timestampOffset;
        TcpOptionsBuilder options = new(stackalloc byte[40]);
        OptionLayout.AddSyn(ref options, Settings.SynLayout, new SynOffer((ushort)_layer.MssOf(_path, _options))
        {
            WindowScale = isReply ? (_sendScale < 0 ? -1 : _receiveScale) : Settings.WindowScaling ? _receiveScale : -1,
            HasSack = isReply ? _hasSack : Settings.Sack,
            HasTimestamps = isReply ? _hasTimestamps : Settings.Timestamps,
            TimestampValue = timestamp,
            TimestampEcho = isReply ? _timestampRecent : 0,
        });
        Span<byte> bytes = stackalloc byte[MaxHeader];
        int size = header.Write(bytes, options.Written);
        SendOutcome outcome = _layer.Ip.Send(SendTemplate, bytes[..size], default, now);
        if (outcome == SendOutcome.NoRoom) return outcome;
        NoteSent(1);
        NoteSynSent(isFirst, now, timestamp);
        Heed(outcome, now);
        return outcome;
    }

    private void NoteSynSent(bool isFirst, Instant now, uint timestamp)
    {
        _isSynAckDue = false;
        if (isFirst)
        {
            _board.OnSent(1, 1, now, timestamp);
            _timers.Retransmission = now + _rtt.Timeout;
            _userTimeout.Start(now);
            return;
        }
        if (_timeouts > 0) Counters.Retransmitted++;
        _board.OnRetransmitted(_iss, 1, 1, now, timestamp);
    }

    private SendOutcome TransmitReset(Instant now)
    {
        TcpHeader header = new(Tuple.Local.Port, Tuple.Remote.Port, SendNext.Value, ReceiveNext.Value, TcpFlags.Rst | TcpFlags.Ack, 0);
        TcpOptionsBuilder options = new(stackalloc byte[40]);
        if (_hasTimestamps) OptionLayout.AddTimestamps(ref options, TcpLayer.TimestampClock(now) + _timestampOffset, _timestampRecent);
        Span<byte> bytes = stackalloc byte[MaxHeader];
        int size = header.Write(bytes, options.Written);
        SendOutcome outcome = _layer.Ip.Send(SendTemplate, bytes[..size], default, now);
        if (outcome == SendOutcome.NoRoom) return outcome;
        _isResetPending = false;
        NoteSent(1);
        Counters.ResetsSent++;
        return outcome;
    }

    /// <summary>Asks again how packets leave, and what the path takes.</summary>
    private void RefreshPath(Instant now)
    {
        _pathAt = now;
        if (!_layer.Ip.TryFindPath(Tuple.Remote.Address, Tuple.Local.Address, _boundInterface ?? (Tuple.Scope == 0 ? null : Tuple.Scope), out IpPath path)) return;
        _path = path;
        if (_peerMss > 0) UpdateMss();
    }
}
