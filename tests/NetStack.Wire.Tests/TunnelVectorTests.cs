using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>GTP-U, ERSPAN, WCCP, Cisco HDLC and NFLOG by the rule.</summary>
public sealed class TunnelVectorTests
{
    private readonly Decoding _decoding = new();

    [Theory]
    [InlineData("30ff LLLL 00000007", 0, "Udp Gtp Ipv4 Udp", "")]
    [InlineData("32ff LLLL 00000007 00050000", 4, "Udp Gtp Ipv4 Udp", "")]
    [InlineData("34ff LLLL 00000007 00000085 01 10 09 00", 8, "Udp Gtp Ipv4 Udp", "")]
    [InlineData("34ff LLLL 00000007 000000c0 01 0009 85 02 000000000000 00", 16, "Udp Gtp Ipv4 Udp", "")]
    [InlineData("34ff LLLL 00000007 000000c0 00 000000", 8, "Udp", "BadLength@2")]
    [InlineData("34ff LLLL 00000007 000000c0 ff 000000", 8, "Udp", "LengthExceedsPacket@2")]
    [InlineData("30fe LLLL 00000007", 0, "Udp Gtp", "")]
    [InlineData("50ff LLLL 00000007", 0, "Udp", "")]
    [InlineData("20ff LLLL 00000007", 0, "Udp", "")]
    public void Ts_29281_optional_fields_and_extension_headers_are_stepped_over(string hex, int optional, string kinds, string notes)
    {
        byte[] inner = Ipv4(IpProtocol.Udp, Udp(53));
        byte[] header = Hex(hex.Replace("LLLL", (optional + inner.Length).ToString("x4", null), StringComparison.Ordinal));
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Udp, Udp(GtpView.Port, [.. header, .. inner])), LinkType.Ipv4);
        Assert.Equal(("Ipv4 " + kinds, notes), (Decoding.Kinds(headers), Decoding.Notes(headers)));
        if (headers.Layers.Length > 2) Assert.Equal(header.Length, headers.Layers[2].Length);
        else if (notes.Length == 0) Assert.Equal(header.Length + inner.Length, headers.Payload.Length);
    }

    [Fact]
    public void A_gtp_length_ends_what_the_tunnel_carries()
    {
        byte[] inner = Ipv6(IpProtocol.Udp, Udp(53));
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Udp, Udp(GtpView.Port, [0x30, 255, 0, (byte)inner.Length, 0, 0, 0, 7, .. inner, 1, 2, 3])), LinkType.Ipv4);
        Assert.Equal(("Ipv4 Udp Gtp Ipv6 Udp", ""), (Decoding.Kinds(headers), Decoding.Notes(headers)));
        Assert.Equal(headers.Layers[2].PayloadOffset + inner.Length, headers.Layers[2].End);
    }

    [Theory]
    [InlineData("0000 88be", "Gre Ethernet Ipv4 Udp", "")]
    [InlineData("1000 88be 00000001 1065 c001 00084065", "Gre Erspan Ethernet Ipv4 Udp", "")]
    [InlineData("1000 22eb 00000001 2014 0000 00000009 0000 0000", "Gre Erspan Ethernet Ipv4 Udp", "")]
    [InlineData("1000 22eb 00000001 2014 0000 00000009 0000 0001 0102030405060708", "Gre Erspan Ethernet Ipv4 Udp", "")]
    [InlineData("1000 22eb 00000001 2014 0000 00000009 0000 1c00", "Gre Erspan", "Unsupported@3")]
    [InlineData("1000 88be 00000001 3065 c001 00084065", "Gre", "BadVersion@2")]
    public void Erspan_has_three_types(string hex, string kinds, string notes)
    {
        byte[] inner = Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Udp, Udp(53)));
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Gre, [.. Hex(hex), .. inner]), LinkType.Ipv4);
        Assert.Equal(("Ipv4 " + kinds, notes), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }

    [Theory]
    [InlineData("0000 883e 05590048", "Gre Wccp Ipv4 Udp")]
    [InlineData("0000 883e 40590048", "Gre Wccp Ipv4 Udp")]
    [InlineData("0000 883e", "Gre Ipv4 Udp")]
    public void Wccp_has_a_redirect_header_since_version_2(string hex, string kinds)
    {
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Gre, [.. Hex(hex), .. Ipv4(IpProtocol.Udp, Udp(53))]), LinkType.Ipv4);
        Assert.Equal(("Ipv4 " + kinds, ""), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }

    [Theory]
    [InlineData("0f00 0800", "CiscoHdlc Ipv4 Udp", "")]
    [InlineData("8f00 8035", "CiscoHdlc", "Unsupported@1")]
    public void Cisco_hdlc_carries_ethertypes_but_slarp_is_no_arp(string hex, string kinds, string notes)
    {
        PacketHeaders headers = _decoding.Decode([.. Hex(hex), .. Ipv4(IpProtocol.Udp, Udp(53))], LinkType.CiscoHdlc);
        Assert.Equal((kinds, notes), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }

    [Theory]
    [InlineData("0200 002a 0800 0100 00000300 0500 0a00 00000000 2000 0900", "Nflog Ipv4 Udp", "")]
    [InlineData("0200 002a 0008 0001 00000300 0005 000a 00000000 0020 0009", "Nflog Ipv4 Udp", "")]
    [InlineData("0200 002a 0300 0100 00000300", "", "BadLength@0")]
    [InlineData("0200 002a ffff 0100 00000300", "", "LengthExceedsPacket@0")]
    [InlineData("0700 002a 2000 0900", "Nflog", "Unsupported@1")]
    public void Nflog_carries_the_packet_in_an_attribute_of_either_byte_order(string hex, string kinds, string notes)
    {
        byte[] inner = Ipv4(IpProtocol.Udp, Udp(53));
        Assert.Equal(28, inner.Length);
        PacketHeaders headers = _decoding.Decode([.. Hex(hex), .. inner], LinkType.Nflog);
        Assert.Equal((kinds, notes), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }
}
