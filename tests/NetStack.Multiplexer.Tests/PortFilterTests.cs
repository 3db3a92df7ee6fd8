using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

public sealed class PortFilterTests
{
    [Theory]
    [InlineData("udp port 53", "udp and port 53")]
    [InlineData("host 10.0.0.1 and tcp port 80", "host 10.0.0.1 and tcp and port 80")]
    [InlineData("net 10.0.0.0/8", "net 10.0.0.0/8")]
    [InlineData("net fd00::/8", "net fd00::/8")]
    [InlineData("vlan 10", "vlan 10")]
    [InlineData("vlan and arp", "vlan and arp")]
    [InlineData("ether host 02:00:00:00:00:01", "ether host 02:00:00:00:00:01")]
    [InlineData("ether src 02-00-00-00-00-01", "ether src 02:00:00:00:00:01")]
    [InlineData("ether proto 0x88cc", "ether proto 0x88cc")]
    [InlineData("not (arp or icmp) and ip", "not (arp or icmp) and ip")]
    [InlineData("a_or_b", null)]
    [InlineData("tcp or udp and port 53", "(tcp or udp) and port 53")]
    [InlineData("tcp or (udp and port 53)", "tcp or (udp and port 53)")]
    [InlineData("tcp or udp port 53", "tcp or (udp and port 53)")]
    [InlineData("tcp and port 80 or arp and vlan", "((tcp and port 80) or arp) and vlan")]
    [InlineData("(tcp or udp)and port 53", "(tcp or udp) and port 53")]
    [InlineData("tcp||udp&&!icmp6", "(tcp or udp) and not icmp6")]
    [InlineData("src host fd00::1 and dst portrange 1-9", "src host fd00::1 and dst portrange 1-9")]
    [InlineData("ip6 host fd00::1", "ip6 and host fd00::1")]
    [InlineData("proto 47", "proto 47")]
    [InlineData("  \t tcp \n", "tcp")]
    [InlineData("all", "all")]
    [InlineData("broadcast", "ether dst ff:ff:ff:ff:ff:ff")]
    public void Texts_read_as_people_mean_them(string text, string? meant)
    {
        if (meant is null) Assert.Throws<FormatException>(() => PortFilter.Parse(text));
        else Assert.Equal((meant, meant), (PortFilter.Parse(text).ToString(), PortFilter.Parse(meant).ToString()));
    }

    [Theory]
    [InlineData("", "Column 1: an expression is missing.")]
    [InlineData("udp port", "Column 9: a port is missing.")]
    [InlineData("udp port 65536", "Column 10: a port is at most 65535, not 65536.")]
    [InlineData("udp port -1", "Column 10: '-1' is not a port.")]
    [InlineData("udp prt 53", "Column 5: 'prt' is not expected here.")]
    [InlineData("host 10.0.0.256", "Column 6: '10.0.0.256' is not an IP address.")]
    [InlineData("host 10", "Column 6: '10' is not an IP address.")]
    [InlineData("host fe80::1%eth0", "Column 6: 'fe80::1%eth0' is not an IP address.")]
    [InlineData("net 10.0.0.0", "Column 5: '10.0.0.0' is not an address and prefix length like 10.0.0.0/8.")]
    [InlineData("net 10.0.0.0/33", "Column 5: the prefix length of 10.0.0.0 is a number from 0 to 32, not '33'.")]
    [InlineData("tcp and net 10.0.0.1/8", "Column 13: 10.0.0.1/8 has bits set past the prefix.")]
    [InlineData("(tcp or udp", "Column 12: ')' is missing.")]
    [InlineData("(tcp udp)", "Column 6: ')' is expected, not 'udp'.")]
    [InlineData("tcp)", "Column 4: ')' is not expected here.")]
    [InlineData("not", "Column 4: an expression is missing.")]
    [InlineData("tcp and", "Column 8: an expression is missing.")]
    [InlineData("tcp & udp", "Column 5: '&' is not expected here.")]
    [InlineData("vlan 4096", "Column 6: a VLAN identifier is at most 4095, not 4096.")]
    [InlineData("ether 02:00:00:00:00:01", "Column 7: '02:00:00:00:00:01' cannot follow 'ether'.")]
    [InlineData("ether host here", "Column 12: 'here' is not a MAC address.")]
    [InlineData("src tcp", "Column 5: 'tcp' cannot have a direction.")]
    [InlineData("src", "Column 4: 'host', 'net', 'port' or 'portrange' is missing.")]
    [InlineData("portrange 9-1", "Column 11: '9-1' is not two ports like 1024-2047.")]
    [InlineData("proto 256", "Column 7: a protocol number is at most 255, not 256.")]
    public void Errors_name_the_column(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<FormatException>(() => PortFilter.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void No_text_crashes_the_parser()
    {
        string[] words = ["udp", "tcp", "port", "53", "host", "10.0.0.1", "net", "10.0.0.0/8", "and", "or", "not", "(", ")", "!", "&&", "||", "&", "vlan", "ether",
            "src", "dst", "proto", "0x", "0xFFFFFFFFF", "", " ", "\0", "é", "arp", "99999999999999999999", "fd00::/8", "/", "-", "portrange"];
        Random random = new(3);
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Join(random.Next(3) == 0 ? "" : " ", Enumerable.Range(0, random.Next(12)).Select(_ => words[random.Next(words.Length)]));
            try
            {
                PortFilter.Parse(text).ToString();
            }
            catch (FormatException e)
            {
                Assert.Matches("^Column [0-9]+: ", e.Message);
            }
        }
        Assert.Throws<FormatException>(() => PortFilter.Parse(new string('(', 100_000)));
        Assert.Throws<FormatException>(() => PortFilter.Parse(string.Concat(Enumerable.Repeat("not ", 100_000)) + "tcp"));
        Assert.Throws<FormatException>(() => PortFilter.Parse(string.Join(" or ", Enumerable.Repeat("tcp", 100_000))));
    }

    [Theory]
    [InlineData("udp port 53", true)]
    [InlineData("tcp port 53", false)]
    [InlineData("src port 53", true)]
    [InlineData("dst port 53", false)]
    [InlineData("dst port 4000 and src host 10.0.0.99", true)]
    [InlineData("net 10.0.0.0/24", true)]
    [InlineData("src net 10.0.1.0/24", false)]
    [InlineData("net 0.0.0.0/0", true)]
    [InlineData("net ::/0", false)]
    [InlineData("vlan", true)]
    [InlineData("vlan 10", true)]
    [InlineData("vlan 11", false)]
    [InlineData("ip and not arp", true)]
    [InlineData("ether dst 02:00:00:00:00:01", true)]
    [InlineData("ether src 02:00:00:00:00:01", false)]
    [InlineData("portrange 50-60", true)]
    [InlineData("portrange 54-60", false)]
    [InlineData("multicast", false)]
    [InlineData("ip6 or udp", true)]
    public void Matching_is_by_the_key_of_the_frame(string text, bool matches)
    {
        byte[] frame = Frames.Tagged(Frames.Udp(Frames.NicMac, Frames.PeerV4, 53, Frames.V4(1), 4000, [1]), 10);
        Assert.Equal(matches, PortFilter.Parse(text).Matches(FrameKey.Read(frame, LinkType.Ethernet)));
    }

    [Fact]
    public void What_depends_on_ports_that_are_not_known_matches_neither_way()
    {
        byte[] later = Frames.Ethernet(Frames.NicMac, EtherType.Ipv4, Frames.Ip(Frames.PeerV4, Frames.V4(1), IpProtocol.Udp, [1, 2, 3], 5));
        FrameKey key = FrameKey.Read(later, LinkType.Ethernet);
        Assert.False(PortFilter.Parse("port 53").Matches(key));
        Assert.False(PortFilter.Parse("not port 53").Matches(key));
        Assert.True(PortFilter.Parse("udp or port 53").Matches(key));
        Assert.True(PortFilter.Parse("not (tcp and port 53)").Matches(key));
        Assert.False(PortFilter.Parse("not (udp and port 53)").Matches(key));
    }

    [Fact]
    public void Hosts_are_matched_in_arp_too()
    {
        FrameKey key = FrameKey.Read(Frames.ArpRequest(Frames.PeerV4, Frames.V4(2)), LinkType.Ethernet);
        Assert.True(PortFilter.Host(Frames.V4(2)).Matches(key));
        Assert.False(PortFilter.Host(Frames.V4(3)).Matches(key));
    }
}
