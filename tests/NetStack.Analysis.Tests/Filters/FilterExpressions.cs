using System.Globalization;

namespace NetStack.Analysis.Tests.Filters;

/// <summary>Random packet filters, of addresses and ports that the sample captures have.</summary>
internal sealed class FilterExpressions(int seed)
{
    private readonly Random _random = new(seed);

    private static readonly string[] Addresses = ["10.0.0.1", "10.0.0.2", "10.1.0.1", "10.1.0.2", "192.168.1.1", "127.0.0.1", "172.16.133.41", "8.8.8.8", "224.0.0.251"];
    private static readonly string[] Networks = ["10.0.0.0/8", "10.0.0.0/24", "10", "192.168", "0.0.0.0/0", "172.16.0.0 mask 255.240.0.0", "224.0.0.0/4", "128.0.0.0/1"];
    private static readonly string[] Networks6 = ["fe80::/10", "2001:db8::/32", "ff02::/16", "::/0", "fd00::/8", "2000::/3"];
    private static readonly string[] Addresses6 = ["fe80::1", "2001:db8::1", "ff02::1", "::1", "fd00::2"];
    private static readonly string[] Macs = ["ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01", "33:33:00:00:00:01", "0200.0000.0002", "00-11-22-33-44-55"];
    private static readonly string[] Ports = ["80", "443", "22", "53", "8080", "http", "https", "ssh", "domain", "67", "0", "65535", "1234"];
    private static readonly string[] Ranges = ["1-1023", "1024-65535", "80-90", "53-443", "443-80", "30000-40000", "1-domain"];
    private static readonly string[] Protocols = ["ip", "ip6", "tcp", "udp", "icmp", "icmp6", "arp", "rarp", "igmp", "sctp", "esp", "ah", "pim", "vrrp"];
    private static readonly string[] Sides = ["", "", "src ", "dst ", "src or dst ", "src and dst "];
    private static readonly string[] Relations = ["=", "==", "!=", "<", "<=", ">", ">="];

    /// <summary>An expression of a few terms.</summary>
    /// <param name="tags">Whether vlan, mpls and pppoes may stand in it.</param>
    internal string Next(bool tags)
    {
        string text = Term(tags, 0);
        for (int i = _random.Next(4); i > 0; i--) text += Pick(" and ", " or ", " && ", " || ") + Term(tags, 0);
        return text;
    }

    private string Term(bool tags, int depth) => _random.Next(depth > 2 ? 16 : 19) switch
    {
        0 => Pick("", "ip ", "arp ", "rarp ") + Pick(Sides) + "host " + Pick(Addresses),
        1 => Pick("", "ip ") + Pick(Sides) + "net " + Pick(Networks),
        2 => Pick("ip6 ", "") + Pick(Sides) + "net " + Pick(Networks6),
        3 => Pick(Sides) + "host " + Pick(Addresses6),
        4 or 5 => PortTerm(),
        6 => Pick("", "tcp ", "udp ") + Pick(Sides) + "portrange " + Pick(Ranges),
        7 or 8 => Pick(Protocols),
        9 => Pick("ip proto ", "ip6 proto ", "proto ") + Pick("6", "17", "\\tcp", "\\udp", "1", "58", "47", "132", "\\igmp"),
        10 => "ether proto " + Pick("\\ip", "\\arp", "\\ip6", "0x86dd", "0x8100", "0x42", "0xf0", "\\rarp", "\\ipx", "\\atalk", "\\stp"),
        11 => Pick("less ", "greater ") + Number(0, 400),
        12 or 13 => Relation(),
        14 => "host " + Pick(Addresses) + Pick(" or ", " and ") + Pick(Addresses) + (_random.Next(2) == 0 ? " or " + Pick(Addresses) : ""),
        15 => tags ? Tag() : Relation(),
        16 => "not " + Term(tags, depth + 1),
        17 => "(" + Term(tags, depth + 1) + Pick(" and ", " or ") + Term(tags, depth + 1) + ")",
        _ => Pick("", "tcp ", "udp ") + Pick("", "src ", "dst ") + "port (" + Number(1, 100) + Pick(" or ", " and not ") + Number(80, 500) + ")",
    };

    /// <summary>What only Ethernet has.</summary>
    internal string EthernetTerm() => _random.Next(4) switch
    {
        0 => "ether " + Pick("host ", "src ", "dst ", "src host ", "src or dst ") + Pick(Macs),
        1 => Pick("", "ether ") + Pick("broadcast", "multicast"),
        2 => Pick("ip ", "ip6 ") + "multicast",
        _ => "ip broadcast",
    };

    private string Tag() => _random.Next(6) switch
    {
        0 or 1 => "vlan",
        2 => "vlan " + Number(1, 110),
        3 => "mpls",
        4 => "pppoed",
        _ => Pick("pppoes", "pppoes 1", "mpls 16", "vlan 100"),
    };

    private string PortTerm()
    {
        string port = Pick(Ports);
        return (port is "http" or "ssh" ? Pick("", "tcp ") : Pick("", "tcp ", "udp ", "sctp ")) + Pick(Sides) + "port " + port;
    }

    private string Relation()
    {
        string left = Value(0);
        return left + " " + Pick(Relations) + " " + (_random.Next(4) == 0 ? Value(1) : Number(0, 300));
    }

    private string Value(int depth) => _random.Next(depth > 1 ? 5 : 8) switch
    {
        0 => "len",
        1 or 2 => Field(),
        3 => "tcp[tcpflags]" + Pick("", " & tcp-syn", " & (tcp-syn|tcp-fin)", " & tcp-ack"),
        4 => Pick("icmp[icmptype]", "icmp6[icmp6type]", "ip[0] & 0xf", "ip[6:2] & 0x1fff", "tcp[12] >> 4"),
        5 => $"({Value(depth + 1)} {Pick("+", "-", "*", "/", "&", "|", "^", "%", "<<", ">>")} {Number(1, 9)})",
        6 => $"({Field()} {Pick("+", "-", "&", "|", "/", "%")} {Field()})",
        _ => $"ip[{Pick("ip[0] & 0xf", "2 + 2", "ip[9]")}:{Pick("1", "2", "4")}]",
    };

    private string Field() => Pick("ether", "ip", "ip6", "tcp", "udp", "icmp", "arp", "icmp6", "igmp") + $"[{Number(0, 40)}{Pick("", ":1", ":2", ":4")}]";

    private string Number(int least, int most) => _random.Next(least, most).ToString(CultureInfo.InvariantCulture);

    private string Pick(params string[] choices) => choices[_random.Next(choices.Length)];
}
