using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>GRE, VXLAN and Geneve.</summary>
internal static class TunnelFields
{
    internal static void Add(FieldList fields)
    {
        Gre(fields);
        Mobile(fields);
        Mirror(fields);
        fields.Protocol("vxlan", "VXLAN", LayerKind.Vxlan);
        fields.Number("vxlan.flags", 2, "Flags", 0, hex: true);
        fields.Flag("vxlan.flag_g", "Group policy extension", 0, 2, 0x8000);
        fields.Flag("vxlan.flag_i", "The network identifier counts", 0, 2, 0x0800);
        fields.Flag("vxlan.flag_d", "Don't learn", 0, 2, 0x0040);
        fields.Flag("vxlan.flag_a", "Policy applied", 0, 2, 0x0008);
        fields.Number("vxlan.gbp", 2, "Group policy", 2);
        fields.Number("vxlan.vni", 3, "Network identifier", 4);
        fields.Protocol("geneve", "Geneve", LayerKind.Geneve);
        fields.Number("geneve.version", 1, "Version", 0, 0xC0);
        fields.Number("geneve.flags", 1, "Flags", 1, hex: true);
        fields.Flag("geneve.flags.oam", "Control message", 1, 1, 0x80);
        fields.Flag("geneve.flags.critical", "There are critical options", 1, 1, 0x40);
        fields.Number("geneve.proto_type", 2, "EtherType of what follows", 2, hex: true);
        fields.Number("geneve.vni", 3, "Network identifier", 4, hex: true);
        fields.Computed("geneve.option.class", Unsigned16, "Class of an option", GeneveOption(o => o.Class), hexDigits: 4);
        fields.Computed("geneve.option.type", Unsigned8, "Type of an option", GeneveOption(o => o.Type), hexDigits: 2);
        fields.Computed("geneve.option.length", Unsigned8, "Bytes in an option, header included", GeneveOption(o => (uint)o.Data.Length + 4));
    }

    private static void Mobile(FieldList fields)
    {
        fields.Protocol("gtp", "GTP-U", LayerKind.Gtp);
        fields.Number("gtp.flags", 1, "Flags", 0, hex: true);
        fields.Number("gtp.flags.version", 1, "Version", 0, 0xE0);
        fields.Number("gtp.flags.payload", 1, "Protocol type", 0, 0x10);
        fields.Flag("gtp.flags.e", "There are extension headers", 0, 1, 0x04);
        fields.Flag("gtp.flags.s", "There is a sequence number", 0, 1, 0x02);
        fields.Flag("gtp.flags.pn", "There is an N-PDU number", 0, 1, 0x01);
        fields.Number("gtp.message", 1, "Message type", 1, hex: true);
        fields.Number("gtp.length", 2, "Bytes behind the first eight", 2);
        fields.Number("gtp.teid", 4, "Tunnel endpoint identifier", 4, hex: true);
        fields.Number("gtp.seq_number", 2, "Sequence number", 8, hex: true, when: h => GtpView.TryRead(h, out GtpView gtp) && gtp.HasSequence);
    }

    private static void Mirror(FieldList fields)
    {
        fields.Protocol("erspan", "ERSPAN, types II and III", LayerKind.Erspan);
        fields.Number("erspan.version", 2, "Version: one less than the type", 0, 0xF000);
        fields.Number("erspan.vlan", 2, "VLAN of the mirrored frame", 0, 0x0FFF);
        fields.Number("erspan.cos", 2, "Class of service of the mirrored frame", 2, 0xE000);
        fields.Number("erspan.truncated", 2, "The mirrored frame was cut", 2, 0x0400);
        fields.Number("erspan.spanid", 2, "Session", 2, 0x03FF);
        fields.Number("erspan.index", 4, "Port index, in type II", 4, 0xFFFFF, when: h => h.Length >= ErspanView.Size2 && h[0] >> 4 == ErspanView.Version2);
        fields.Number("erspan.timestamp", 4, "Time stamp, in type III", 4, when: h => h.Length >= ErspanView.Size2 && h[0] >> 4 == ErspanView.Version3);
    }

    private static void Gre(FieldList fields)
    {
        fields.Protocol("gre", "GRE", LayerKind.Gre);
        fields.Number("gre.flags_and_version", 2, "Flags and version", 0, hex: true);
        fields.Flag("gre.flags.checksum", "There is a checksum", 0, 2, 0x8000);
        fields.Flag("gre.flags.routing", "There are source routes", 0, 2, 0x4000);
        fields.Flag("gre.flags.key", "There is a key", 0, 2, 0x2000);
        fields.Flag("gre.flags.sequence_number", "There is a sequence number", 0, 2, 0x1000);
        fields.Number("gre.flags.version", 2, "Version", 0, 0x0007);
        fields.Number("gre.proto", 2, "EtherType of what follows", 2, hex: true);
        fields.Computed("gre.checksum", Unsigned16, "Checksum", Gre(g => g.HasChecksum && g.IsWhole ? g.Checksum : null), hexDigits: 4);
        fields.Computed("gre.key", Unsigned32, "Key", Gre(g => g.HasKey && g.IsWhole && g.Version == 0 ? g.Key : null), hexDigits: 8);
        fields.Computed("gre.key.payload_length", Unsigned16, "Payload length, in PPTP", Gre(g => g.HasKey && g.IsWhole && g.Version == 1 ? g.Key >> 16 : null));
        fields.Computed("gre.key.call_id", Unsigned16, "Call, in PPTP", Gre(g => g.HasKey && g.IsWhole && g.Version == 1 ? g.Key & 0xFFFF : null));
        fields.Computed("gre.sequence_number", Unsigned32, "Sequence number", Gre(g => g.HasSequence && g.IsWhole ? g.Sequence : null));
        fields.Computed("gre.ack_number", Unsigned32, "Acknowledgment number, in PPTP", Gre(g => g.HasAcknowledgement && g.IsWhole ? g.Acknowledgement : null));
    }

    private delegate uint? OfGre(GreView gre);

    private static FieldReader Gre(OfGre read) => (scoped in _, scoped in _, header, index, out value) =>
    {
        value = default;
        if (index > 0 || !GreView.TryRead(header, out GreView gre) || read(gre) is not { } number) return false;
        value = new FieldValue(number);
        return true;
    };

    private delegate uint OfGeneveOption(GeneveOptions option);

    private static FieldReader GeneveOption(OfGeneveOption read) => (scoped in _, scoped in layer, header, index, out value) =>
    {
        value = default;
        if (!layer.IsWhole || !GeneveView.TryRead(header, out GeneveView geneve)) return false;
        GeneveOptions options = geneve.Options;
        while (options.MoveNext())
        {
            if (index-- > 0) continue;
            value = new FieldValue(read(options));
            return true;
        }
        return false;
    };
}
