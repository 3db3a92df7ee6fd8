using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>IGMP, MLD and neighbour discovery: records, queries and options.</summary>
public sealed class GroupAndNeighborTests
{
    private static readonly IpAddress Group6 = IpAddress.Parse("ff02::fb");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Records_of_a_report_come_back_as_they_were_written(bool isV6)
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            List<string> written = [];
            byte[] message = Head(destination =>
            {
                GroupReportWriter report = isV6 ? GroupReportWriter.Mld(destination) : GroupReportWriter.Igmp(destination);
                for (int i = random.Next(8); i > 0; i--)
                {
                    GroupRecordType type = (GroupRecordType)random.Next(1, 7);
                    IpAddress[] sources = [.. Enumerable.Range(0, random.Next(5)).Select(_ => Any(random, isV6))];
                    IpAddress group = Any(random, isV6);
                    Assert.True(report.TryAdd(type, group, sources));
                    written.Add($"{type} {group} {string.Join(',', sources)}");
                }
                return report.Finish();
            });
            Assert.Equal(written, isV6 ? Mld(message) : Igmp(message));
        }
    }

    [Fact]
    public void A_record_that_does_not_fit_is_left_out_as_a_whole()
    {
        byte[] room = new byte[8 + 8 + 11];
        GroupReportWriter report = GroupReportWriter.Igmp(room);
        Assert.True(report.TryAdd(GroupRecordType.ModeIsExclude, A4));
        Assert.False(report.TryAdd(GroupRecordType.ModeIsExclude, A4, [B4]));
        Assert.True(report.TryAdd(GroupRecordType.ModeIsExclude, B4));
        Assert.Equal(24, report.Finish());
        Assert.Equal(["ModeIsExclude 10.0.0.1 ", "ModeIsExclude 10.0.0.2 "], Igmp(room[..24]));
    }

    [Fact]
    public void Rfc_3376_a_record_that_announces_more_sources_than_there_are_ends_the_walk()
    {
        Assert.Equal(["ModeIsInclude 10.0.0.1 "], Igmp(Hex("22 00 0000 0000 0002  01 00 0000 0a000001  01 00 ffff 0a000001 0a000002")));
    }

    [Theory]
    [InlineData("11 00 0000 e0000001", 1, 0)]
    [InlineData("11 64 0000 e0000001", 2, 100)]
    [InlineData("11 7f 0000 e0000001 0a 7d 0001 0a000001", 3, 127)]
    [InlineData("11 80 0000 e0000001 0a 7d 0001 0a000001", 3, 128)]
    [InlineData("11 ff 0000 e0000001 0a 7d 0001 0a000001", 3, 31744)]
    public void Rfc_3376_a_querys_version_is_told_by_its_length_and_large_times_are_mantissa_and_exponent(string hex, int version, int tenths)
    {
        Assert.True(IgmpView.TryRead(Hex(hex), out IgmpView query));
        Assert.Equal((version, tenths), (query.Version, query.MaxResponseTenths));
        if (version < 3) return;
        Assert.Equal((true, 2, 125, 1), (query.SuppressesRouters, query.Robustness, query.QueryInterval, query.SourceCount));
        Assert.True(query.TryGetSource(0, out IpAddress source) && source == A4);
        Assert.False(query.TryGetSource(1, out _));
    }

    [Fact]
    public void Rfc_3810_a_version_2_query_has_robustness_interval_and_sources()
    {
        byte[] query = [.. Hex("82 00 0000 8000 0000"), .. new byte[16], .. Hex("0a fd 0001"), .. Packets.Ipv6(IpProtocol.NoNext)[8..24]];
        Assert.True(MldView.TryRead(query, out MldView view));
        Assert.Equal((2, 32768, true, 2, (13 | 16) << 10), (view.Version, view.MaxResponseMilliseconds, view.SuppressesRouters, view.Robustness, view.QueryInterval));
        Assert.True(view.TryGetSource(0, out IpAddress source) && source == A6);
        Assert.False(view.TryGetSource(1, out _));
        Assert.True(MldView.TryRead(query.AsSpan(0, 24), out view));
        Assert.Equal((1, 0), (view.Version, view.SourceCount));
    }

    [Fact]
    public void Rfc_3810_a_report_behind_its_router_alert_is_decoded_and_its_records_lie_between_its_offset_and_end()
    {
        byte[] report = Head(destination =>
        {
            GroupReportWriter writer = GroupReportWriter.Mld(destination);
            writer.TryAdd(GroupRecordType.ChangeToExclude, Group6);
            return writer.Finish();
        });
        byte[] packet = Ipv6(IpProtocol.HopByHop, Head(d => new Ipv6ExtensionHeader(IpProtocol.Icmpv6).WriteRouterAlert(d), report));
        PacketHeaders headers = new Decoding().Decode(packet, LinkType.Ipv6);
        Assert.Equal("Ipv6 Ipv6HopByHop Icmpv6", Decoding.Kinds(headers));
        Layer message = headers.Layers[2];
        Assert.Equal(["ChangeToExclude ff02::fb "], Mld(packet[message.Offset..message.End]));
    }

    [Fact]
    public void Rfc_4861_a_solicitation_for_duplicate_detection_has_no_link_address()
    {
        byte[] message = Head(new NeighborMessage(NdpView.NeighborSolicitation, A6, null).Write);
        Assert.Equal(24, message.Length);
        Assert.True(NdpView.TryRead(message, out NdpView view) && view.AreOptionsValid);
        Assert.False(view.TryGetLinkAddress(NdpOptionType.SourceLinkAddress, out _));
    }

    [Fact]
    public void Rfc_4861_an_advertisement_with_link_address_mtu_and_prefix_is_read_back()
    {
        NdpPrefix prefix = new(IpAddress.Parse("2001:db8::"), 64, true, true, 86400, 14400);
        byte[] message = Head(destination =>
        {
            int length = new RouterAdvertisement(64, 1800) { IsManaged = true }.Write(destination);
            NdpOptionsBuilder options = new(destination[length..]);
            options.AddLinkAddress(NdpOptionType.SourceLinkAddress, MacA);
            options.AddMtu(1400);
            options.AddPrefix(prefix);
            return length + options.Length;
        });
        Assert.Equal(16 + 8 + 8 + 32, message.Length);
        Assert.True(NdpView.TryRead(message, out NdpView view) && view.AreOptionsValid);
        Assert.True(view.TryGetLinkAddress(NdpOptionType.SourceLinkAddress, out MacAddress mac) && mac == MacA);
        Assert.True(view.TryGetMtu(out uint mtu) && mtu == 1400);
        List<NdpPrefix> prefixes = [];
        NdpOptionReader reader = new(view.Options);
        while (reader.MoveNext())
            if (reader.TryGetPrefix(out NdpPrefix read)) prefixes.Add(read);
        Assert.Equal([prefix], prefixes);
    }

    [Theory]
    [InlineData("01 00 0200 0000 000a")]
    [InlineData("01 02 0200 0000 000a")]
    [InlineData("01")]
    public void Rfc_4861_section_4_6_an_option_of_length_0_or_past_the_end_makes_the_message_invalid(string option)
    {
        byte[] message = [.. Head(new NeighborMessage(NdpView.NeighborSolicitation, A6, null).Write), .. Hex(option)];
        Assert.True(NdpView.TryRead(message, out NdpView view));
        Assert.False(view.AreOptionsValid || view.TryGetLinkAddress(NdpOptionType.SourceLinkAddress, out _));
    }

    private static List<string> Igmp(byte[] message)
    {
        Assert.True(IgmpView.TryRead(message, out IgmpView view));
        return Records(view.Records);
    }

    private static List<string> Mld(byte[] message)
    {
        Assert.True(MldView.TryRead(message, out MldView view));
        return Records(view.Records);
    }

    private static List<string> Records(GroupRecords records)
    {
        List<string> read = [];
        foreach (GroupRecord record in records)
        {
            List<IpAddress> sources = [];
            for (int i = 0; i < record.SourceCount; i++) sources.Add(record.Source(i));
            read.Add($"{record.Type} {record.Group} {string.Join(',', sources)}");
        }
        return read;
    }

    private static IpAddress Any(Random random, bool isV6) =>
        isV6 ? IpAddress.V6(new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64())) : IpAddress.V4((uint)random.Next());
}
