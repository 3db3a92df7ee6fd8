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
    private bool _ended; // a FIN or RST was seen
    private long _now; // of the latest packet, nanoseconds since the first
    private long _synTime;
    private bool _hasSynTime;
    private long? _initialRoundTrip;

    /// <summary>
    /// Whether the segment opens another connection on the same addresses and ports: a SYN with another sequence number than this
    /// connection began with, or with the same one after its end.
    /// </summary>
    internal bool IsOfNewConnection(in PacketHeaders packet, in Layer tcp, bool isReverse)
    {
        TcpFlowSide from = isReverse ? _b : _a;
        return TcpView.TryRead(packet.BytesOf(tcp), out TcpView view)
            && (view.Flags & (TcpFlags.Syn | TcpFlags.Ack)) == TcpFlags.Syn
            && from.HasBase
            && (view.Sequence != from.Base || _ended);
    }

    /// <summary>Judges the flow's next segment. Flow and stream number are for the caller to add.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="tcp">Its TCP header. Where not even the fixed part was captured, the result has only the times.</param>
    /// <param name="isReverse">Whether b sent it, the side that did not send the flow's first packet.</param>
    internal FlowPacket Add(in PacketHeaders packet, in Layer tcp, bool isReverse)
    {
        long before = _now;
        Advance(packet.Info.Timestamp);
        FlowPacket result = new() { IsReverse = isReverse, SinceFirst = _now, SincePrevious = _now - before, WindowScale = TcpFlowSide.UnknownScale };
        if (!TcpView.TryRead(packet.BytesOf(tcp), out TcpView view) || view.HeaderLength < TcpView.MinSize) return result;

        TcpFlowSide from = isReverse ? _b : _a;
        TcpFlowSide to = isReverse ? _a : _b;
        TcpSegment segment = new(view, tcp.PayloadLength, packet.Info.Number, _now);
        from.Begin(segment);
        if (segment.HasAck) to.BeginFromAck(segment.Acknowledgment);
        bool endsHandshake = Handshake(from, to, segment);
        if (segment.IsSyn) ReadScale(from, to, segment, TcpOptions.Read(view.Options));

        TcpAnalysis analysis = TcpJudge.Forward(from, to, segment);
        if (TcpJudge.AcksUnseen(to, segment)) analysis |= TcpAnalysis.AckedUnseenSegment;
        analysis |= TcpJudge.Repetition(from, to, segment, analysis, _initialRoundTrip);
        long? timeout = null;
        long original = 0;
        if ((analysis & TcpAnalysis.Retransmission) != 0) timeout = from.SinceOriginal(segment, out original);
        if (reusesPorts && !_saidReused) analysis |= TcpAnalysis.PortsReused;
        _saidReused = true;

        from.Remember(segment, analysis);
        if ((view.Flags & TcpFlags.Ack) != 0) from.RememberSack(view.Options);
        long? roundTrip = to.Acknowledge(segment, out long acknowledged);
        if ((segment.Flags & (TcpFlags.Fin | TcpFlags.Rst)) != 0) _ended = true;

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
            BytesInFlight = segment.Length > 0 ? from.BytesInFlight : 0,
            BytesSincePush = segment.Length > 0 ? from.BytesSincePush : 0,
            ScaledWindow = from.Scale(segment.Window, segment.IsSyn),
            WindowScale = segment.IsSyn ? TcpFlowSide.UnknownScale : from.Multiplier,
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

    /// <summary>Follows the handshake: SYN, SYN with ACK from the other side, the first ACK. Says whether this is that ACK.</summary>
    private bool Handshake(TcpFlowSide from, TcpFlowSide to, in TcpSegment segment)
    {
        if (segment.IsSyn)
        {
            if (segment.HasAck) from.SentSynAck = true;
            else from.SentSyn = true;
            if (!segment.HasAck) _synTime = segment.Time;
            _hasSynTime |= !segment.HasAck;
            return false;
        }
        if (_initialRoundTrip is not null || !_hasSynTime || !from.SentSyn || !to.SentSynAck || !segment.HasAck) return false;
        if (segment.Sequence != from.Base + 1 || segment.Acknowledgment != to.Base + 1) return false;
        _initialRoundTrip = segment.Time - _synTime;
        return true;
    }

    /// <summary>Window scaling is used where both SYNs offer it (RFC 7323 section 2.2).</summary>
    private static void ReadScale(TcpFlowSide from, TcpFlowSide to, in TcpSegment segment, in TcpOptions options)
    {
        if (options.WindowScale >= 0) from.WindowShift = Math.Min(options.WindowScale, 14);
        if (!segment.HasAck || (from.WindowShift >= 0 && to.WindowShift >= 0)) return;
        from.WindowShift = TcpFlowSide.NoScale;
        to.WindowShift = TcpFlowSide.NoScale;
    }
}
