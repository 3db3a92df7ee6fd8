namespace NetStack.Wire;

/// <summary>EtherType numbers (IEEE 802, IANA) that this library knows.</summary>
public enum EtherType : ushort
{
    /// <summary>IPv4.</summary>
    Ipv4 = 0x0800,

    /// <summary>ARP.</summary>
    Arp = 0x0806,

    /// <summary>Transparent Ethernet bridging, as GRE and Geneve carry Ethernet.</summary>
    TransparentEthernet = 0x6558,

    /// <summary>Reverse ARP.</summary>
    Rarp = 0x8035,

    /// <summary>802.1Q customer tag.</summary>
    Vlan = 0x8100,

    /// <summary>IPv6.</summary>
    Ipv6 = 0x86DD,

    /// <summary>PPP in GRE (RFC 2637) and others.</summary>
    Ppp = 0x880B,

    /// <summary>MPLS, unicast.</summary>
    Mpls = 0x8847,

    /// <summary>MPLS, multicast.</summary>
    MplsMulticast = 0x8848,

    /// <summary>PPPoE discovery.</summary>
    PppoeDiscovery = 0x8863,

    /// <summary>PPPoE session.</summary>
    PppoeSession = 0x8864,

    /// <summary>802.1ad service tag.</summary>
    ServiceVlan = 0x88A8,

    /// <summary>802.1Q-in-Q before 802.1ad.</summary>
    VlanDoubleOld = 0x9100,
}

/// <summary>IP protocol numbers (IANA) that this library knows.</summary>
public enum IpProtocol : byte
{
    /// <summary>IPv6 hop-by-hop options.</summary>
    HopByHop = 0,

    /// <summary>ICMP.</summary>
    Icmp = 1,

    /// <summary>IGMP.</summary>
    Igmp = 2,

    /// <summary>IPv4 in IP (RFC 2003).</summary>
    IpInIp = 4,

    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>IPv6 in IP (RFC 4213).</summary>
    Ipv6 = 41,

    /// <summary>IPv6 routing header.</summary>
    Routing = 43,

    /// <summary>IPv6 fragment header.</summary>
    Fragment = 44,

    /// <summary>GRE (RFC 2784).</summary>
    Gre = 47,

    /// <summary>ESP (RFC 4303).</summary>
    Esp = 50,

    /// <summary>Authentication header (RFC 4302).</summary>
    Ah = 51,

    /// <summary>ICMPv6.</summary>
    Icmpv6 = 58,

    /// <summary>IPv6: nothing follows.</summary>
    NoNext = 59,

    /// <summary>IPv6 destination options.</summary>
    DestinationOptions = 60,

    /// <summary>SCTP.</summary>
    Sctp = 132,

    /// <summary>MPLS in IP (RFC 4023).</summary>
    Mpls = 137,

    /// <summary>Ethernet in IP (RFC 8986 uses it; earlier EtherIP is 97).</summary>
    Ethernet = 143,
}
