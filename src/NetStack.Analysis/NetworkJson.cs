using NetStack.Wire;
using static NetStack.Analysis.LayerJson;
using static NetStack.Analysis.PacketJson;

namespace NetStack.Analysis;

/// <summary>ARP, IP and what stands between IP and transport, as JSON.</summary>
internal static class NetworkJson
{
    internal static void Append(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes)
    {
        switch (layer.Kind)
        {
            case LayerKind.Arp when ArpView.TryRead(bytes, out ArpView arp):
                Arp(ref line, layer, arp);
                break;
            case LayerKind.Ipv4 when Ipv4View.TryRead(bytes, out Ipv4View ipv4):
                Ipv4(ref line, layer, ipv4);
                break;
            case LayerKind.Ipv6 when Ipv6View.TryRead(bytes, out Ipv6View ipv6):
                Number(ref line, ",\"tclass\":"u8, ipv6.TrafficClass);
                Number(ref line, ",\"flow\":"u8, ipv6.FlowLabel);
                Number(ref line, ",\"payload_len\":"u8, ipv6.PayloadLength);
                Number(ref line, ",\"next_header\":"u8, (int)ipv6.NextHeader);
                Number(ref line, ",\"hop_limit\":"u8, ipv6.HopLimit);
                Address(ref line, ",\"src\":\""u8, ipv6.Source);
                Address(ref line, ",\"dst\":\""u8, ipv6.Destination);
                break;
            case LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions or LayerKind.Ipv6Routing when Ipv6ExtensionView.TryRead(bytes, out Ipv6ExtensionView extension):
                Number(ref line, ",\"next_header\":"u8, (int)extension.NextHeader);
                Number(ref line, ",\"header_len\":"u8, extension.HeaderLength);
                if (layer.Kind != LayerKind.Ipv6Routing) break;
                Number(ref line, ",\"routing_type\":"u8, extension.RoutingType);
                Number(ref line, ",\"segments_left\":"u8, extension.SegmentsLeft);
                break;
            case LayerKind.Ipv6Fragment when Ipv6FragmentView.TryRead(bytes, out Ipv6FragmentView fragment):
                Number(ref line, ",\"next_header\":"u8, (int)fragment.NextHeader);
                Number(ref line, ",\"frag_offset\":"u8, fragment.FragmentOffset);
                Flag(ref line, ",\"mf\":"u8, fragment.MoreFragments);
                Number(ref line, ",\"id\":"u8, fragment.Identification);
                break;
            case LayerKind.Authentication when AuthenticationView.TryRead(bytes, out AuthenticationView ah):
                Number(ref line, ",\"next_header\":"u8, (int)ah.NextHeader);
                Number(ref line, ",\"spi\":"u8, ah.Spi);
                Number(ref line, ",\"seq\":"u8, ah.Sequence);
                break;
            default:
                break;
        }
    }

    private static void Arp(ref LineWriter line, in Layer layer, ArpView arp)
    {
        Number(ref line, ",\"hw_type\":"u8, arp.HardwareType);
        Number(ref line, ",\"proto_type\":"u8, arp.ProtocolType);
        Number(ref line, ",\"op\":"u8, arp.Operation);
        if (!layer.IsWhole || !arp.IsEthernetIpv4) return;
        Mac(ref line, ",\"sender_mac\":\""u8, arp.SenderMac);
        Address(ref line, ",\"sender_ip\":\""u8, arp.SenderIp);
        Mac(ref line, ",\"target_mac\":\""u8, arp.TargetMac);
        Address(ref line, ",\"target_ip\":\""u8, arp.TargetIp);
    }

    private static void Ipv4(ref LineWriter line, in Layer layer, Ipv4View ip)
    {
        Number(ref line, ",\"header_len\":"u8, ip.HeaderLength);
        Number(ref line, ",\"tos\":"u8, ip.TypeOfService);
        Number(ref line, ",\"total_len\":"u8, ip.TotalLength);
        Number(ref line, ",\"id\":"u8, ip.Identification);
        Flag(ref line, ",\"rf\":"u8, ip.Reserved);
        Flag(ref line, ",\"df\":"u8, ip.DontFragment);
        Flag(ref line, ",\"mf\":"u8, ip.MoreFragments);
        Number(ref line, ",\"frag_offset\":"u8, ip.FragmentOffset);
        Number(ref line, ",\"ttl\":"u8, ip.Ttl);
        Number(ref line, ",\"proto\":"u8, (int)ip.Protocol);
        Number(ref line, ",\"checksum\":"u8, ip.Checksum);
        if (layer.Length == ip.HeaderLength) Flag(ref line, ",\"checksum_ok\":"u8, ip.IsChecksumRight);
        Address(ref line, ",\"src\":\""u8, ip.Source);
        Address(ref line, ",\"dst\":\""u8, ip.Destination);
        if (ip.HeaderLength > Ipv4View.MinSize) Options(ref line, ip.Options);
    }
}
