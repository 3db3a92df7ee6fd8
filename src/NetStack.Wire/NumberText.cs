namespace NetStack.Wire;

/// <summary>Protocol numbers in words, as tcpdump has them: a name and the number in brackets.</summary>
public static class NumberText
{
    /// <summary>Appends an EtherType, like <c>IPv4 (0x0800)</c>.</summary>
    public static void AppendEtherType(ref LineWriter line, ushort type)
    {
        ReadOnlySpan<byte> name = Name((EtherType)type);
        line.Append(name.IsEmpty ? "unknown"u8 : name);
        line.Append(" (0x"u8);
        line.AppendHex(type, 4);
        line.Append(')');
    }

    /// <summary>The name of an EtherType; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Name(EtherType type) =>
        type switch
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
            (EtherType)0x8809 => "Slow Protocols"u8,
            (EtherType)0x888E => "EAPOL"u8,
            (EtherType)0x88CC => "LLDP"u8,
            (EtherType)0x88E5 => "802.1AE MACsec"u8,
            (EtherType)0x88F7 => "PTP"u8,
            (EtherType)0x9000 => "Loopback"u8,
            _ => default,
        };

    /// <summary>Appends an IP protocol, like <c>TCP (6)</c>.</summary>
    public static void AppendProtocol(ref LineWriter line, IpProtocol protocol)
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
