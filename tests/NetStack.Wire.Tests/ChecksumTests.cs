using NetStack.Memory;
using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>Checksums of known packets.</summary>
public sealed class ChecksumTests
{
    /// <summary>A header printed in many textbooks: 172.16.10.99 to 172.16.10.12, checksum b1e6.</summary>
    private static readonly byte[] Known = Hex("4500 003c 1c46 4000 4006 b1e6 ac10 0a63 ac10 0a0c");

    [Fact]
    public void Rfc_791_a_known_header_sums_up_and_the_writer_makes_the_same_bytes()
    {
        Assert.True(Ipv4View.TryRead(Known, out Ipv4View view));
        Assert.True(view.IsChecksumRight);
        Ipv4Header values = Ipv4Header.From(view);
        Assert.Equal(Known, Head(d => values.Write(d)));
    }

    [Fact]
    public void Rfc_791_every_single_bit_error_of_a_header_is_seen_and_noted()
    {
        Decoding decoding = new();
        for (int bit = 0; bit < Known.Length * 8; bit++)
        {
            byte[] bytes = [.. Known];
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.True(Ipv4View.TryRead(bytes, out Ipv4View view));
            Assert.False(view.IsChecksumRight, $"bit {bit}");
            if (bit >= 8) Assert.Contains("BadChecksum@0", Decoding.Notes(decoding.Decode(bytes, LinkType.Ipv4, 60)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Rfc_1071_section_3_the_worked_example_sums_to_ddf2()
    {
        ChecksumAccumulator sum = default;
        sum.Add(Hex("0001 f203 f4f5 f6f7"));
        Assert.Equal(0xDDF2, sum.Sum);
    }

    [Fact]
    public void Rfc_768_a_udp_checksum_that_comes_out_as_zero_is_sent_as_ffff()
    {
        for (int value = 0; value < 65536; value++)
        {
            byte[] datagram = Udp(53, (byte)(value >> 8), (byte)value);
            ushort checksum = PseudoHeader.Checksum(A4, B4, IpProtocol.Udp, datagram);
            Assert.NotEqual(0, checksum);
            datagram[6] = (byte)(checksum >> 8);
            datagram[7] = (byte)checksum;
            Assert.True(PseudoHeader.IsRight(A4, B4, IpProtocol.Udp, datagram), $"{value:x4}");
        }
    }

    [Fact]
    public void Rfc_9293_a_syn_of_a_real_capture_sums_up_over_its_pseudo_header()
    {
        byte[] syn = Hex("0b3a 0050 0000 0000 0000 0000 5002 2000 0000 0000");
        ushort checksum = PseudoHeader.Checksum(A4, B4, IpProtocol.Tcp, syn);
        // By hand: 0a00+0001+0a00+0002 + 0006 + 0014 + 0b3a+0050+5002+2000 = 8fa9, complement 7056.
        Assert.Equal(0x7056, checksum);
    }

    [Theory]
    [InlineData(IpProtocol.Tcp)]
    [InlineData(IpProtocol.Icmpv6)]
    public void Rfc_8200_section_8_1_over_ipv6_any_length_odd_ones_too_sums_up(IpProtocol protocol)
    {
        for (int length = 20; length < 120; length++)
        {
            byte[] segment = new RandomPackets(length).Bytes(length);
            int at = protocol == IpProtocol.Tcp ? 16 : 2;
            segment[at] = segment[at + 1] = 0;
            ushort checksum = PseudoHeader.Checksum(A6, B6, protocol, segment);
            segment[at] = (byte)(checksum >> 8);
            segment[at + 1] = (byte)checksum;
            Assert.True(PseudoHeader.IsRight(A6, B6, protocol, segment), $"{length} bytes");
            segment[^1] ^= 1;
            Assert.False(PseudoHeader.IsRight(A6, B6, protocol, segment), $"{length} bytes");
        }
    }

    [Fact]
    public void Icmp_messages_are_written_with_their_checksum_and_icmpv6_ones_over_the_pseudo_header()
    {
        byte[] message = [.. new byte[8], 1, 2, 3];
        IcmpHeader.Echo(IcmpView.EchoRequest, 1, 2).WriteWithChecksum(message);
        Assert.Equal(0, InternetChecksum.Compute(message));
        Icmpv6Header.Echo(Icmpv6View.EchoRequest, 1, 2).WriteWithChecksum(message, A6, B6);
        Assert.True(PseudoHeader.IsRight(A6, B6, IpProtocol.Icmpv6, message));
        byte[] report = Head(destination =>
        {
            GroupReportWriter writer = GroupReportWriter.Igmp(destination);
            Assert.True(writer.TryAdd(GroupRecordType.ModeIsExclude, IpAddress.V4(0xE000_0001)));
            return writer.Finish();
        });
        Assert.Equal(0, InternetChecksum.Compute(report));
    }
}
