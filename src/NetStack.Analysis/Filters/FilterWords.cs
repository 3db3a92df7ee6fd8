using System.Collections.Frozen;

namespace NetStack.Analysis;

/// <summary>The words of packet filters and what they stand for: pcap-filter(7), and libpcap's scanner where that is silent.</summary>
internal static class FilterWords
{
    /// <summary>Protocols: a filter each, and what other words can be qualified with.</summary>
    internal static readonly FrozenSet<string> Protocols = FrozenSet.Create(
        "ether", "link", "fddi", "tr", "wlan", "ppp", "slip", "ip", "ip6", "arp", "rarp", "tcp", "udp", "sctp", "icmp", "icmp6", "igmp", "igrp", "pim", "vrrp",
        "carp", "ah", "esp", "radio", "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "iso", "esis", "es-is", "isis", "is-is", "l1", "l2", "iih",
        "lsp", "snp", "csnp", "psnp", "clnp", "stp", "ipx", "netbeui");

    /// <summary>Names of the link layer, whichever it is.</summary>
    internal static readonly FrozenSet<string> LinkNames = FrozenSet.Create("ether", "link", "fddi", "tr", "wlan", "ppp", "slip");

    /// <summary>Words that stand alone and that only libpcap compiles.</summary>
    internal static readonly FrozenSet<string> NativeAlone = FrozenSet.Create(
        "lane", "metac", "bcc", "oam", "oamf4", "oamf4ec", "oamf4sc", "sc", "ilmic", "connectmsg", "metaconnect", "fisu", "lssu", "lsu", "msu", "hfisu", "hlssu", "hmsu");

    /// <summary>Words with one argument that only libpcap compiles.</summary>
    internal static readonly FrozenSet<string> NativeWithArgument = FrozenSet.Create(
        "on", "ifname", "rset", "ruleset", "rnr", "rulenum", "srnr", "subrulenum", "reason", "action", "ifindex", "dir", "direction", "type", "subtype", "vpi", "vci",
        "sio", "opc", "dpc", "sls", "hsio", "hopc", "hdpc", "hsls");

    /// <summary>Directions that only 802.11 has.</summary>
    internal static readonly FrozenSet<string> WirelessDirections = FrozenSet.Create(
        "ra", "ta", "addr1", "addr2", "addr3", "addr4", "address1", "address2", "address3", "address4");

    /// <summary>Every word that is no name.</summary>
    internal static readonly FrozenSet<string> Keywords = FrozenSet.ToFrozenSet(
    [
        .. Protocols, .. NativeAlone, .. NativeWithArgument, .. WirelessDirections, "src", "dst", "host", "net", "mask", "port", "portrange", "proto", "protochain",
        "gateway", "less", "greater", "byte", "broadcast", "multicast", "len", "length", "inbound", "outbound", "vlan", "mpls", "pppoed", "pppoes", "geneve", "llc",
    ]);

    /// <summary>Symbols that may be written as words.</summary>
    internal static readonly FrozenDictionary<string, string> Spellings =
        new Dictionary<string, string> { ["and"] = "&&", ["or"] = "||", ["not"] = "!" }.ToFrozenDictionary();

    /// <summary>Words that stand for numbers: offsets of fields and their values.</summary>
    internal static readonly FrozenDictionary<string, uint> Constants = new Dictionary<string, uint>
    {
        ["tcpflags"] = 13, ["tcp-fin"] = 1, ["tcp-syn"] = 2, ["tcp-rst"] = 4, ["tcp-push"] = 8, ["tcp-ack"] = 16, ["tcp-urg"] = 32, ["tcp-ece"] = 64, ["tcp-cwr"] = 128,
        ["icmptype"] = 0, ["icmpcode"] = 1, ["icmp-echoreply"] = 0, ["icmp-unreach"] = 3, ["icmp-sourcequench"] = 4, ["icmp-redirect"] = 5, ["icmp-echo"] = 8,
        ["icmp-routeradvert"] = 9, ["icmp-routersolicit"] = 10, ["icmp-timxceed"] = 11, ["icmp-paramprob"] = 12, ["icmp-tstamp"] = 13, ["icmp-tstampreply"] = 14,
        ["icmp-ireq"] = 15, ["icmp-ireqreply"] = 16, ["icmp-maskreq"] = 17, ["icmp-maskreply"] = 18,
        ["icmp6type"] = 0, ["icmp6code"] = 1, ["icmp6-destinationunreach"] = 1, ["icmp6-packettoobig"] = 2, ["icmp6-timeexceeded"] = 3, ["icmp6-parameterproblem"] = 4,
        ["icmp6-echo"] = 128, ["icmp6-echoreply"] = 129, ["icmp6-multicastlistenerquery"] = 130, ["icmp6-multicastlistenerreportv1"] = 131,
        ["icmp6-multicastlistenerdone"] = 132, ["icmp6-routersolicit"] = 133, ["icmp6-routeradvert"] = 134, ["icmp6-neighborsolicit"] = 135,
        ["icmp6-neighboradvert"] = 136, ["icmp6-redirect"] = 137, ["icmp6-routerrenum"] = 138, ["icmp6-nodeinformationquery"] = 139,
        ["icmp6-nodeinformationresponse"] = 140, ["icmp6-ineighbordiscoverysolicit"] = 141, ["icmp6-ineighbordiscoveryadvert"] = 142,
        ["icmp6-multicastlistenerreportv2"] = 143, ["icmp6-homeagentdiscoveryrequest"] = 144, ["icmp6-homeagentdiscoveryreply"] = 145,
        ["icmp6-mobileprefixsolicit"] = 146, ["icmp6-mobileprefixadvert"] = 147, ["icmp6-certpathsolicit"] = 148, ["icmp6-certpathadvert"] = 149,
        ["icmp6-multicastrouteradvert"] = 151, ["icmp6-multicastroutersolicit"] = 152, ["icmp6-multicastrouterterm"] = 153,
    }.ToFrozenDictionary();

    /// <summary>What <c>ether proto</c> may name: Ethertypes, and 802.2 service access points.</summary>
    internal static readonly FrozenDictionary<string, uint> EtherTypes = new Dictionary<string, uint>
    {
        ["ip"] = 0x0800, ["ip6"] = 0x86DD, ["arp"] = 0x0806, ["rarp"] = 0x8035, ["atalk"] = 0x809B, ["aarp"] = 0x80F3, ["decnet"] = 0x6003, ["lat"] = 0x6004,
        ["sca"] = 0x6007, ["mopdl"] = 0x6001, ["moprc"] = 0x6002, ["loopback"] = 0x9000, ["iso"] = 0xFE, ["stp"] = 0x42, ["ipx"] = 0xE0, ["netbeui"] = 0xF0,
    }.ToFrozenDictionary();

    /// <summary>What <c>ip proto</c> may name (IANA), by the names of /etc/protocols.</summary>
    internal static readonly FrozenDictionary<string, uint> IpProtocols = new Dictionary<string, uint>
    {
        ["ip"] = 0, ["hopopt"] = 0, ["icmp"] = 1, ["igmp"] = 2, ["ggp"] = 3, ["ipencap"] = 4, ["st"] = 5, ["tcp"] = 6, ["egp"] = 8, ["igp"] = 9, ["pup"] = 12,
        ["udp"] = 17, ["dccp"] = 33, ["ipv6"] = 41, ["ipv6-route"] = 43, ["ipv6-frag"] = 44, ["rsvp"] = 46, ["gre"] = 47, ["esp"] = 50, ["ah"] = 51,
        ["ipv6-icmp"] = 58, ["icmp6"] = 58, ["ipv6-nonxt"] = 59, ["ipv6-opts"] = 60, ["eigrp"] = 88, ["ospf"] = 89, ["ipip"] = 94, ["etherip"] = 97, ["encap"] = 98,
        ["pim"] = 103, ["ipcomp"] = 108, ["vrrp"] = 112, ["l2tp"] = 115, ["isis"] = 124, ["sctp"] = 132, ["fc"] = 133, ["udplite"] = 136, ["mpls-in-ip"] = 137,
    }.ToFrozenDictionary();
}
