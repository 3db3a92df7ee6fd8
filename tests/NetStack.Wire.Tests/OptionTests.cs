using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>Options of IPv4, IPv6 and TCP, well-formed and not.</summary>
public sealed class OptionTests
{
    private readonly Decoding _decoding = new();

    [Fact]
    public void Rfc_9293_mss_rfc_7323_scale_and_timestamps_rfc_2018_sack_permitted_are_read_from_a_linux_syn()
    {
        TcpOptions options = TcpOptions.Read(Hex("0204 05b4 0402 080a 0000 0a2b 0000 0000 01 0303 07"));
        Assert.Equal((1460, 7, true, true, 0xA2Bu, 0u, false), (options.MaximumSegmentSize, options.WindowScale, options.SackPermitted, options.HasTimestamps, options.TimestampValue, options.TimestampEcho, options.IsMalformed));
    }

    [Theory]
    [InlineData("0101 080a 0000 0a2b 0000 0c2d", "as most segments have them")]
    [InlineData("080a 0000 0a2b 0000 0c2d 0101", "padded at the end")]
    [InlineData("0101 080a 0000 0a2b 0000 0c2d 0000", "and more behind")]
    public void Rfc_7323_timestamps_alone_are_read_wherever_they_stand(string hex, string what)
    {
        TcpOptions options = TcpOptions.Read(Hex(hex));
        Assert.True((options.HasTimestamps, options.TimestampValue, options.TimestampEcho) == (true, 0xA2Bu, 0xC2Du), what);
        Assert.True((options.MaximumSegmentSize, options.WindowScale, options.UserTimeout) == (-1, -1, -1), what);
        Assert.False(options.SackPermitted || options.IsMalformed, what);
    }

    [Fact]
    public void No_options_have_no_values()
    {
        TcpOptions options = TcpOptions.Read(default);
        Assert.Equal((-1, -1, -1, false, false, false), (options.MaximumSegmentSize, options.WindowScale, options.UserTimeout, options.SackPermitted, options.HasTimestamps, options.IsMalformed));
    }

    [Theory]
    [InlineData("02", "a kind without a length")]
    [InlineData("0200", "length 0")]
    [InlineData("0201", "length 1")]
    [InlineData("0204 05", "a length past the end")]
    [InlineData("01 01 08ff 00", "a length far past the end")]
    public void Rfc_9293_section_3_1_an_option_that_cannot_be_ends_the_list_and_is_noted(string hex, string what)
    {
        byte[] bytes = Hex(hex);
        Assert.True(TcpOptions.Read(bytes).IsMalformed, what);
        byte[] padded = [.. Enumerable.Repeat((byte)1, 40 - bytes.Length), .. bytes];
        Assert.Equal("BadLength@1", Decoding.Notes(_decoding.Decode(Ipv4(IpProtocol.Tcp, Tcp([], padded)), LinkType.Ipv4)));
        LineWriter line = new(new byte[200]);
        TcpOptions.AppendTo(ref line, bytes);
        Assert.EndsWith("bad opt]", line.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0203 05", "MSS of 3 bytes")]
    [InlineData("0304 0000", "window scale of 4")]
    [InlineData("0403 00", "SACK permitted of 3")]
    [InlineData("0804 0000", "timestamps of 4")]
    [InlineData("1c04 0000", "the reserved user timeout 0")]
    public void An_option_of_the_wrong_length_or_value_is_passed_over_and_the_next_one_is_read(string hex, string what)
    {
        TcpOptions options = TcpOptions.Read([.. Hex(hex), 2, 4, 2, 0x18]);
        Assert.True((options.MaximumSegmentSize, options.WindowScale, options.UserTimeout) == (536, -1, -1), what);
        Assert.False(options.SackPermitted || options.HasTimestamps || options.IsMalformed, what);
    }

    [Fact]
    public void Rfc_9293_nothing_behind_the_end_marker_is_read()
    {
        TcpOptions options = TcpOptions.Read(Hex("01 00 0204 05b4"));
        Assert.Equal((-1, false), (options.MaximumSegmentSize, options.IsMalformed));
    }

    [Fact]
    public void Rfc_2018_several_blocks_are_one_option_and_come_back_in_order()
    {
        SackBlock[] blocks = [new(10, 20), new(30, 40), new(50, 60), new(0xFFFF_FFF0, 5)];
        for (int count = 1; count <= 4; count++)
        {
            TcpOptionsBuilder builder = new(new byte[40]);
            builder.AddNoOperation();
            builder.AddNoOperation();
            builder.AddSackBlocks(blocks.AsSpan(0, count));
            Assert.Equal(4 + 8 * count, builder.Written.Length);
            Assert.Equal((5, 2 + 8 * count), (builder.Written[2], builder.Written[3]));
            List<SackBlock> read = [];
            foreach (SackBlock block in TcpOptions.ReadSackBlocks(builder.Written)) read.Add(block);
            Assert.Equal(blocks[..count], read);
        }
    }

    [Fact]
    public void Rfc_2018_section_3_beside_timestamps_three_blocks_fit_and_four_do_not()
    {
        Assert.Equal(40, Build(3));
        Assert.Throws<ArgumentException>(() => Build(4));
        Assert.Throws<ArgumentException>(() => Build(0));

        static int Build(int count)
        {
            TcpOptionsBuilder builder = new(new byte[64]);
            builder.AddNoOperation();
            builder.AddNoOperation();
            builder.AddTimestamps(1, 2);
            builder.AddNoOperation();
            builder.AddNoOperation();
            builder.AddSackBlocks(new SackBlock[count]);
            return builder.Written.Length;
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(32767, 32767)]
    [InlineData(32768, 32820)]
    [InlineData(3_600_0, 36000)]
    [InlineData(1_966_020, 1_966_020)]
    public void Rfc_5482_a_user_timeout_is_in_seconds_or_above_32767_rounded_up_to_minutes(int seconds, int read)
    {
        TcpOptionsBuilder builder = new(new byte[40]);
        builder.AddUserTimeout(seconds);
        Assert.Equal(read, TcpOptions.Read(builder.Written).UserTimeout);
    }

    [Fact]
    public void Rfc_5482_user_timeouts_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TcpOptionsBuilder(new byte[40]).AddUserTimeout(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TcpOptionsBuilder(new byte[40]).AddUserTimeout(1_966_021));
    }

    [Fact]
    public void Rfc_7413_a_fast_open_cookie_is_found()
    {
        TcpOptionsBuilder builder = new(new byte[40]);
        builder.AddMaximumSegmentSize(1460);
        builder.Add(TcpOptionKind.FastOpen, [1, 2, 3, 4, 5, 6, 7, 8]);
        Assert.True(TcpOptions.TryFind(builder.Written, TcpOptionKind.FastOpen, out ReadOnlySpan<byte> cookie));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], cookie.ToArray());
        Assert.False(TcpOptions.TryFind(builder.Written, TcpOptionKind.Md5, out _));
    }

    [Fact]
    public void Rfc_2113_the_ipv4_router_alert_is_94040000_and_found_among_others()
    {
        Assert.Equal(Hex("94040000"), Ipv4Options.RouterAlert.ToArray());
        byte[] packet = Ipv4(IpProtocol.Igmp, new byte[8], [1, 1, 1, 1, .. Ipv4Options.RouterAlert]);
        Assert.True(Ipv4View.TryRead(packet, out Ipv4View view));
        Assert.Equal(28, view.HeaderLength);
        Assert.True(Ipv4Options.TryFind(view.Options, Ipv4OptionKind.RouterAlert, out ReadOnlySpan<byte> value) && value.SequenceEqual(new byte[2]));
        Assert.Equal("Ipv4 Igmp", Decoding.Kinds(_decoding.Decode(packet, LinkType.Ipv4)));
    }

    [Fact]
    public void Rfc_2711_the_ipv6_router_alert_header_is_eight_bytes_and_read_back()
    {
        byte[] header = Head(d => new Ipv6ExtensionHeader(IpProtocol.Icmpv6).WriteRouterAlert(d));
        Assert.Equal(Hex("3a00 0502 0000 0100"), header);
        Assert.True(Ipv6ExtensionView.TryRead(header, out Ipv6ExtensionView view) && view.TryGetRouterAlert(out ushort value) && value == 0);
        Assert.False(view.TryGetJumboLength(out _));
    }

    [Fact]
    public void Rfc_8200_section_4_2_the_top_bits_of_an_unknown_option_say_what_to_do_and_its_offset_where_it_is()
    {
        Ipv6OptionReader reader = new(Hex("00 0100 3e00 7e0100 be00 fe00"));
        List<(int, int, Ipv6UnknownOptionAction)> read = [];
        while (reader.MoveNext()) read.Add(((int)reader.Type, reader.Offset, reader.UnknownAction));
        Assert.Equal([(0, 0, Ipv6UnknownOptionAction.Skip), (1, 1, Ipv6UnknownOptionAction.Skip), (0x3E, 3, Ipv6UnknownOptionAction.Skip), (0x7E, 5, Ipv6UnknownOptionAction.Discard),
            (0xBE, 8, Ipv6UnknownOptionAction.DiscardAndReport), (0xFE, 10, Ipv6UnknownOptionAction.DiscardAndReportUnicast)], read);
        Assert.False(reader.IsMalformed);
    }

    [Theory]
    [InlineData("05")]
    [InlineData("0502 00")]
    [InlineData("00 00 05ff")]
    public void Rfc_8200_an_option_past_the_end_of_its_header_is_malformed(string hex)
    {
        Ipv6OptionReader reader = new(Hex(hex));
        while (reader.MoveNext()) { }
        Assert.True(reader.IsMalformed);
    }
}
