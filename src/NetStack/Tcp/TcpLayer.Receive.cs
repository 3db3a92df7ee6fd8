using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>From a datagram to a verified segment and whom it is for.</summary>
public sealed partial class TcpLayer : ITransport
{
    private const int ChecksumOffset = 16;
    private const int ScratchSize = 64 * 1024;

    private byte[]? _scratch; // payload that has no place yet

    /// <inheritdoc/>
    TransportVerdict ITransport.Receive(in InboundDatagram datagram, Instant now)
    {
        Counters.SegmentsReceived += Math.Max(1, datagram.SegmentCount);
        if (!TryRead(datagram, out TcpSegment segment)) return TransportVerdict.Done;
        _flows.TryGetValue(segment.Tuple, out ITcpFlow? flow);
        if (!TryVerify(datagram, flow, ref segment))
        {
            Drop(TcpDropReason.BadChecksum);
            return TransportVerdict.Done;
        }
        switch (flow)
        {
            case TcpConnection connection when connection.IsBoundTo(segment.Interface):
                connection.OnSegment(segment, now);
                break;
            case PassiveOpen open:
                OnHandshakeSegment(open, segment, now);
                break;
            case TimeWaitEntry entry:
                OnTimeWaitSegment(entry, segment, now);
                break;
            default:
                OnUnmatched(segment, now);
                break;
        }
        return TransportVerdict.Done;
    }

    /// <inheritdoc/>
    /// <remarks>The four-tuple must be a flow's, and the quoted number in flight (RFC 5927 section 4).</remarks>
    bool ITransport.IsExpected(in IcmpErrorReport error) => FindSender(error) is not null;

    /// <inheritdoc/>
    void ITransport.OnError(in IcmpErrorReport error, Instant now)
    {
        switch (FindSender(error))
        {
            case TcpConnection connection:
                connection.OnIcmpError(error, now);
                break;
            case PassiveOpen open: // all else is soft while half open (RFC 5461): the SYN-ACK is sent again
                if (error.Kind == IcmpErrorKind.PacketTooBig) ShrinkHandshake(open, error.Mtu, now);
                break;
            default:
                Drop(TcpDropReason.ErrorNotOurs);
                break;
        }
    }

    /// <summary>Who sent the segment that an error quotes, if its number is in flight.</summary>
    private ITcpFlow? FindSender(in IcmpErrorReport error)
    {
        if (error.Quoted.Length < 8) return null;
        TcpEndpoint local = new(error.Source, System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(error.Quoted));
        TcpEndpoint remote = new(error.Destination, System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(error.Quoted[2..]));
        SequenceNumber sequence = new(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(error.Quoted[4..]));
        _flows.TryGetValue(FourTuple.Of(local, remote, 0), out ITcpFlow? flow);
        bool isInFlight = flow switch
        {
            TcpConnection connection => connection.IsInFlight(sequence),
            PassiveOpen open => sequence == open.Handshake.Iss,
            _ => false,
        };
        return isInFlight ? flow : null;
    }

    /// <inheritdoc/>
    void ITransport.OnAddressRemoved(IpAddress address, Instant now)
    {
        foreach ((FourTuple tuple, ITcpFlow flow) in _flows.ToArray())
        {
            if (tuple.Local.Address != address) continue;
            if (flow is TcpConnection connection) connection.Fail(TcpError.ConnectionAborted);
            else if (flow is PassiveOpen open) Forget(open);
            else if (flow is TimeWaitEntry entry) OnTimeWaitOver(entry);
        }
    }

    internal void Drop(TcpDropReason reason) => Counters.Drops.Add(reason);

    /// <summary>Reads the header: structure only, nothing is believed yet.</summary>
    private bool TryRead(in InboundDatagram datagram, out TcpSegment segment)
    {
        segment = default;
        if (!TcpView.TryRead(datagram.Bytes.Require(TcpView.MinSize), out TcpView view)) return Refuse(TcpDropReason.Truncated);
        int headerLength = view.HeaderLength;
        if (headerLength < TcpView.MinSize || headerLength > datagram.Bytes.Length) return Refuse(TcpDropReason.BadHeaderLength);
        TcpView.TryRead(datagram.Bytes.Require(headerLength), out view);
        IpAddress source = datagram.Source;
        if (datagram.IsGroupAddressed || source.IsMulticast || source.IsUnspecified || source.IsLimitedBroadcast || view.SourcePort == 0 || view.DestinationPort == 0)
            return Refuse(TcpDropReason.BadAddress);
        segment.Header = TcpHeader.From(view);
        segment.OptionBytes = view.Options;
        segment.Options = TcpOptions.Read(view.Options);
        segment.Source = source;
        segment.Destination = datagram.Destination;
        segment.Interface = datagram.Interface;
        segment.TrafficClass = datagram.TrafficClass;
        segment.Length = datagram.Bytes.Length - headerLength;
        segment.Count = Math.Max(1, datagram.SegmentCount);
        return true;
    }

    private bool Refuse(TcpDropReason reason)
    {
        Drop(reason);
        return false;
    }

    /// <summary>
    /// Sums the segment and in the same pass copies its payload: to its place in the connection's receive queue, or, where a
    /// handshake may complete with it, to private memory. No state depends on what was copied until the sum is right.
    /// </summary>
    private bool TryVerify(in InboundDatagram datagram, ITcpFlow? flow, ref TcpSegment segment)
    {
        ChecksumAccumulator sum = default;
        PseudoHeader.AddTo(ref sum, datagram.Source, datagram.Destination, IpProtocol.Tcp, datagram.Bytes.Length);
        int headerLength = datagram.Bytes.Length - segment.Length;
        sum.Add(datagram.Bytes.Require(headerLength)[..headerLength]);
        InboundBytes payload = datagram.Bytes.Slice(headerLength);
        if (segment.Length == 0) segment.IsPlaced = true;
        else if (flow is TcpConnection { CanPlace: true } connection)
        {
            if (connection.CanHold(segment.DataStart, payload)) Hold(datagram, payload, ref segment, ref sum);
            else segment.IsPlaced = connection.Place(segment.DataStart, payload, ref sum, out segment.PlacedTo);
        }
        else if (flow is PassiveOpen open && segment.IsAck && TcpConnection.CanHold(open, segment, payload, Settings)) Hold(datagram, payload, ref segment, ref sum);
        else if (segment.Length <= ScratchSize && MayCarryFirstData(flow, segment))
        {
            Span<byte> scratch = (_scratch ??= GC.AllocateUninitializedArray<byte>(ScratchSize)).AsSpan(0, segment.Length);
            payload.CopyTo(scratch, ref sum);
            segment.Scratch = scratch;
        }
        else if (!datagram.IsChecksumGood) payload.SumTo(ref sum);
        return datagram.IsChecksumGood || sum.Finish() == 0;
    }

    /// <summary>Sums a payload that is to stay where it is: this sum goes with it.</summary>
    private static void Hold(in InboundDatagram datagram, InboundBytes payload, ref TcpSegment segment, ref ChecksumAccumulator sum)
    {
        segment.IsHeld = true;
        segment.Payload = payload;
        segment.PayloadSum = datagram.SumOf(payload, sum);
        sum.AddSum(segment.PayloadSum, payload.Length);
    }

    private bool MayCarryFirstData(ITcpFlow? flow, in TcpSegment segment) => flow switch
    {
        TcpConnection connection => connection.State == TcpState.SynSent,
        PassiveOpen => segment.IsAck,
        null => segment.IsAck && !segment.IsSyn && !segment.IsRst && _ports.IsBound(segment.Header.DestinationPort),
        _ => false,
    };

    /// <summary>A segment for no connection: a listener's, or one to be reset (RFC 9293 sections 3.10.7.1 and 3.10.7.2).</summary>
    private void OnUnmatched(in TcpSegment segment, Instant now)
    {
        TcpListener? listener = _ports.FindListener(segment.Tuple.Local, segment.Interface, _hash.Hash(segment.Tuple));
        if (listener is not null)
        {
            OnListenerSegment(listener, segment, null, now);
            return;
        }
        Drop(TcpDropReason.NoConnection);
        if (!segment.IsRst) SendReset(segment, now);
    }

    /// <summary>A segment for a connection in TIME-WAIT (RFC 9293 section 3.10.7.4, RFC 1337, RFC 6191).</summary>
    private void OnTimeWaitSegment(TimeWaitEntry entry, in TcpSegment segment, Instant now)
    {
        if (segment.IsRst)
        {
            Drop(TcpDropReason.ResetInTimeWait);
            return;
        }
        bool isOld = entry.HasTimestamps && segment.Options.HasTimestamps && (int)(segment.Options.TimestampValue - entry.TimestampRecent) < 0;
        bool isNewTime = entry.HasTimestamps && segment.Options.HasTimestamps && (int)(segment.Options.TimestampValue - entry.TimestampRecent) > 0;
        if (segment.IsSyn && !segment.IsAck && (isNewTime || (!isOld && segment.Sequence > entry.ReceiveNext)))
        {
            TcpListener? listener = _ports.FindListener(segment.Tuple.Local, segment.Interface, _hash.Hash(segment.Tuple));
            if (listener is not null)
            {
                SequenceNumber above = entry.SendNext + 65_537;
                OnTimeWaitOver(entry);
                Counters.TimeWaitReused++;
                OnListenerSegment(listener, segment, above, now);
                return;
            }
        }
        if (!isOld && segment.Options.HasTimestamps && segment.Sequence <= entry.ReceiveNext) entry.TimestampRecent = segment.Options.TimestampValue;
        if (segment.IsFin && segment.End == entry.ReceiveNext && !isOld) _deadlines.Set(entry, now + Settings.TimeWait);
        bool isPureAck = segment.SequenceLength == 0 && segment.Sequence == entry.ReceiveNext && !isOld;
        if (isPureAck) return;
        if (segment.SequenceLength == 0 && now < entry.LastAnswer + Settings.InvalidAckInterval && entry.LastAnswer != entry.Since) return;
        entry.LastAnswer = now;
        SendTimeWaitAck(entry, now);
    }
}
