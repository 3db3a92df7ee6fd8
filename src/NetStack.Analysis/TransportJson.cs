using NetStack.Wire;
using static NetStack.Analysis.LayerJson;
using static NetStack.Analysis.PacketJson;

namespace NetStack.Analysis;

/// <summary>TCP, UDP, ICMP and IGMP as JSON.</summary>
internal static class TransportJson
{
    internal static void Append(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes)
    {
        switch (layer.Kind)
        {
            case LayerKind.Tcp when TcpView.TryRead(bytes, out TcpView tcp):
                Tcp(ref line, layer, tcp);
                break;
            case LayerKind.Udp when UdpView.TryRead(bytes, out UdpView udp):
                Number(ref line, ",\"src_port\":"u8, udp.SourcePort);
                Number(ref line, ",\"dst_port\":"u8, udp.DestinationPort);
                Number(ref line, ",\"length\":"u8, udp.Length);
                Number(ref line, ",\"checksum\":"u8, udp.Checksum);
                break;
            case LayerKind.Icmp when IcmpView.TryRead(bytes, out IcmpView icmp):
                Number(ref line, ",\"type\":"u8, icmp.Type);
                Number(ref line, ",\"code\":"u8, icmp.Code);
                Number(ref line, ",\"checksum\":"u8, icmp.Checksum);
                if (icmp.IsEcho && icmp.IsWhole) Echo(ref line, icmp.Identifier, icmp.Sequence);
                break;
            case LayerKind.Icmpv6 when Icmpv6View.TryRead(bytes, out Icmpv6View icmpv6):
                Number(ref line, ",\"type\":"u8, icmpv6.Type);
                Number(ref line, ",\"code\":"u8, icmpv6.Code);
                Number(ref line, ",\"checksum\":"u8, icmpv6.Checksum);
                if (icmpv6.IsEcho && icmpv6.IsWhole) Echo(ref line, icmpv6.Identifier, icmpv6.Sequence);
                break;
            case LayerKind.Igmp when IgmpView.TryRead(bytes, out IgmpView igmp):
                Number(ref line, ",\"type\":"u8, igmp.Type);
                break;
            default:
                break;
        }
    }

    private static void Echo(ref LineWriter line, ushort identifier, ushort sequence)
    {
        Number(ref line, ",\"id\":"u8, identifier);
        Number(ref line, ",\"seq\":"u8, sequence);
    }

    private static void Tcp(ref LineWriter line, in Layer layer, TcpView tcp)
    {
        Number(ref line, ",\"src_port\":"u8, tcp.SourcePort);
        Number(ref line, ",\"dst_port\":"u8, tcp.DestinationPort);
        Number(ref line, ",\"seq\":"u8, tcp.Sequence);
        Number(ref line, ",\"ack\":"u8, tcp.Acknowledgement);
        Number(ref line, ",\"header_len\":"u8, tcp.HeaderLength);
        Number(ref line, ",\"flags\":"u8, (int)tcp.Flags);
        Number(ref line, ",\"window\":"u8, tcp.Window);
        Number(ref line, ",\"checksum\":"u8, tcp.Checksum);
        Number(ref line, ",\"urgent\":"u8, tcp.UrgentPointer);
        Options(ref line, tcp.Options);
        TcpOptions values = TcpOptions.Read(tcp.Options);
        if (values.MaximumSegmentSize >= 0) Number(ref line, ",\"mss\":"u8, values.MaximumSegmentSize);
        if (values.WindowScale >= 0) Number(ref line, ",\"window_scale\":"u8, values.WindowScale);
        if (values.HasTimestamps)
        {
            Number(ref line, ",\"ts_val\":"u8, values.TimestampValue);
            Number(ref line, ",\"ts_ecr\":"u8, values.TimestampEcho);
        }
        Sack(ref line, tcp.Options);
        if (layer.IsWhole) Number(ref line, ",\"payload_len\":"u8, layer.PayloadLength);
    }

    private static void Sack(ref LineWriter line, ReadOnlySpan<byte> options)
    {
        bool any = false;
        OptionReader reader = new(options);
        while (reader.MoveNext() && !reader.IsMalformed)
        {
            if (reader.Kind != (byte)TcpOptionKind.Sack) continue;
            foreach (SackBlock block in new SackBlocks(reader.Data))
            {
                line.Append(any ? ",["u8 : ",\"sack\":[["u8);
                any = true;
                line.Append(block.Left);
                line.Append(',');
                line.Append(block.Right);
                line.Append(']');
            }
        }
        if (any) line.Append(']');
    }
}
