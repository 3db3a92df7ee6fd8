using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>ARP, IPv4 and the authentication header.</summary>
internal static class NetworkFields
{
    internal static void Add(FieldList fields)
    {
        Arp(fields);
        Ipv4(fields);
        fields.Protocol("ah", "IP authentication header", LayerKind.Authentication);
        fields.Number("ah.next_header", 1, "Protocol of what follows", 0);
        fields.Number("ah.length", 1, "Length in units of 4 bytes, less 2", 1);
        fields.Number("ah.spi", 4, "Security parameters index", 4, hex: true);
        fields.Number("ah.sequence", 4, "Sequence number", 8);
    }

    private static void Arp(FieldList fields)
    {
        fields.Protocol("arp", "ARP or RARP", LayerKind.Arp);
        fields.Number("arp.hw.type", 2, "Kind of hardware address", 0);
        fields.Number("arp.proto.type", 2, "Kind of protocol address", 2, hex: true);
        fields.Number("arp.hw.size", 1, "Bytes in a hardware address", 4);
        fields.Number("arp.proto.size", 1, "Bytes in a protocol address", 5);
        fields.Number("arp.opcode", 2, "Operation: 1 request, 2 reply", 6);
        fields.Mac("arp.src.hw_mac", "Sender's MAC address", 8, IsEthernetIpv4);
        fields.Ipv4("arp.src.proto_ipv4", "Sender's IPv4 address", 14, IsEthernetIpv4);
        fields.Mac("arp.dst.hw_mac", "Target's MAC address", 18, IsEthernetIpv4);
        fields.Ipv4("arp.dst.proto_ipv4", "Target's IPv4 address", 24, IsEthernetIpv4);
    }

    private static bool IsEthernetIpv4(ReadOnlySpan<byte> header) => ArpView.TryRead(header, out ArpView arp) && arp.IsEthernetIpv4;

    private static void Ipv4(FieldList fields)
    {
        fields.Protocol("ip", "IPv4", LayerKind.Ipv4);
        fields.In(LayerKind.Ipv4, LayerKind.Ipv6);
        fields.Number("ip.version", 1, "Version, of IPv6 too", 0, 0xF0);
        fields.In(LayerKind.Ipv4);
        fields.Computed("ip.hdr_len", Unsigned8, "Bytes in the header", (scoped in _, scoped in _, h, i, out v) => Scaled(i, h, 0, 0x0F, 4, out v));
        fields.Number("ip.dsfield", 1, "Differentiated services field", 1, hex: true);
        fields.Number("ip.dsfield.dscp", 1, "Differentiated services codepoint", 1, 0xFC);
        fields.Number("ip.dsfield.ecn", 1, "Explicit congestion notification", 1, 0x03);
        fields.Number("ip.len", 2, "Total length", 2);
        fields.Number("ip.id", 2, "Identification", 4, hex: true);
        fields.Number("ip.flags", 1, "Flags", 6, 0xE0, hex: true);
        fields.Flag("ip.flags.rb", "Reserved flag", 6, 1, 0x80);
        fields.Flag("ip.flags.df", "Don't fragment", 6, 1, 0x40);
        fields.Flag("ip.flags.mf", "More fragments", 6, 1, 0x20);
        fields.Number("ip.frag_offset", 2, "Fragment offset in units of 8 bytes", 6, 0x1FFF);
        fields.Number("ip.ttl", 1, "Time to live", 8);
        fields.Number("ip.proto", 1, "Protocol of what follows", 9);
        fields.Number("ip.checksum", 2, "Header checksum", 10, hex: true);
        fields.Computed("ip.checksum.status", Unsigned8, "Header checksum: 1 right, 0 wrong", ChecksumStatus);
        fields.Ipv4("ip.src", "Source address", 12);
        fields.Ipv4("ip.dst", "Destination address", 16);
        fields.Ipv4("ip.addr", "Source or destination address", 12).And(16);
        fields.Computed("ip.src_host", Text, "Source, as text; no names are looked up", AddressText(12, 1));
        fields.Computed("ip.dst_host", Text, "Destination, as text; no names are looked up", AddressText(16, 1));
        fields.Computed("ip.host", Text, "Source or destination, as text; no names are looked up", AddressText(12, 2));
        fields.Computed("ip.opt.type", Unsigned8, "Kind of an option", (scoped in _, scoped in l, h, i, out v) => OptionFields.Kind(Options(l, h), i, out v));
        fields.Computed("ip.opt.len", Unsigned8, "Bytes in an option", (scoped in _, scoped in l, h, i, out v) => OptionFields.Length(Options(l, h), i, out v));
    }

    /// <summary>A number that stands for a multiple of itself.</summary>
    internal static bool Scaled(int index, ReadOnlySpan<byte> header, int at, int mask, int factor, out FieldValue value)
    {
        bool isThere = header.Length > at;
        value = new FieldValue(isThere ? (UInt128)((header[at] & mask) >> System.Numerics.BitOperations.TrailingZeroCount(mask)) * (uint)factor : UInt128.Zero);
        return isThere && index == 0;
    }

    /// <summary>The text of addresses of four bytes that follow each other.</summary>
    private static FieldReader AddressText(int at, int count) => (scoped in scope, scoped in _, header, index, out value) =>
    {
        value = default;
        if (index >= count || header.Length < at + 4 * (index + 1)) return false;
        LineWriter line = new(scope.State.Text);
        line.Append(IpAddress.ReadV4(header[(at + 4 * index)..]));
        value = new FieldValue(scope.State.Text[..line.Length]);
        return true;
    };

    private static ReadOnlySpan<byte> Options(scoped in Layer layer, ReadOnlySpan<byte> header) =>
        layer.IsWhole && Ipv4View.TryRead(header, out Ipv4View ip) ? ip.Options : default;

    private static bool ChecksumStatus(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        bool isThere = Ipv4View.TryRead(header, out Ipv4View ip) && header.Length >= ip.HeaderLength;
        value = FieldValue.Of(isThere && ip.IsChecksumRight);
        return isThere && index == 0;
    }
}

/// <summary>Options of IPv4 and TCP.</summary>
internal static class OptionFields
{
    internal static bool Kind(ReadOnlySpan<byte> options, int index, out FieldValue value)
    {
        OptionReader reader = new(options);
        while (reader.MoveNext())
        {
            value = new FieldValue(reader.Kind);
            if (index-- == 0) return true;
        }
        value = default;
        return false;
    }

    /// <summary>The length bytes of the options that have one.</summary>
    internal static bool Length(ReadOnlySpan<byte> options, int index, out FieldValue value)
    {
        OptionReader reader = new(options);
        while (reader.MoveNext())
        {
            if (reader.Kind <= 1 || reader.IsMalformed || index-- > 0) continue;
            value = new FieldValue((UInt128)(reader.Data.Length + 2));
            return true;
        }
        value = default;
        return false;
    }
}
