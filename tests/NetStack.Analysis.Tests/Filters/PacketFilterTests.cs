using System.Diagnostics;
using System.Globalization;
using NetStack.Memory;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Filters;

public sealed class PacketFilterTests
{
    private const string Tool = "/usr/bin/tcpdump";

    private static readonly string[] Filters =
        ["tcp port 443", "udp", "host 10.0.0.1", "vlan", "not tcp", "ip6", "arp or icmp", "tcp[tcpflags] & tcp-syn != 0", "greater 200", "ip[6:2] & 0x3fff != 0", "ether multicast", ""];

    private static byte[] SshFrame => CapturedPacket.Samples.First(p => p.File == "ssh.pcapng" && p.Bytes[12] == 8 && p.Bytes[13] == 0 && p.Bytes[23] == 6).Bytes;

    public static TheoryData<string> SomeFilters => [.. Filters];

    /// <summary>A program of either compiler, run by ours, finds the packets that tcpdump prints.</summary>
    [Theory, MemberData(nameof(SomeFilters))]
    public void It_finds_as_many_packets_as_tcpdump(string text)
    {
        Assert.SkipUnless(File.Exists(Tool), $"{Tool} is not installed");
        foreach (string name in SampleCaptures.Names.Select(n => n.Data))
        {
            int expected = Tcpdump("-r", SampleCaptures.PathOf(name), "--count", text) is var output
                ? int.Parse(output.Split(' ')[0], CultureInfo.InvariantCulture) : 0;
            Assert.Equal(expected, Count(PacketFilter.Parse(text), name));
            Assert.Equal(expected, Count(PacketFilter.Parse(text, null), name));
        }
    }

    [Theory, MemberData(nameof(SomeFilters))]
    [InlineData("tcp port 80 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)"), InlineData("vlan 100 and ip[ip[0]&0xf] * 2 / 3 > len - 5"), InlineData("1 - ip[1] ^ 3 % ip[2] = 1")]
    public void A_dump_is_tcpdumps(string text)
    {
        Assert.SkipUnless(File.Exists(Tool), $"{Tool} is not installed");
        PacketFilter filter = PacketFilter.Parse(text, FilterDifferentialTests.Require());
        Assert.Equal(Tcpdump("-d", "-r", SampleCaptures.PathOf("web"), text), filter.Dump(LinkType.Ethernet));
    }

    [Fact]
    public void A_packet_is_filtered_without_allocating()
    {
        foreach (PacketFilter filter in Filters.SelectMany(f => new[] { PacketFilter.Parse(f), PacketFilter.Parse(f, null) }))
        {
            HeaderSnapshot[] snapshots = [.. CapturedPacket.Samples.Take(200).Select(p => p.Snapshot())];
            int first = Run(filter, snapshots); // the program is compiled and the snapshots grow to what the filter asks for
            int second = 0;
            Assert.Equal(0, Allocations.Of(() => second = Run(filter, snapshots)));
            Assert.Equal(first, second);
        }
    }

    /// <summary>A filter may look behind the headers; then the snapshot goes on, and no byte is fetched twice.</summary>
    [Fact]
    public void What_a_filter_looks_at_is_fetched_once()
    {
        byte[] frame = [.. new byte[1000].Select((_, i) => (byte)(i / 4))];
        FetchMeter meter = new();
        HeaderSnapshot snapshot = new();
        snapshot.Begin(Packets.Body(frame), meter);
        PacketHeaders packet = PacketHeaders.Decode(snapshot, LinkType.Ethernet, frame.Length);
        int headers = snapshot.Watermark;
        Assert.InRange(headers, 1, 128);
        Assert.True(PacketFilter.Parse("ether[500] = 125").Matches(packet));
        Assert.Equal(512, snapshot.Watermark);
        Assert.True(PacketFilter.Parse("ether[400] = 100 and ether[508:4] = 0x7f7f7f7f").Matches(packet));
        Assert.Equal(512, snapshot.Watermark);
        Assert.Equal(512, meter.HeaderBytesFetched);
        Assert.False(PacketFilter.Parse("ether[1000] = 0 or len > 0").Matches(packet)); // past the end: no match, whatever follows
        Assert.Equal(512, snapshot.Watermark);
    }

    [Fact]
    public void Each_link_type_has_its_program()
    {
        PacketFilter filter = PacketFilter.Parse("tcp port 22");
        byte[] frame = SshFrame;
        for (int round = 0; round < 3; round++)
        {
            Assert.True(filter.Matches(PacketHeaders.Decode(Packets.Snapshot(frame), LinkType.Ethernet, frame.Length)));
            Assert.True(filter.Matches(PacketHeaders.Decode(Packets.Snapshot(frame[14..]), LinkType.Raw, frame.Length - 14)));
        }
    }

    [Theory]
    [InlineData(LinkType.Null, new byte[] { 2, 0, 0, 0 }, true), InlineData(LinkType.Null, new byte[] { 0, 0, 0, 2 }, true), InlineData(LinkType.Loop, new byte[] { 0, 0, 0, 2 }, true)]
    [InlineData(LinkType.Loop, new byte[] { 2, 0, 0, 0 }, false), InlineData(LinkType.Null, new byte[] { 30, 0, 0, 0 }, false)]
    public void A_loopback_header_has_its_family_in_the_writers_order(LinkType linkType, byte[] family, bool isIpv4)
    {
        byte[] frame = [.. family, .. SshFrame[14..]];
        Assert.Equal(isIpv4, PacketFilter.Parse("tcp port 22").Matches(PacketHeaders.Decode(Packets.Snapshot(frame), linkType, frame.Length)));
    }

    [Theory]
    [InlineData("ether host 00:11:22:33:44:55", LinkType.Raw, 12, "MAC addresses are tested on Ethernet only")]
    [InlineData("tcp and broadcast", LinkType.LinuxSll, 9, "\"broadcast\" is tested on Ethernet only")]
    [InlineData("ip and inbound", LinkType.Ethernet, 8, "\"inbound\" is tested on Linux cooked captures only: no other link header of a file tells")]
    [InlineData("vlan", LinkType.Raw, 1, "\"vlan\" is tested on Ethernet only")]
    [InlineData("mpls and arp", LinkType.Ethernet, 10, "only IPv4 and IPv6 are told apart behind MPLS labels")]
    public void What_a_link_type_has_not_is_an_error_of_both_compilers(string text, LinkType linkType, int column, string problem)
    {
        foreach (PacketFilter filter in new[] { PacketFilter.Parse(text), PacketFilter.Parse(text, null) })
        {
            FilterException e = Assert.Throws<FilterException>(() => filter.Compile(linkType));
            Assert.Equal((column, problem), (e.Column, e.Problem));
        }
    }

    [Fact]
    public void A_filter_that_nothing_can_match_matches_nothing()
    {
        byte[] frame = CapturedPacket.Samples[0].Bytes[14..];
        Assert.False(PacketFilter.Parse("arp").Matches(PacketHeaders.Decode(Packets.Snapshot(frame), LinkType.Raw, frame.Length)));
        Assert.False(PacketFilter.Parse("arp", null).Matches(PacketHeaders.Decode(Packets.Snapshot(frame), LinkType.Raw, frame.Length)));
    }

    [Fact]
    public void What_only_libpcap_compiles_says_so()
    {
        FilterException e = Assert.Throws<FilterException>(() => PacketFilter.Parse("tcp or isis", null).Compile(LinkType.Ethernet));
        Assert.Equal("column 8: \"isis\" is compiled by libpcap only", e.Message);
        if (Libpcap.Installed is not null) Assert.NotEmpty(PacketFilter.Parse("tcp or isis").Dump(LinkType.Ethernet));
    }

    private static int Run(PacketFilter filter, HeaderSnapshot[] snapshots)
    {
        int matches = 0;
        foreach (HeaderSnapshot snapshot in snapshots)
        {
            PacketHeaders packet = PacketHeaders.Decode(snapshot, LinkType.Ethernet, snapshot.FrameLength);
            if (filter.Matches(packet)) matches++;
        }
        return matches;
    }

    private static int Count(PacketFilter filter, string name)
    {
        int matches = 0;
        using CaptureReader capture = CaptureReader.Open(SampleCaptures.PathOf(name));
        while (capture.TryRead(out CaptureRecord record))
        {
            if (filter.Matches(PacketHeaders.Decode(record))) matches++;
        }
        return matches;
    }

    private static string Tcpdump(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Tool, ["-nn", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }
}
