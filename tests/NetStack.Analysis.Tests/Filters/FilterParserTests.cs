using NetStack.Wire;

namespace NetStack.Analysis.Tests.Filters;

public sealed class FilterParserTests
{
    [Theory]
    [InlineData("tcp prot 80", 5, "unknown word \"prot\"; did you mean \"proto\"?")]
    [InlineData("tpc port 80", 1, "unknown word \"tpc\"")]
    [InlineData("host www.example.com", 6, "\"www.example.com\" is a name, and names are not looked up: give an address")]
    [InlineData("net example.com", 5, "\"example.com\" is a name, and names are not looked up: give a network like 10.0.0.0/8")]
    [InlineData("ether host router", 12, "\"router\" is a name, and names are not looked up: give a MAC address")]
    [InlineData("port htpp", 6, "unknown port \"htpp\"; did you mean \"http\"?")]
    [InlineData("ip proto udpp", 10, "unknown protocol \"udpp\"; did you mean \"udp\"?")]
    [InlineData("port 65536", 6, "a port is at most 65535, not 65536")]
    [InlineData("udp port http", 10, "\"http\" is a port of tcp, not of udp")]
    [InlineData("vlan 4096", 6, "a VLAN identifier is at most 4095, not 4096")]
    [InlineData("mpls 1048576", 6, "an MPLS label is at most 1048575, not 1048576")]
    [InlineData("net 10.0.0.1/8", 5, "10.0.0.1 has bits set that the mask 8 leaves out")]
    [InlineData("net 10.0.0.0/33", 14, "a prefix length is at most 32, not 33")]
    [InlineData("host 10.0.0.0/8", 14, "only a network has a mask: write \"net\" instead of \"host\"")]
    [InlineData("net fe80::1/10", 5, "fe80::1 has bits set past its prefix of 10 bits")]
    [InlineData("host 10.0.0.256", 6, "\"10.0.0.256\" is no IPv4 address: 256 is more than 255")]
    [InlineData("(tcp or udp", 12, "the bracket of column 1 is not closed")]
    [InlineData("tcp)", 4, "this bracket was not opened")]
    [InlineData("tcp and", 8, "an expression is missing")]
    [InlineData("tcp or or udp", 8, "\"||\" is not expected here")]
    [InlineData("tcp udp", 5, "\"udp\" is not expected here; \"and\" or \"or\" is missing")]
    [InlineData("tcp[0:3] = 1", 7, "a field has 1, 2 or 4 bytes, not 3")]
    [InlineData("tcp[0] & tcp-sync != 0", 10, "unknown word \"tcp-sync\"; did you mean \"tcp-syn\"?")]
    [InlineData("ip[0] / 0 = 1", 7, "division by zero")]
    [InlineData("len << 32 > 1", 5, "a shift is of at most 31 bits, not 32")]
    [InlineData("tcp host 10.0.0.1", 1, "\"tcp\" cannot be said of \"host\"")]
    [InlineData("ip6 host 10.0.0.1", 10, "an IPv6 address is expected, not \"10.0.0.1\"")]
    [InlineData("10.0.0.1", 1, "what \"10.0.0.1\" is of is missing: write \"host 10.0.0.1\", say")]
    [InlineData("ether", 1, "\"ether\" is no filter by itself: \"host\", \"proto\", \"broadcast\" or the like is missing")]
    [InlineData("host 00:11:22:33:44:55", 6, "a MAC address needs \"ether\": write \"ether host 00:11:22:33:44:55\"")]
    [InlineData("ether host 00:11:22:33:44", 12, "\"00:11:22:33:44\" is neither a MAC nor an IPv6 address")]
    [InlineData("port 089", 6, "\"089\" begins with 0 and so is octal, which has no digit 8")]
    [InlineData("less 99999999999", 6, "\"99999999999\" is more than 32 bits hold")]
    [InlineData("tcp # 5", 5, "'#' is not expected here")]
    [InlineData("gateway router", 1, "\"gateway\" is not supported: names are not looked up; write \"ether host MAC and not host ADDRESS\"")]
    [InlineData("ip protochain 6", 4, "\"protochain\" is not supported: its programs have loops, so nothing promises that they end")]
    public void An_error_says_what_and_where(string text, int column, string problem)
    {
        FilterException e = Assert.Throws<FilterException>(() => PacketFilter.Parse(text));
        Assert.Equal(column, e.Column);
        Assert.StartsWith($"column {column}: {problem}", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("tcp port 80 or 443", "tcp port 80 or tcp port 443")]
    [InlineData("host 10.0.0.1 or 10.0.0.2 and port 80", "host 10.0.0.1 or host 10.0.0.2 and port 80")]
    [InlineData("tcp or udp and port 80", "tcp or udp and port 80")]
    [InlineData("tcp or (udp and port 80)", "tcp or (udp and port 80)")]
    [InlineData("port (80 or 443) and not host (10.0.0.1 or ! 10.0.0.2)", "port 80 or port 443 and not (host 10.0.0.1 or not host 10.0.0.2)")]
    [InlineData("port http or domain", "tcp port 80 or port 53")]
    [InlineData("udp src or dst port domain", "udp port 53")]
    [InlineData("src and dst host 10.0.0.1", "src and dst host 10.0.0.1")]
    [InlineData("src 10.0.0.1 or dst 10.0.0.2", "src host 10.0.0.1 or dst host 10.0.0.2")]
    [InlineData("net 10.1", "net 10.1.0.0 mask 255.255.0.0")]
    [InlineData("net 10", "net 10.0.0.0 mask 255.0.0.0")]
    [InlineData("dst net 172.16.0.0 mask 255.240.0.0", "dst net 172.16.0.0 mask 255.240.0.0")]
    [InlineData("host ::1", "ip6 net ::1/128")]
    [InlineData("ether src 0011.2233.4455", "ether src host 00:11:22:33:44:55")]
    [InlineData("portrange 443-http", "portrange 80-443")]
    [InlineData("ether proto \\arp", "ether proto 2054")]
    [InlineData("proto \\tcp", "proto 6")]
    [InlineData("vlan (5) && ip", "vlan 5 and ip")]
    [InlineData("tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "(tcp[13:1] & (2 | 1)) != 0")]
    [InlineData("1 + 2 * 3 = len", "(1 + (2 * 3)) = len")]
    [InlineData("ip[0] % 2 + 1 = 1", "(ip[0:1] % (2 + 1)) = 1")]
    [InlineData("greater 0x40 and less 010", "greater 64 and less 8")]
    [InlineData("host 10.0.0.1 and (port 80) or 10.0.0.2", "host 10.0.0.1 and port 80 or host 10.0.0.2")]
    [InlineData("isis or llc rnr or geneve 5", "isis or llc rnr or geneve 5")]
    public void It_reads_as_libpcap_does(string text, string full) => Assert.Equal(full, FilterParser.Parse(text)!.ToString());

    /// <summary>Both texts make the same program, so the full form loses nothing.</summary>
    [Fact]
    public void Libpcap_makes_the_same_program_of_the_full_form()
    {
        Libpcap libpcap = FilterDifferentialTests.Require();
        for (int seed = 0; seed < 1000; seed++)
        {
            string text = new FilterExpressions(seed).Next(tags: seed % 2 == 0);
            BpfInstruction[]? written = libpcap.Compile(text, LinkType.Ethernet, optimise: true, out string problem);
            BpfInstruction[]? full = libpcap.Compile(FilterParser.Parse(text)!.ToString(), LinkType.Ethernet, optimise: true, out string fullProblem);
            Assert.True(written is not null == full is not null, $"seed {seed}: {text}: \"{problem}\" and \"{fullProblem}\"");
            if (written is not null && full is not null) Assert.True(written.SequenceEqual(full), $"seed {seed}: {text}");
        }
    }

    /// <summary>Whatever libpcap refuses we refuse, or it is a name that only it would look up; and never anything but one exception.</summary>
    [Fact]
    public void Any_text_is_read_or_refused()
    {
        string[] words = [.. FilterWords.Keywords, .. FilterWords.Constants.Keys, "and", "or", "not", "(", ")", "[", "]", ":", "&", "|", "=", "!=", "<", ">>", "!", "&&", "10.0.0.1", "::1",
            "10.0.0.0/8", "5", "0x10", "99999", "00:11:22:33:44:55", "http", "www", "\\tcp", "-", "+", "/", "%", "^", "é", "\0", "\\", "#"];
        int read = 0;
        for (int seed = 0; seed < 20_000; seed++)
        {
            Random random = new(seed);
            string text = seed % 2 == 0
                ? string.Join(' ', Enumerable.Range(0, random.Next(10)).Select(_ => words[random.Next(words.Length)]))
                : new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(seed % 3 == 0 ? 0x10000 : 128))]);
            read += Read(text, seed) ? 1 : 0;
        }
        Assert.InRange(read, 100, 20_000);
    }

    [Theory]
    [InlineData("(", 100_000), InlineData("!", 60_000), InlineData("tcp or ", 9_000), InlineData("(1+", 20_000), InlineData("- ", 30_000), InlineData("1 + ", 16_000), InlineData("ip[", 20_000)]
    [InlineData("1 % ", 16_000), InlineData("not (", 12_000), InlineData("port (", 10_000), InlineData("((5 = 5) and (", 4_000)]
    public void Endless_nesting_is_refused(string piece, int times)
    {
        string text = string.Concat(Enumerable.Repeat(piece, times));
        Assert.Throws<FilterException>(() => PacketFilter.Parse(text + "tcp"));
    }

    [Fact]
    public void A_long_filter_that_is_within_the_limits_compiles()
    {
        string text = string.Join(" or ", Enumerable.Range(1, 400).Select(i => $"host 10.0.{i / 250}.{i % 250}"));
        Assert.NotEmpty(PacketFilter.Parse(text, null).Dump(LinkType.Ethernet));
        Assert.NotEmpty(PacketFilter.Parse(text).Dump(LinkType.Ethernet));
    }

    private static bool Read(string text, int seed)
    {
        try
        {
            PacketFilter filter = PacketFilter.Parse(text, seed % 4 == 0 ? Libpcap.Installed : null);
            filter.Compile(LinkType.Ethernet);
            return true;
        }
        catch (FilterException e)
        {
            Assert.True(e.Message.Length > 0 && !e.Message.Contains('\n', StringComparison.Ordinal), $"seed {seed}: {text}");
            Assert.InRange(e.Column, 0, text.Length + 1);
            return false;
        }
    }
}
