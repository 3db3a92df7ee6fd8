using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>What is known of a packet as a whole.</summary>
internal static class FrameFields
{
    private const long Second = 1_000_000_000;

    internal static void Add(FieldList fields)
    {
        fields.In();
        fields.Computed("frame", Protocol, "Any packet", (scoped in s, scoped in _, _, i, out v) => Single(i, 1, out v));
        fields.Computed("frame.number", Unsigned32, "Number in the capture, from 1", (scoped in s, scoped in _, _, i, out v) => Single(i, s.Info.Number, out v));
        fields.Computed("frame.len", Unsigned32, "Bytes on the wire", (scoped in s, scoped in _, _, i, out v) => Single(i, s.Info.WireLength, out v));
        fields.Computed("frame.cap_len", Unsigned32, "Bytes captured", (scoped in s, scoped in _, _, i, out v) => Single(i, s.Info.CapturedLength, out v));
        fields.Computed("frame.interface_id", Unsigned32, "Interface it came in on, from 0", (scoped in s, scoped in _, _, i, out v) => Single(i, s.Info.Interface, out v));
        fields.Computed("frame.time_epoch", Time, "Time in seconds since 1970", (scoped in s, scoped in _, _, i, out v) => Moment(i, s.Info.Timestamp?.TotalNanoseconds, out v));
        fields.Computed("frame.time_relative", Time, "Time since the first packet", (scoped in s, scoped in _, _, i, out v) => Moment(i, s.State.Times.SinceFirst, out v));
        fields.Computed("frame.time_delta", Time, "Time since the packet before", (scoped in s, scoped in _, _, i, out v) => Moment(i, s.State.Times.SincePrevious, out v));
        fields.Computed("frame.protocols", Text, "Protocols, outermost first, up to the transport header", Protocols);
    }

    internal static bool Single(int index, long number, out FieldValue value)
    {
        value = FieldValue.Signed(number);
        return index == 0;
    }

    internal static bool Moment(int index, Int128? nanoseconds, out FieldValue value)
    {
        value = FieldValue.Signed(nanoseconds ?? 0);
        return index == 0 && nanoseconds is not null;
    }

    /// <summary>The chain as Wireshark writes it, where <c>ethertype</c> stands behind a header that names what follows by EtherType.</summary>
    private static bool Protocols(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        LineWriter line = new(scope.State.Text);
        bool isFirst = true;
        if (scope.Info.LinkType is LinkType.Raw or LinkType.Ipv4 or LinkType.Ipv6) Append(ref line, "raw"u8, ref isFirst);
        int count = scope.Layers.Length + scope.State.Quoted.Length;
        for (int i = 0; i < count; i++)
        {
            Layer at = i < scope.Layers.Length ? scope.Layers[i] : scope.State.Quoted[i - scope.Layers.Length];
            if (at.Kind == LayerKind.Wccp) continue; // to Wireshark a part of GRE
            // One name for a stack of labels.
            if (at.Kind == LayerKind.Mpls && i > 0 && scope.Layers[i - 1].Kind == LayerKind.Mpls) continue;
            Append(ref line, NameOf(scope, at), ref isFirst);
            if (HasEtherType(scope, at)) Append(ref line, "ethertype"u8, ref isFirst);
        }
        value = new FieldValue(scope.State.Text[..line.Length]);
        return index == 0 && line.Length > 0;
    }

    private static void Append(ref LineWriter line, ReadOnlySpan<byte> name, ref bool isFirst)
    {
        if (!isFirst) line.Append(':');
        isFirst = false;
        line.Append(name);
    }

    private static ReadOnlySpan<byte> NameOf(scoped in FieldScope scope, scoped in Layer layer) => layer.Kind switch
    {
        LayerKind.Vlan when scope.IsServiceTag(layer) => "ieee8021ad"u8,
        LayerKind.Pppoe => scope.IsDiscovery(layer) ? "pppoed"u8 : "pppoes"u8,
        LayerKind.Ipv4 => "ip"u8,
        LayerKind.Ipv6HopByHop => "ipv6.hopopts"u8,
        LayerKind.Ipv6DestinationOptions => "ipv6.dstopts"u8,
        LayerKind.Ipv6Routing => "ipv6.routing"u8,
        LayerKind.Ipv6Fragment => "ipv6.fraghdr"u8,
        _ => LayerJson.NameOf(layer.Kind),
    };

    private static bool HasEtherType(scoped in FieldScope scope, scoped in Layer layer)
    {
        ReadOnlySpan<byte> header = scope.BytesOf(layer);
        return layer.Kind switch
        {
            LayerKind.Ethernet => EthernetView.TryRead(header, out EthernetView ethernet) && ethernet.HasEtherType,
            LayerKind.Vlan => VlanView.TryRead(header, out VlanView vlan) && vlan.TypeOrLength >= 1536,
            LayerKind.LinuxSll or LayerKind.LinuxSll2 => LinuxSllView.TryRead(header, layer.Kind == LayerKind.LinuxSll2 ? 2 : 1, out LinuxSllView sll) && sll.Protocol >= 1536,
            _ => false,
        };
    }
}
