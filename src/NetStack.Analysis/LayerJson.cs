using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>One layer as a JSON object. A layer that is not whole has only the keys that could be read.</summary>
internal static class LayerJson
{
    internal static ReadOnlySpan<byte> NameOf(LayerKind kind) => kind switch
    {
        LayerKind.Ethernet => "eth"u8,
        LayerKind.Llc => "llc"u8,
        LayerKind.Vlan => "vlan"u8,
        LayerKind.Mpls => "mpls"u8,
        LayerKind.Pppoe => "pppoe"u8,
        LayerKind.Ppp => "ppp"u8,
        LayerKind.LinuxSll or LayerKind.LinuxSll2 => "sll"u8,
        LayerKind.NullLoopback or LayerKind.Loop => "null"u8,
        LayerKind.Arp => "arp"u8,
        LayerKind.Ipv4 => "ipv4"u8,
        LayerKind.Ipv6 => "ipv6"u8,
        LayerKind.Ipv6HopByHop => "ipv6_hopopts"u8,
        LayerKind.Ipv6DestinationOptions => "ipv6_dstopts"u8,
        LayerKind.Ipv6Routing => "ipv6_routing"u8,
        LayerKind.Ipv6Fragment => "ipv6_frag"u8,
        LayerKind.Authentication => "ah"u8,
        LayerKind.Tcp => "tcp"u8,
        LayerKind.Udp => "udp"u8,
        LayerKind.Icmp => "icmp"u8,
        LayerKind.Icmpv6 => "icmpv6"u8,
        LayerKind.Igmp => "igmp"u8,
        LayerKind.Gre => "gre"u8,
        LayerKind.Vxlan => "vxlan"u8,
        LayerKind.Geneve => "geneve"u8,
        LayerKind.Gtp => "gtp"u8,
        LayerKind.Erspan => "erspan"u8,
        LayerKind.CiscoHdlc => "chdlc"u8,
        LayerKind.Nflog => "nflog"u8,
        LayerKind.Wccp => "wccp"u8,
        _ => "packet"u8,
    };

    internal static void Append(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes)
    {
        line.Append("{\"layer\":\""u8);
        line.Append(NameOf(layer.Kind));
        PacketJson.Number(ref line, "\",\"offset\":"u8, layer.Offset);
        switch (layer.Kind)
        {
            case LayerKind.Ethernet or LayerKind.Vlan or LayerKind.Llc or LayerKind.Mpls or LayerKind.Pppoe or LayerKind.Ppp
                or LayerKind.LinuxSll or LayerKind.LinuxSll2 or LayerKind.NullLoopback or LayerKind.Loop or LayerKind.CiscoHdlc or LayerKind.Nflog:
                LinkJson.Append(ref line, layer, bytes);
                break;
            case LayerKind.Tcp or LayerKind.Udp or LayerKind.Icmp or LayerKind.Icmpv6 or LayerKind.Igmp:
                TransportJson.Append(ref line, layer, bytes);
                break;
            case LayerKind.Gre or LayerKind.Vxlan or LayerKind.Geneve or LayerKind.Gtp or LayerKind.Erspan or LayerKind.Wccp:
                TunnelJson.Append(ref line, layer, bytes);
                break;
            default:
                NetworkJson.Append(ref line, layer, bytes);
                break;
        }
        line.Append('}');
    }

    internal static void Mac(ref LineWriter line, ReadOnlySpan<byte> key, MacAddress mac)
    {
        line.Append(key);
        line.Append(mac);
        line.Append('"');
    }

    internal static void Address(ref LineWriter line, ReadOnlySpan<byte> key, IpAddress address)
    {
        line.Append(key);
        line.Append(address);
        line.Append('"');
    }

    /// <summary>Option kinds in order, up to and including the end marker.</summary>
    internal static void Options(ref LineWriter line, ReadOnlySpan<byte> options)
    {
        line.Append(",\"options\":["u8);
        OptionReader reader = new(options);
        for (bool first = true; reader.MoveNext(); first = false)
        {
            if (!first) line.Append(',');
            line.Append(reader.Kind);
        }
        line.Append(']');
    }
}
