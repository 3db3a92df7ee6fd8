using System.Buffers;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Conversations and endpoints as JSON, one object a line, for programs to read. UTF-8 straight into the output.</summary>
public static class FlowJson
{
    private const int MaxLine = 4096;

    /// <summary>Writes a conversation and a line end.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="flow">The conversation.</param>
    /// <param name="analysed">With what the analysis of TCP found.</param>
    /// <param name="more">More members of the object, each with a comma in front.</param>
    public static void Write(IBufferWriter<byte> output, Flow flow, bool analysed = false, ReadOnlySpan<byte> more = default)
    {
        LineWriter line = new(output.GetSpan(MaxLine + more.Length));
        FlowKey key = flow.Key;
        line.Append("{\"proto\":\""u8);
        line.Append(ProtocolName(key.Protocol));
        line.Append("\",\"a\":\""u8);
        FlowKey.AppendEnd(ref line, key.A, key.PortA);
        line.Append("\",\"b\":\""u8);
        FlowKey.AppendEnd(ref line, key.B, key.PortB);
        PacketJson.Number(ref line, "\",\"stream\":"u8, flow.Stream);
        PacketJson.Number(ref line, ",\"first_frame\":"u8, flow.FirstFrame);
        PacketJson.Number(ref line, ",\"last_frame\":"u8, flow.LastFrame);
        PacketJson.Number(ref line, ",\"packets_ab\":"u8, flow.AToB.Packets);
        PacketJson.Number(ref line, ",\"packets_ba\":"u8, flow.BToA.Packets);
        PacketJson.Number(ref line, ",\"bytes_ab\":"u8, flow.AToB.Bytes);
        PacketJson.Number(ref line, ",\"bytes_ba\":"u8, flow.BToA.Bytes);
        PacketJson.Number(ref line, ",\"payload_bytes_ab\":"u8, flow.AToB.PayloadBytes);
        PacketJson.Number(ref line, ",\"payload_bytes_ba\":"u8, flow.BToA.PayloadBytes);
        Time(ref line, ",\"first_ts\":\""u8, flow.FirstTime?.TotalNanoseconds);
        Time(ref line, ",\"last_ts\":\""u8, flow.LastTime?.TotalNanoseconds);
        if (analysed && flow.Totals is { } totals) Analysis(ref line, flow, totals);
        line.Append(more);
        line.Append("}\n"u8);
        output.Advance(line.Length);
    }

    /// <summary>Writes an address's counts and a line end.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="endpoint">The address.</param>
    /// <param name="analysed">With what the analysis of TCP found.</param>
    public static void Write(IBufferWriter<byte> output, Endpoint endpoint, bool analysed = false)
    {
        LineWriter line = new(output.GetSpan(MaxLine));
        line.Append("{\"address\":\""u8);
        line.Append(endpoint.Address);
        PacketJson.Number(ref line, "\",\"packets_sent\":"u8, endpoint.PacketsSent);
        PacketJson.Number(ref line, ",\"packets_received\":"u8, endpoint.PacketsReceived);
        PacketJson.Number(ref line, ",\"bytes_sent\":"u8, endpoint.BytesSent);
        PacketJson.Number(ref line, ",\"bytes_received\":"u8, endpoint.BytesReceived);
        if (analysed) PacketJson.Number(ref line, ",\"retransmissions\":"u8, endpoint.Retransmissions);
        line.Append("}\n"u8);
        output.Advance(line.Length);
    }

    internal static ReadOnlySpan<byte> ProtocolName(IpProtocol protocol) => protocol == IpProtocol.Tcp ? "tcp"u8 : "udp"u8;

    /// <summary>The shortest round trip either way; null where there is none.</summary>
    internal static long? LeastRoundTrip(Flow flow)
    {
        if (flow.Totals is not { } totals || totals.AToB.RoundTrips + totals.BToA.RoundTrips == 0) return null;
        if (totals.AToB.RoundTrips == 0) return totals.BToA.LeastRoundTrip;
        return totals.BToA.RoundTrips == 0 ? totals.AToB.LeastRoundTrip : Math.Min(totals.AToB.LeastRoundTrip, totals.BToA.LeastRoundTrip);
    }

    /// <summary>The mean of the round trips of both ways; null where there is none.</summary>
    internal static long? MeanRoundTrip(Flow flow)
    {
        if (flow.Totals is not { } totals || totals.AToB.RoundTrips + totals.BToA.RoundTrips == 0) return null;
        return (totals.AToB.SumOfRoundTrips + totals.BToA.SumOfRoundTrips) / (totals.AToB.RoundTrips + totals.BToA.RoundTrips);
    }

    private static void Analysis(ref LineWriter line, Flow flow, TcpTotals totals)
    {
        Time(ref line, ",\"duration\":\""u8, flow.Duration);
        Time(ref line, ",\"handshake\":\""u8, totals.Handshake);
        Time(ref line, ",\"rtt_min\":\""u8, LeastRoundTrip(flow));
        Time(ref line, ",\"rtt_avg\":\""u8, MeanRoundTrip(flow));
        line.Append(",\"ab\":{"u8);
        Direction(ref line, totals.AToB);
        line.Append("},\"ba\":{"u8);
        Direction(ref line, totals.BToA);
        line.Append('}');
    }

    private static void Direction(ref LineWriter line, in TcpDirection direction)
    {
        PacketJson.Number(ref line, "\"retransmissions\":"u8, direction.Retransmissions);
        PacketJson.Number(ref line, ",\"out_of_order\":"u8, direction.OutOfOrder);
        PacketJson.Number(ref line, ",\"lost_segments\":"u8, direction.LostSegments);
        PacketJson.Number(ref line, ",\"duplicate_acks\":"u8, direction.DuplicateAcks);
        PacketJson.Number(ref line, ",\"zero_windows\":"u8, direction.ZeroWindows);
        PacketJson.Number(ref line, ",\"window_fulls\":"u8, direction.WindowFulls);
        PacketJson.Number(ref line, ",\"resets\":"u8, direction.Resets);
    }

    /// <summary>A time in seconds, where known.</summary>
    private static void Time(ref LineWriter line, ReadOnlySpan<byte> key, Int128? nanoseconds)
    {
        if (nanoseconds is not { } known) return;
        line.Append(key);
        TimeText.AppendSeconds(ref line, known);
        line.Append('"');
    }
}
