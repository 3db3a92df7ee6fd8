using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>UDP, ICMP, ICMPv6 and IGMP.</summary>
internal static class TransportFields
{
    internal static void Add(FieldList fields)
    {
        fields.Protocol("udp", "UDP", LayerKind.Udp);
        fields.Number("udp.srcport", 2, "Source port", 0);
        fields.Number("udp.dstport", 2, "Destination port", 2);
        fields.Number("udp.port", 2, "Source or destination port", 0).And(2);
        fields.Number("udp.length", 2, "Length, header included", 4);
        fields.Number("udp.checksum", 2, "Checksum", 6, hex: true);
        Icmp(fields);
        Icmpv6(fields);
        Neighbours(fields);
        Igmp(fields);
    }

    private static void Icmp(FieldList fields)
    {
        fields.Protocol("icmp", "ICMP", LayerKind.Icmp);
        fields.Number("icmp.type", 1, "Type", 0);
        fields.Number("icmp.code", 1, "Code", 1);
        fields.Number("icmp.checksum", 2, "Checksum", 2, hex: true);
        fields.Number("icmp.ident", 2, "Identifier of an echo", 4, when: IsEcho);
        fields.Computed("icmp.ident_le", Unsigned16, "Identifier of an echo, the other byte order", Swapped(4), when: IsEcho);
        fields.Number("icmp.seq", 2, "Sequence number of an echo", 6, when: IsEcho);
        fields.Computed("icmp.seq_le", Unsigned16, "Sequence number of an echo, the other byte order", Swapped(6), when: IsEcho);
        fields.Number("icmp.mtu", 2, "MTU of the next hop, where fragmentation is needed", 6, when: h => h is [3, 4, ..]);
        fields.Ipv4("icmp.redir_gw", "Gateway of a redirect", 4, h => h is [5, ..]);
        fields.Number("icmp.pointer", 1, "Where a parameter problem is", 4, when: h => h is [12, ..]);
    }

    private static bool IsEcho(ReadOnlySpan<byte> header) => header is [0 or 8, ..];

    private static FieldReader Swapped(int at) => (scoped in _, scoped in _, header, index, out value) =>
    {
        bool isThere = header.Length >= at + 2;
        value = new FieldValue(isThere ? (UInt128)(header[at] | header[at + 1] << 8) : UInt128.Zero);
        return isThere && index == 0;
    };

    private static void Icmpv6(FieldList fields)
    {
        fields.Protocol("icmpv6", "ICMPv6", LayerKind.Icmpv6);
        fields.Number("icmpv6.type", 1, "Type", 0);
        fields.Number("icmpv6.code", 1, "Code", 1);
        fields.Number("icmpv6.checksum", 2, "Checksum", 2, hex: true);
        fields.Number("icmpv6.mtu", 4, "MTU of the next hop, where a packet was too big", 4, when: h => h is [2, ..]);
        fields.Number("icmpv6.pointer", 4, "Where a parameter problem is", 4, when: h => h is [4, ..]);
        fields.Number("icmpv6.echo.identifier", 2, "Identifier of an echo", 4, hex: true, when: h => h is [128 or 129, ..]);
        fields.Number("icmpv6.echo.sequence_number", 2, "Sequence number of an echo", 6, when: h => h is [128 or 129, ..]);
    }

    private static void Neighbours(FieldList fields)
    {
        fields.Number("icmpv6.nd.ra.cur_hop_limit", 1, "Hop limit that a router advises", 4, when: IsRouterAdvertisement);
        fields.Number("icmpv6.nd.ra.router_lifetime", 2, "Seconds that a router offers to serve", 6, when: IsRouterAdvertisement);
        fields.Number("icmpv6.nd.ra.reachable_time", 4, "Reachable time that a router advises, in milliseconds", 8, when: IsRouterAdvertisement);
        fields.Number("icmpv6.nd.ra.retrans_timer", 4, "Retransmission timer that a router advises, in milliseconds", 12, when: IsRouterAdvertisement);
        fields.Ipv6("icmpv6.nd.ns.target_address", "Target of a neighbour solicitation", 8, h => h is [135, ..]);
        fields.Ipv6("icmpv6.nd.na.target_address", "Target of a neighbour advertisement", 8, h => h is [136, ..]);
        fields.Flag("icmpv6.nd.na.flag.r", "A router advertises itself", 4, 4, 0x80000000, h => h is [136, ..]);
        fields.Flag("icmpv6.nd.na.flag.s", "Answers a solicitation", 4, 4, 0x40000000, h => h is [136, ..]);
        fields.Flag("icmpv6.nd.na.flag.o", "Overrides what is known", 4, 4, 0x20000000, h => h is [136, ..]);
    }

    private static bool IsRouterAdvertisement(ReadOnlySpan<byte> header) => header is [134, ..];

    private static void Igmp(FieldList fields)
    {
        fields.Protocol("igmp", "IGMP", LayerKind.Igmp);
        fields.Number("igmp.type", 1, "Type", 0, hex: true);
        fields.Number("igmp.checksum", 2, "Checksum", 2, hex: true);
        fields.Computed("igmp.version", Unsigned8, "Version", (scoped in _, scoped in _, h, i, out v) => Igmp(i, h, m => (uint)m.Version, out v));
        fields.Ipv4("igmp.maddr", "Group", 4, h => h is [not 0x22, ..]);
        fields.Computed("igmp.max_resp", Unsigned8, "Largest response time, in tenths of a second",
            (scoped in _, scoped in _, h, i, out v) => Igmp(i, h, m => m.Type == IgmpView.Query || m.Version == 2 ? m.MaxResponse : null, out v));
        fields.Computed("igmp.num_src", Unsigned16, "Sources in a version 3 query",
            (scoped in _, scoped in _, h, i, out v) => Igmp(i, h, m => m.Type == IgmpView.Query && m.Version == 3 ? m.SourceCount : null, out v));
        fields.Computed("igmp.num_grp_recs", Unsigned16, "Group records in a version 3 report",
            (scoped in _, scoped in _, h, i, out v) => Igmp(i, h, m => m.Type == IgmpView.Report3 ? m.RecordCount : null, out v));
    }

    private delegate uint? OfIgmp(IgmpView message);

    private static bool Igmp(int index, ReadOnlySpan<byte> header, OfIgmp read, out FieldValue value)
    {
        value = default;
        if (index > 0 || !IgmpView.TryRead(header, out IgmpView message) || read(message) is not { } number) return false;
        value = new FieldValue(number);
        return true;
    }
}
