using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// One TCP connection as its headers tell it, both directions. Its size is bounded whatever is sent: see
/// <see cref="SegmentQueue.MaxSegments"/>. It works from any part of a connection, with one direction missing too.
/// </summary>
/// <param name="reusesPorts">Whether an earlier connection had the same addresses and ports.</param>
internal sealed class TcpFlowState(bool reusesPorts = false)
{
    private readonly TcpFlowSide _a = new();
    private readonly TcpFlowSide _b = new();
    private Timestamp _start;
    private bool _hasStart;
    private bool _saidReused;
    private long _now; // of the latest packet, nanoseconds since the first
    private long _synTime;
    private bool _hasSynTime;
    private long? _initialRoundTrip;

    /// <summary>Judges the flow's next segment. Flow and stream number are for the caller to add.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="tcp">Its TCP header. Where not even the fixed part was captured, the result has only the times.</param>
    /// <param name="isReverse">Whether b sent it, the side that did not send the flow's first packet.</param>
    internal FlowPacket Add(in PacketHeaders packet, in Layer tcp, bool isReverse)
    {
        long before = _now;
        Advance(packet.Info.Timestamp);
        FlowPacket result = new() { IsReverse = isReverse, SinceFirst = _now, SincePrevious = _now - before };
        if (!TcpView.TryRead(packet.BytesOf(tcp), out TcpView view) || view.HeaderLength < TcpView.MinSize) return result;

        TcpFlowSide from = isReverse ? _b : _a;
        TcpFlowSide to = isReverse ? _a : _b;
        TcpSegment segment = new(view, tcp.PayloadLength, packet.Info.Number, _now);
        from.Begin(segment);
        if (segment.HasAck) to.BeginFromAck(segment.Acknowledgment);
        bool endsHandshake = Handshake(from, segment);
        if (segment.IsSyn) ReadScale(from, to, TcpOptions.Read(view.Options).WindowScale);

        TcpAnalysis analysis = TcpJudge.Forward(from, to, segment);
        if (TcpJudge.AcksUnseen(to, segment)) analysis |= TcpAnalysis.AckedUnseenSegment;
        analysis |= TcpJudge.Repetition(from, to, segment, analysis, _initialRoundTrip);
        long? timeout = null;
        long original = 0;
        if ((analysis & TcpJudge.Again) == TcpAnalysis.Retransmission) timeout = from.SinceOriginal(segment, out original);
        if (reusesPorts && !_saidReused) analysis |= TcpAnalysis.PortsReused;
        _saidReused = true;

        from.Remember(segment, analysis);
        if ((view.Flags & TcpFlags.Ack) != 0) from.RememberSack(view.Options);
        long? roundTrip = to.Acknowledge(segment, out long acknowledged);

        long inFlight = segment.Length > 0 ? from.BytesInFlight(to) : 0;
        return result with
        {
            Analysis = analysis,
            RelativeSequence = segment.Sequence - from.Base,
            NextSequence = segment.Next - from.Base,
            RelativeAcknowledgment = segment.HasAck ? segment.Acknowledgment - to.Base : 0,
            RoundTrip = roundTrip,
            AcknowledgedPacket = acknowledged,
            InitialRoundTrip = _initialRoundTrip,
            EndsHandshake = endsHandshake,
            BytesInFlight = Math.Max(0, inFlight - (segment.IsSyn || (segment.Flags & TcpFlags.Fin) != 0 ? 1 : 0)),
            BytesSincePush = inFlight > 0 ? from.BytesSincePush : 0,
            ScaledWindow = from.Scale(segment.Window, segment.IsSyn),
            WindowScale = segment.IsSyn ? 0 : from.Multiplier,
            DuplicateAckNumber = (analysis & TcpAnalysis.DuplicateAck) != 0 ? from.DuplicateAcks : 0,
            DuplicateAckPacket = (analysis & TcpAnalysis.DuplicateAck) != 0 ? from.FirstAckPacket : 0,
            RetransmissionTimeout = timeout,
            RetransmittedPacket = original,
        };
    }

    /// <summary>Takes the packet's time. One without a time counts as of the time before.</summary>
    private void Advance(Timestamp? timestamp)
    {
        if (timestamp is not { } at) return;
        if (!_hasStart)
        {
            _hasStart = true;
            _start = at;
        }
        long seconds = unchecked(at.Seconds - _start.Seconds);
        _now = seconds is > -4_000_000_000 and < 4_000_000_000
            ? seconds * 1_000_000_000 + (at.Nanoseconds - _start.Nanoseconds)
            : (long)Int128.Clamp(at - _start, long.MinValue / 4, long.MaxValue / 4);
    }

    /// <summary>Follows the handshake from the SYN to the next ACK of its sender. Says whether this is that ACK.</summary>
    private bool Handshake(TcpFlowSide from, in TcpSegment segment)
    {
        if (segment.IsSyn && !segment.HasAck)
        {
            from.SentSyn = true;
            _synTime = segment.Time;
            _hasSynTime = true;
        }
        if (segment.IsSyn || !segment.HasAck || _initialRoundTrip is not (null or 0) || !_hasSynTime || !from.SentSyn) return false;
        _initialRoundTrip = segment.Time - _synTime;
        return true;
    }

    /// <summary>Window scaling is used where both SYNs offer it (RFC 7323 section 2.2): one without the offer says that it is not.</summary>
    private static void ReadScale(TcpFlowSide from, TcpFlowSide to, int offered)
    {
        if (offered >= 0 && to.WindowShift != TcpFlowSide.NoScale)
        {
            from.WindowShift = Math.Min(offered, 14);
            return;
        }
        from.WindowShift = TcpFlowSide.NoScale;
        to.WindowShift = TcpFlowSide.NoScale;
    }
}
