using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>Link headers and tunnels by the rule.</summary>
public sealed class LinkVectorTests
{
    private readonly Decoding _decoding = new();

    [Theory]
    [InlineData(3, "Ethernet Llc", "Unsupported@2")]
    [InlineData(1500, "Ethernet Llc", "LengthExceedsPacket@0 Unsupported@2")]
    [InlineData(1501, "Ethernet", "Unsupported@1")]
    [InlineData(1535, "Ethernet", "Unsupported@1")]
    [InlineData(1536, "Ethernet", "Unsupported@1")]
    public void Ieee_802_3_up_to_1500_is_a_length_from_1536_a_type_and_between_undefined(int field, string kinds, string notes)
    {
        PacketHeaders headers = _decoding.Decode(Ethernet((EtherType)field, 0x42, 0x42, 3, 0));
        Assert.Equal((kinds, notes), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }

    [Theory]
    [InlineData("aaaa03 000000 0800", "Ethernet Llc Ipv4 Udp", "RFC 1042")]
    [InlineData("aaaa03 0000f8 0800", "Ethernet Llc Ipv4 Udp", "IEEE 802.1H")]
    [InlineData("aaaa03 00000c 2000", "Ethernet Llc", "CDP")]
    [InlineData("060603", "Ethernet Llc Ipv4 Udp", "RFC 948")]
    public void Snap_and_the_ip_access_point_lead_to_ipv4(string llc, string kinds, string what)
    {
        byte[] payload = [.. Hex(llc), .. Ipv4(IpProtocol.Udp, Udp(53))];
        PacketHeaders headers = _decoding.Decode([.. Ethernet((EtherType)payload.Length, payload), .. new byte[10]]);
        Assert.True(kinds == Decoding.Kinds(headers), what);
        Assert.Equal(14 + payload.Length, headers.Layers[0].End);
    }

    [Fact]
    public void Ieee_802_1ad_a_service_tag_and_customer_tags_stack()
    {
        PacketHeaders headers = _decoding.Decode(Ethernet(EtherType.ServiceVlan, Vlan(EtherType.Vlan, Vlan(EtherType.VlanDoubleOld, Vlan(EtherType.Ipv6, Ipv6(IpProtocol.Udp, Udp(1)))))));
        Assert.Equal("Ethernet Vlan Vlan Vlan Ipv6 Udp", Decoding.Kinds(headers));
    }

    [Fact]
    public void Ieee_802_1q_a_tag_of_a_real_frame_is_read()
    {
        Assert.True(VlanView.TryRead(Hex("b07b 0800"), out VlanView tag));
        Assert.Equal(new VlanHeader(0x7B, 5, true, EtherType.Ipv4), VlanHeader.From(tag));
    }

    [Theory]
    [InlineData(0x45, "Ethernet Mpls Mpls Ipv4 Udp", "")]
    [InlineData(0x60, "Ethernet Mpls Mpls", "Truncated@3")]
    [InlineData(0x00, "Ethernet Mpls Mpls", "Unsupported@3")]
    public void Rfc_4928_behind_the_last_label_the_first_nibble_tells(int first, string kinds, string notes)
    {
        byte[] payload = Ipv4(IpProtocol.Udp, Udp(53));
        payload[0] = (byte)first;
        PacketHeaders headers = _decoding.Decode(Ethernet(EtherType.Mpls, Mpls(false, Mpls(true, payload))));
        Assert.Equal((kinds, notes), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }

    [Fact]
    public void A_packet_cut_right_behind_its_last_label_says_so_and_one_that_ends_there_does_not()
    {
        byte[] packet = Ethernet(EtherType.Mpls, Mpls(true));
        Assert.Equal("Truncated@2", Decoding.Notes(_decoding.Decode(packet, LinkType.Ethernet, 100)));
        Assert.Equal("", Decoding.Notes(_decoding.Decode(packet)));
    }

    [Fact]
    public void Rfc_3032_an_entry_has_label_class_bottom_and_ttl()
    {
        Assert.True(MplsView.TryRead(Hex("0001d 7 ff"), out MplsView entry));
        Assert.Equal(new MplsHeader(0x1D, 3, true, 255), MplsHeader.From(entry));
    }

    [Theory]
    [InlineData("21", 1, 0x21)]
    [InlineData("0021", 2, 0x21)]
    [InlineData("ff03 0021", 4, 0x21)]
    [InlineData("ff03 57", 3, 0x57)]
    [InlineData("c021", 2, 0xC021)]
    public void Rfc_1661_a_protocol_field_has_one_or_two_bytes_behind_address_and_control_or_not(string hex, int length, int protocol)
    {
        Assert.True(PppView.TryRead(Hex(hex), out PppView ppp));
        Assert.Equal((length, protocol), (ppp.HeaderLength, ppp.Protocol));
        Assert.False(PppView.TryRead(Hex(hex).AsSpan(0, length - 1), out _));
    }

    [Theory]
    [InlineData(EtherType.PppoeSession, 0x00, "Ethernet Pppoe Ppp Ipv4 Udp")]
    [InlineData(EtherType.PppoeDiscovery, 0x09, "Ethernet Pppoe")]
    public void Rfc_2516_a_session_carries_ppp_and_discovery_carries_tags(EtherType type, byte code, string kinds)
    {
        byte[] ppp = Head(new PppHeader(PppView.Ipv4).Write, Ipv4(IpProtocol.Udp, Udp(53)));
        PacketHeaders headers = _decoding.Decode(Ethernet(type, Head(new PppoeHeader(code, 1, (ushort)ppp.Length).Write, ppp)));
        Assert.Equal((kinds, ""), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }

    [Theory]
    [InlineData(LinkType.LinuxSll, "0004 0001 0006 02000000000a 0000 0800", "LinuxSll Ipv4 Udp")]
    [InlineData(LinkType.LinuxSll2, "0800 0000 00000003 0001 04 06 02000000000a 0000", "LinuxSll2 Ipv4 Udp")]
    public void Cooked_headers_are_read_by_their_specification(LinkType linkType, string hex, string kinds)
    {
        PacketHeaders headers = _decoding.Decode([.. Hex(hex), .. Ipv4(IpProtocol.Udp, Udp(53))], linkType);
        Assert.Equal(kinds, Decoding.Kinds(headers));
        int version = linkType == LinkType.LinuxSll ? 1 : 2;
        Assert.True(LinuxSllView.TryRead(headers.Bytes, version, out LinuxSllView view));
        Assert.Equal(new LinuxSllHeader(version, 4, 1, 0x800, version == 1 ? 0 : 3u, MacA), LinuxSllHeader.From(view));
    }

    [Theory]
    [InlineData("0000 0800", 4, "RFC 2784")]
    [InlineData("8000 0800 abcd 0000", 8, "checksum")]
    [InlineData("2000 0800 00000005", 8, "key, RFC 2890")]
    [InlineData("b000 0800 abcd 0000 00000005 00000007", 16, "checksum, key and sequence number")]
    [InlineData("c000 0800 abcd 0000 0002 00 04 01020304 0000 00 00", 20, "a source route, RFC 1701")]
    public void Gre_headers_are_as_long_as_their_flags_say(string hex, int length, string what)
    {
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Gre, [.. Hex(hex), .. Ipv4(IpProtocol.Udp, Udp(53))]), LinkType.Ipv4);
        Assert.True(Decoding.Kinds(headers) == "Ipv4 Gre Ipv4 Udp", what);
        Assert.Equal(length, headers.Layers[1].Length);
    }

    [Fact]
    public void Rfc_2637_the_enhanced_header_carries_ppp_or_is_a_bare_acknowledgement()
    {
        byte[] ppp = [.. Hex("ff03 0021"), .. Ipv4(IpProtocol.Udp, Udp(53))];
        byte[] data = Head(new EnhancedGreHeader((ushort)ppp.Length, 9, 1, 2).Write, ppp);
        Assert.Equal("Ipv4 Gre Ppp Ipv4 Udp", Decoding.Kinds(_decoding.Decode(Ipv4(IpProtocol.Gre, data), LinkType.Ipv4)));
        byte[] acknowledgement = Head(new EnhancedGreHeader(0, 9, null, 2).Write);
        Assert.Equal(Hex("2081 880b 0000 0009 00000002"), acknowledgement);
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Gre, acknowledgement), LinkType.Ipv4);
        Assert.Equal(("Ipv4 Gre", ""), (Decoding.Kinds(headers), Decoding.Notes(headers)));
    }

    [Fact]
    public void Rfc_7348_vxlan_carries_ethernet_on_port_4789()
    {
        byte[] inner = Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Udp, Udp(53)));
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Udp, Vxlan(inner)), LinkType.Ipv4);
        Assert.Equal("Ipv4 Udp Vxlan Ethernet Ipv4 Udp", Decoding.Kinds(headers));
        Assert.True(VxlanView.TryRead(headers.BytesOf(headers.Layers[2]), out VxlanView vxlan) && vxlan.Vni == 46);
    }

    [Fact]
    public void Rfc_8926_geneve_options_are_read_and_stepped_over()
    {
        byte[] options = Hex("0102 81 01 aabbccdd 0103 02 00");
        PacketHeaders headers = _decoding.Decode(Ipv4(IpProtocol.Udp, Geneve(EtherType.Ipv6, options, Ipv6(IpProtocol.Udp, Udp(53)))), LinkType.Ipv4);
        Assert.Equal("Ipv4 Udp Geneve Ipv6 Udp", Decoding.Kinds(headers));
        Assert.True(GeneveView.TryRead(headers.BytesOf(headers.Layers[2]), out GeneveView geneve));
        GeneveOptions reader = geneve.Options;
        Assert.True(reader.MoveNext() && reader.Class == 0x102 && reader.Type == 0x81 && reader.IsCritical && reader.Data.SequenceEqual(Hex("aabbccdd")));
        Assert.True(reader.MoveNext() && reader.Class == 0x103 && !reader.IsCritical && reader.Data.IsEmpty && !reader.MoveNext());
    }

    [Theory]
    [InlineData(LayerKind.Gre)]
    [InlineData(LayerKind.Geneve)]
    [InlineData(LayerKind.Pppoe)]
    public void A_version_that_is_not_known_is_noted_and_the_walk_goes_on(LayerKind kind)
    {
        byte[] inner = Ipv4(IpProtocol.Udp, Udp(53));
        byte[] packet = kind switch
        {
            LayerKind.Gre => Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Gre, [0, 3, 8, 0, .. inner])),
            LayerKind.Geneve => Ethernet(EtherType.Ipv4, Ipv4(IpProtocol.Udp, Udp(GeneveView.Port, [0x40, 0, 8, 0, 0, 0, 0, 0, .. inner]))),
            _ => Ethernet(EtherType.PppoeSession, [0x21, 0, 0, 1, 0, 30, 0, 0x21, .. inner]),
        };
        PacketHeaders headers = _decoding.Decode(packet);
        Assert.EndsWith("Ipv4 Udp", Decoding.Kinds(headers), StringComparison.Ordinal);
        Assert.Equal((NoteCode.BadVersion, kind, kind), (headers.Notes[0].Code, headers.Notes[0].Kind, headers.Layers[headers.Notes[0].LayerIndex].Kind));
    }
}
