namespace NetStack.Wire;

/// <summary>Protocol numbers in words, as tcpdump has them: a name and the number in brackets.</summary>
internal static class NumberText
{
    /// <summary>Appends an EtherType, like <c>IPv4 (0x0800)</c>.</summary>
    internal static void AppendEtherType(ref LineWriter line, ushort type)
    {
        line.Append((EtherType)type switch
        {
            EtherType.Ipv4 => "IPv4"u8,
            EtherType.Ipv6 => "IPv6"u8,
            EtherType.Arp => "ARP"u8,
            EtherType.Rarp => "Reverse ARP"u8,
            EtherType.Vlan => "802.1Q"u8,
            EtherType.ServiceVlan => "802.1Q-QinQ"u8,
            EtherType.VlanDoubleOld => "802.1Q-9100"u8,
            EtherType.Mpls => "MPLS unicast"u8,
            EtherType.MplsMulticast => "MPLS multicast"u8,
            EtherType.PppoeDiscovery => "PPPoE D"u8,
            EtherType.PppoeSession => "PPPoE S"u8,
            EtherType.Ppp => "PPP"u8,
            EtherType.TransparentEthernet => "TEB"u8,
            _ => "unknown"u8,
        });
        line.Append(" (0x"u8);
        line.AppendHex(type, 4);
        line.Append(')');
    }

    /// <summary>Appends an IP protocol, like <c>TCP (6)</c>.</summary>
    internal static void AppendProtocol(ref LineWriter line, IpProtocol protocol)
    {
        line.Append(Name(protocol));
        line.Append(" ("u8);
        line.Append((byte)protocol);
        line.Append(')');
    }

    private static ReadOnlySpan<byte> Name(IpProtocol protocol) => protocol switch
    {
        IpProtocol.HopByHop => "Options"u8,
        IpProtocol.Icmp => "ICMP"u8,
        IpProtocol.Igmp => "IGMP"u8,
        IpProtocol.IpInIp => "IPIP"u8,
        IpProtocol.Tcp => "TCP"u8,
        IpProtocol.Udp => "UDP"u8,
        IpProtocol.Ipv6 => "IPv6"u8,
        IpProtocol.Routing => "Routing"u8,
        IpProtocol.Fragment => "Fragment"u8,
        IpProtocol.Gre => "GRE"u8,
        IpProtocol.Esp => "ESP"u8,
        IpProtocol.Ah => "AH"u8,
        IpProtocol.Icmpv6 => "ICMPv6"u8,
        IpProtocol.NoNext => "None"u8,
        IpProtocol.DestinationOptions => "DSTOPT"u8,
        IpProtocol.Sctp => "SCTP"u8,
        IpProtocol.Mpls => "MPLS"u8,
        IpProtocol.Ethernet => "Ethernet"u8,
        _ => "unknown"u8,
    };
}
