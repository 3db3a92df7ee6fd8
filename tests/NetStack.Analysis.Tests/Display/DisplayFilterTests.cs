using NetStack.Memory;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

public sealed class DisplayFilterTests
{
    [Theory]
    [InlineData("", 1, "the filter is empty")]
    [InlineData("tcp.srcprot == 80", 1, "there is no field \"tcp.srcprot\"; did you mean \"tcp.srcport\"?")]
    [InlineData("tcp.port == 70000", 13, "70000 is too big for tcp.port, at most 65535")]
    [InlineData("tcp.port == http", 13, "\"http\" is no number, as tcp.port needs one; names are not looked up")]
    [InlineData("ip.addr == 10.0.0.0/33", 12, "a prefix of ip.addr has 0 to 32 bits, not \"33\"")]
    [InlineData("tcp.port = 80", 10, "\"=\" is no comparison; did you mean \"==\"?")]
    [InlineData("(tcp", 5, "\")\" was expected, not the end, for the \"(\" at column 1")]
    [InlineData("tcp.port == 80 andd ip", 16, "\"andd\" was not expected here; did you mean \"and\"?")]
    [InlineData("tcp == 1", 8, "tcp is a protocol: it is there or not, compare a field of it")]
    [InlineData("tcp contains \"GET\"", 5, "what tcp carries is not read: \"contains\" works on fields of text or bytes")]
    [InlineData("len(eth.src) == 6", 1, "the function len() is not supported")]
    [InlineData("tcp.len + 1 > 3", 9, "arithmetic is not supported")]
    [InlineData("ip.src#1 == 1.2.3.4", 7, "the layer operator \"#\" is not supported")]
    [InlineData("tcp xor udp", 5, "\"xor\" is not supported")]
    [InlineData("tcp[20] == 1", 5, "only the first 20 bytes of tcp are read")]
    [InlineData("80 == tcp.port", 1, "\"80\" is no field; the left side of a comparison must be one")]
    [InlineData("frame.protocols == \"eth", 20, "the quotation mark is not closed")]
    [InlineData("ip.src == ipv6.src", 8, "ip.src and ipv6.src cannot be compared")]
    public void What_cannot_be_read_is_said_at_its_column(string expression, int column, string problem)
    {
        FilterException e = Assert.Throws<FilterException>(() => DisplayFilter.Parse(expression));
        Assert.Equal((column, problem), (e.Column, e.Problem));
    }

    [Fact]
    public void Any_text_is_a_filter_or_a_filter_exception()
    {
        string[] pieces =
        [
            "tcp.port", "ip.src", "eth.addr", "frame.protocols", "tcp", "ip", "==", "!=", "<", ">=", "&&", "||", "!", "not", "and", "or", "in", "{", "}", "(", ")", "[", "]", "..", ",", "80",
            "1.2.3.4", "1.2.3.4/8", "::1", "00:11:22:33:44:55", "\"a\"", "'", "\"", "\\", "[0:3]", "[-1]", "&", "~", "matches", "contains", "any", "all", "0x1", "-1", " ", "é", "\0", "1e9", "===",
        ];
        HeaderSnapshot snapshot = Packets.Snapshot(Packets.Frames[2]);
        int read = 0;
        for (int seed = 0; seed < 100_000; seed++)
        {
            Random random = new(seed);
            string text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(12) == 0 ? ((char)random.Next(0x250)).ToString() : pieces[random.Next(pieces.Length)] + (random.Next(2) == 0 ? " " : "")));
            try
            {
                DisplayFilter filter = DisplayFilter.Parse(text);
                PacketHeaders headers = PacketHeaders.Decode(snapshot, LinkType.Ethernet, snapshot.FrameLength);
                filter.Matches(headers, default);
                read++;
            }
            catch (FilterException e)
            {
                Assert.True(e.Column >= 1 && e.Column <= text.Length + 1 && !e.Message.Contains('\n'), $"seed {seed}: {text}: {e.Message}");
            }
        }
        Assert.InRange(read, 1000, 99_000);
    }

    [Fact]
    public void A_hostile_filter_neither_exhausts_the_stack_nor_takes_long()
    {
        foreach (string text in new[] { new string('(', 60_000), new string('!', 60_000) + "tcp", string.Join("||", Enumerable.Repeat("tcp", 12_000)), new string('a', 1 << 20) })
            Assert.Throws<FilterException>(() => DisplayFilter.Parse(text));
    }

    [Fact]
    public void Fields_of_spoiled_packets_are_found_or_absent_and_nothing_throws()
    {
        System.Buffers.ArrayBufferWriter<byte> output = new(1 << 20);
        FieldWriter writer = new(new FieldWriterOptions { Fields = DisplayField.All });
        for (int seed = 0; seed < 4_000; seed++)
        {
            Random random = new(seed);
            (byte[] bytes, LinkType linkType, int wireLength) = Packets.Spoil(random);
            int before = random.Next(bytes.Length + 1);
            Assert.True(Write(writer, output, Packets.Snapshot(bytes), linkType, wireLength) == Write(writer, output, Packets.Snapshot(bytes, before), linkType, wireLength), $"seed {seed}: depends on what was fetched");
        }
    }

    [Fact]
    public void A_packet_is_filtered_and_its_fields_are_written_without_allocating()
    {
        HeaderSnapshot[] snapshots = [.. Packets.Frames.Select(f => Packets.Snapshot(f))];
        System.Buffers.ArrayBufferWriter<byte> output = new(1 << 20);
        FieldWriter writer = new(new FieldWriterOptions { Fields = DisplayField.All });
        DisplayFilter filter = DisplayFilter.Parse("tcp.port in {80, 443} and ip.addr == 192.0.2.0/24 or eth.src[0:3] == 00:00:5e and frame.protocols contains \"udp\" or tcp.flags & 2 or tcp.flags.str matches \"S.$\"");
        Assert.Equal(0, Allocations.Of(() => Run(snapshots, writer, filter, output)));
    }

    [Fact]
    public void A_filter_knows_whether_it_needs_flows()
    {
        Assert.False(DisplayFilter.Parse("tcp.port == 80").NeedsFlows);
        Assert.True(DisplayFilter.Parse("ip || tcp.analysis.retransmission").NeedsFlows);
    }

    private static void Run(HeaderSnapshot[] snapshots, FieldWriter writer, DisplayFilter filter, System.Buffers.ArrayBufferWriter<byte> output)
    {
        foreach (HeaderSnapshot snapshot in snapshots)
        {
            output.ResetWrittenCount();
            PacketHeaders headers = PacketHeaders.Decode(snapshot, LinkType.Ethernet, snapshot.FrameLength);
            filter.Matches(headers, default);
            writer.Write(output, headers, default);
        }
    }

    private static string Write(FieldWriter writer, System.Buffers.ArrayBufferWriter<byte> output, HeaderSnapshot snapshot, LinkType linkType, int wireLength)
    {
        output.ResetWrittenCount();
        PacketHeaders headers = PacketHeaders.Decode(snapshot, linkType, wireLength);
        writer.Write(output, headers, default);
        return System.Text.Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
