using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>What a TCP or UDP header is in its flow: only a flow table knows.</summary>
internal static class TcpFlowFields
{
    private delegate Int128? OfPacket(in FlowPacket packet);

    internal static void Add(FieldList fields)
    {
        fields.In(LayerKind.Tcp);
        Of(fields, "tcp.stream", Unsigned32, "Number of the connection, from 0", (in p) => p.Stream);
        fields.OfFlow("tcp.seq", Unsigned32, "Sequence number, from the connection's first", Sequence);
        fields.OfFlow("tcp.nxtseq", Unsigned32, "Sequence number after the segment", NextSequence);
        fields.OfFlow("tcp.ack", Unsigned32, "Acknowledgment number, from the other side's first", Acknowledgment);
        Of(fields, "tcp.window_size", Unsigned32, "Window in bytes", (in p) => p.ScaledWindow);
        Of(fields, "tcp.window_size_scalefactor", Signed32, "What the window is multiplied by; -1 unknown, -2 no scaling", (in p) => p.WindowScale);
        fields.OfFlow("tcp.options.sack_le", Unsigned32, "Left edge of a SACK block, from the other side's first", SackEdge(isRight: false));
        fields.OfFlow("tcp.options.sack_re", Unsigned32, "Right edge of a SACK block, from the other side's first", SackEdge(isRight: true));
        Of(fields, "tcp.time_relative", Time, "Time since the connection's first packet", (in p) => p.SinceFirst);
        Of(fields, "tcp.time_delta", Time, "Time since the connection's packet before", (in p) => p.SincePrevious);
        Analysis(fields);
        Remarks(fields);
        fields.In(LayerKind.Udp);
        Of(fields, "udp.stream", Unsigned32, "Number of the conversation, from 0", (in p) => p.Stream);
        Of(fields, "udp.time_relative", Time, "Time since the conversation's first packet", (in p) => p.SinceFirst);
        Of(fields, "udp.time_delta", Time, "Time since the conversation's packet before", (in p) => p.SincePrevious);
    }

    private static void Analysis(FieldList fields)
    {
        Of(fields, "tcp.analysis.acks_frame", Unsigned32, "Packet that this ACK answers", (in p) => Some(p.AcknowledgedPacket));
        Of(fields, "tcp.analysis.ack_rtt", Time, "Time since that packet", (in p) => p.RoundTrip);
        Of(fields, "tcp.analysis.initial_rtt", Time, "Time of the handshake", (in p) => p.InitialRoundTrip);
        Of(fields, "tcp.analysis.bytes_in_flight", Unsigned32, "Bytes sent and not acknowledged", (in p) => Some(p.BytesInFlight));
        Of(fields, "tcp.analysis.push_bytes_sent", Unsigned32, "Bytes since the last PSH", (in p) => Some(p.BytesSincePush));
        Of(fields, "tcp.analysis.duplicate_ack_num", Unsigned32, "Which repetition of the ACK", (in p) => Some(p.DuplicateAckNumber));
        Of(fields, "tcp.analysis.duplicate_ack_frame", Unsigned32, "Packet whose ACK is repeated", (in p) => Some(p.DuplicateAckPacket));
        Of(fields, "tcp.analysis.rto", Time, "Time since the first transmission", (in p) => p.RetransmissionTimeout);
        Of(fields, "tcp.analysis.rto_frame", Unsigned32, "Packet of the first transmission", (in p) => Some(p.RetransmittedPacket));
    }

    private static void Remarks(FieldList fields)
    {
        Remark(fields, "flags", "Any remark", (TcpAnalysis)0xFFFF);
        Remark(fields, "retransmission", "Sent before", TcpAnalysis.Retransmission);
        Remark(fields, "fast_retransmission", "Sent again since duplicate ACKs asked for it", TcpAnalysis.FastRetransmission);
        Remark(fields, "spurious_retransmission", "Sent again though acknowledged", TcpAnalysis.SpuriousRetransmission);
        Remark(fields, "out_of_order", "Overtaken by later data", TcpAnalysis.OutOfOrder);
        Remark(fields, "lost_segment", "A segment before was not captured", TcpAnalysis.LostSegment);
        Remark(fields, "ack_lost_segment", "Acknowledges what was not captured", TcpAnalysis.AckedUnseenSegment);
        Remark(fields, "duplicate_ack", "Repeats an ACK", TcpAnalysis.DuplicateAck);
        Remark(fields, "zero_window", "The sender has no room", TcpAnalysis.ZeroWindow);
        Remark(fields, "zero_window_probe", "Asks whether there is room again", TcpAnalysis.ZeroWindowProbe);
        Remark(fields, "zero_window_probe_ack", "Answers such a probe", TcpAnalysis.ZeroWindowProbeAck);
        Remark(fields, "window_full", "Fills the receiver's window", TcpAnalysis.WindowFull);
        Remark(fields, "window_update", "Nothing but a new window", TcpAnalysis.WindowUpdate);
        Remark(fields, "keep_alive", "Asks for an ACK only", TcpAnalysis.KeepAlive);
        Remark(fields, "keep_alive_ack", "Answers a keep-alive", TcpAnalysis.KeepAliveAck);
        Remark(fields, "reused_ports", "A new connection on the ports of an old one", TcpAnalysis.PortsReused);
    }

    private static long? Some(long number) => number == 0 ? null : number;

    private static void Of(FieldList fields, string name, DisplayFieldType type, string description, OfPacket read) =>
        fields.OfFlow(name, type, description, (scoped in scope, scoped in layer, _, index, out value) =>
        {
            value = default;
            if (index > 0 || !scope.IsOfFlow(layer) || read(scope.Flow) is not { } number) return false;
            value = FieldValue.Signed(number);
            return true;
        });

    private static void Remark(FieldList fields, string name, string description, TcpAnalysis bits) =>
        fields.OfFlow("tcp.analysis." + name, None, description, (scoped in scope, scoped in layer, _, index, out value) =>
        {
            value = FieldValue.Of(true);
            return index == 0 && scope.IsOfFlow(layer) && (scope.Flow.Analysis & bits) != 0;
        });

    /// <summary>Where the header is of no flow, as in an ICMP error, numbers stay as on the wire.</summary>
    private static bool Sequence(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        if (index > 0 || !scope.IsOfFlow(layer)) return new FieldSource(4, 4).TryRead(header, out value) && index == 0;
        value = new FieldValue(scope.Flow.RelativeSequence);
        return true;
    }

    private static bool NextSequence(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        value = new FieldValue(scope.Flow.NextSequence);
        return index == 0 && scope.IsOfFlow(layer);
    }

    private static bool Acknowledgment(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        if (index > 0 || !scope.IsOfFlow(layer)) return new FieldSource(8, 4).TryRead(header, out value) && index == 0;
        value = new FieldValue(scope.Flow.RelativeAcknowledgment);
        return true;
    }

    /// <summary>An edge, moved as far as the acknowledgment number is.</summary>
    private static FieldReader SackEdge(bool isRight) => (scoped in scope, scoped in layer, header, index, out value) =>
    {
        value = default;
        if (!TcpFields.TryGetSackEdge(layer, header, index, isRight, out uint edge) || !TcpView.TryRead(header, out TcpView tcp)) return false;
        value = new FieldValue(scope.IsOfFlow(layer) ? edge - (tcp.Acknowledgement - scope.Flow.RelativeAcknowledgment) : edge);
        return true;
    };
}
