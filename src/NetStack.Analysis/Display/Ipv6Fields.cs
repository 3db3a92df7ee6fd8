using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>IPv6 and its extension headers.</summary>
internal static class Ipv6Fields
{
    internal static void Add(FieldList fields)
    {
        fields.Protocol("ipv6", "IPv6", LayerKind.Ipv6);
        fields.Number("ipv6.version", 1, "Version", 0, 0xF0);
        fields.Number("ipv6.tclass", 4, "Traffic class", 0, 0x0FF00000, hex: true);
        fields.Number("ipv6.tclass.dscp", 4, "Differentiated services codepoint", 0, 0x0FC00000);
        fields.Number("ipv6.tclass.ecn", 4, "Explicit congestion notification", 0, 0x00300000);
        fields.Number("ipv6.flow", 3, "Flow label", 1, 0x0FFFFF, hex: true);
        fields.Number("ipv6.plen", 2, "Payload length", 4);
        fields.Number("ipv6.nxt", 1, "Protocol of what follows", 6);
        fields.Number("ipv6.hlim", 1, "Hop limit", 7);
        fields.Ipv6("ipv6.src", "Source address", 8);
        fields.Ipv6("ipv6.dst", "Destination address", 24);
        fields.Ipv6("ipv6.addr", "Source or destination address", 8).And(24);
        fields.Computed("ipv6.src_host", Text, "Source, as text; no names are looked up", AddressText(8, 1));
        fields.Computed("ipv6.dst_host", Text, "Destination, as text; no names are looked up", AddressText(24, 1));
        fields.Computed("ipv6.host", Text, "Source or destination, as text; no names are looked up", AddressText(8, 2));
        Extension(fields, "ipv6.hopopts", "Hop-by-hop options", LayerKind.Ipv6HopByHop);
        Extension(fields, "ipv6.dstopts", "Destination options", LayerKind.Ipv6DestinationOptions);
        Extension(fields, "ipv6.routing", "Routing header", LayerKind.Ipv6Routing);
        fields.Number("ipv6.routing.type", 1, "Routing type", 2);
        fields.Number("ipv6.routing.segleft", 1, "Segments left", 3);
        fields.Protocol("ipv6.fraghdr", "Fragment header", LayerKind.Ipv6Fragment);
        fields.Number("ipv6.fraghdr.nxt", 1, "Protocol of what follows", 0);
        fields.Number("ipv6.fraghdr.offset", 2, "Fragment offset in units of 8 bytes", 2, 0xFFF8);
        fields.Flag("ipv6.fraghdr.more", "More fragments", 2, 2, 0x0001);
        fields.Number("ipv6.fraghdr.ident", 4, "Identification", 4, hex: true);
    }

    private static void Extension(FieldList fields, string name, string description, LayerKind kind)
    {
        fields.Protocol(name, description, kind);
        fields.Number(name + ".nxt", 1, "Protocol of what follows", 0);
        fields.Number(name + ".len", 1, "Length in units of 8 bytes, less 1", 1);
        fields.Computed(name + ".len_oct", Unsigned16, "Bytes in the header", (scoped in _, scoped in _, h, i, out v) => Octets(i, h, out v));
    }

    private static bool Octets(int index, ReadOnlySpan<byte> header, out FieldValue value)
    {
        bool isThere = Ipv6ExtensionView.TryRead(header, out Ipv6ExtensionView extension);
        value = new FieldValue(isThere ? (UInt128)extension.HeaderLength : UInt128.Zero);
        return isThere && index == 0;
    }

    /// <summary>The text of addresses of sixteen bytes that follow each other.</summary>
    private static FieldReader AddressText(int at, int count) => (scoped in scope, scoped in _, header, index, out value) =>
    {
        value = default;
        if (index >= count || header.Length < at + 16 * (index + 1)) return false;
        LineWriter line = new(scope.State.Text);
        line.Append(IpAddress.ReadV6(header[(at + 16 * index)..]));
        value = new FieldValue(scope.State.Text[..line.Length]);
        return true;
    };
}
