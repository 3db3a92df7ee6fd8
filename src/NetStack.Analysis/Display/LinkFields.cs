using NetStack.Wire;
using static NetStack.DisplayFieldType;

namespace NetStack.Analysis;

/// <summary>Link layers.</summary>
internal static class LinkFields
{
    private const ulong Local = 0x020000; // the bits of a MAC address's first three bytes
    private const ulong Group = 0x010000;

    internal static void Add(FieldList fields)
    {
        Ethernet(fields);
        Tags(fields);
        LinkControl(fields);
        PointToPoint(fields);
        Cooked(fields);
        fields.Protocol("null", "BSD loopback", LayerKind.NullLoopback, LayerKind.Loop);
        fields.Computed("null.family", Unsigned32, "Address family, by the writing host's numbers", Family);
        fields.Protocol("chdlc", "Cisco HDLC", LayerKind.CiscoHdlc);
        fields.Number("chdlc.address", 1, "Address", 0, hex: true);
        fields.Number("chdlc.control", 1, "Control", 1, hex: true);
        fields.Number("chdlc.protocol", 2, "EtherType of what follows", 2, hex: true);
        fields.Protocol("nflog", "Linux's NFLOG", LayerKind.Nflog);
        fields.Number("nflog.family", 1, "Address family", 0);
        fields.Number("nflog.version", 1, "Version", 1);
        fields.Number("nflog.res_id", 2, "Group", 2);
    }

    private static void Ethernet(FieldList fields)
    {
        fields.Protocol("eth", "Ethernet", LayerKind.Ethernet);
        fields.Mac("eth.dst", "Destination address", 0);
        fields.Mac("eth.src", "Source address", 6);
        fields.Mac("eth.addr", "Destination or source address", 0).And(6);
        fields.Number("eth.dst.oui", 3, "Vendor part of the destination address", 0);
        fields.Number("eth.src.oui", 3, "Vendor part of the source address", 6);
        fields.Number("eth.addr.oui", 3, "Vendor part of the destination or source address", 0).And(6);
        Bits(fields, "eth.dst", "the destination address", 0);
        Bits(fields, "eth.src", "the source address", 6);
        fields.Bits24("eth.lg", "Locally administered bit of the destination or source address", 0, Local).And(6);
        fields.Bits24("eth.ig", "Group bit of the destination or source address", 0, Group).And(6);
        fields.Number("eth.type", 2, "EtherType of what follows", 12, hex: true, when: h => h.Length >= 14 && (h[12] << 8 | h[13]) >= 1536);
        fields.Number("eth.len", 2, "Length, in an 802.3 frame", 12, when: h => h.Length >= 14 && (h[12] << 8 | h[13]) <= EthernetView.MaxLength);
    }

    private static void Bits(FieldList fields, string name, string of, int at)
    {
        fields.Bits24(name + ".lg", $"Locally administered bit of {of}", at, Local);
        fields.Bits24(name + ".ig", $"Group bit of {of}", at, Group);
    }

    private static DisplayField Bits24(this FieldList fields, string name, string description, int at, ulong mask) => fields.Flag(name, description, at, 3, mask);

    private static void Tags(FieldList fields)
    {
        fields.Protocol("vlan", "802.1Q tag", LayerKind.Vlan);
        fields.Number("vlan.priority", 2, "Priority", 0, 0xE000);
        fields.Flag("vlan.dei", "Drop eligible", 0, 2, 0x1000);
        fields.Number("vlan.id", 2, "VLAN", 0, 0x0FFF);
        fields.Number("vlan.etype", 2, "EtherType of what follows", 2, hex: true, when: h => h.Length >= 4 && (h[2] << 8 | h[3]) >= 1536);
        fields.Number("vlan.len", 2, "Length, in an 802.3 frame", 2, when: h => h.Length >= 4 && (h[2] << 8 | h[3]) <= EthernetView.MaxLength);
        fields.Protocol("ieee8021ad", "802.1ad service tag", LayerSet.ServiceTag);
        fields.Number("ieee8021ad.priority", 2, "Priority", 0, 0xE000);
        fields.Number("ieee8021ad.dei", 2, "Drop eligible", 0, 0x1000);
        fields.Number("ieee8021ad.id", 2, "Service VLAN", 0, 0x0FFF);
        fields.Protocol("mpls", "MPLS label", LayerKind.Mpls);
        fields.Number("mpls.label", 4, "Label", 0, 0xFFFFF000);
        fields.Number("mpls.exp", 4, "Traffic class", 0, 0xE00);
        fields.Number("mpls.bottom", 4, "Bottom of the label stack", 0, 0x100);
        fields.Number("mpls.ttl", 4, "Time to live", 0, 0xFF);
    }

    private static void LinkControl(FieldList fields)
    {
        fields.Protocol("llc", "802.2 logical link control", LayerKind.Llc);
        fields.Number("llc.dsap", 1, "Destination service access point", 0, hex: true);
        fields.Number("llc.ssap", 1, "Source service access point", 1, hex: true);
        fields.Number("llc.oui", 3, "Organisation, in a SNAP header", 3, when: IsSnap);
        fields.Number("llc.type", 2, "EtherType, in a SNAP header", 6, hex: true, when: h => IsSnap(h) && LlcView.TryRead(h, out LlcView llc) && llc.HasEtherType);
    }

    private static bool IsSnap(ReadOnlySpan<byte> header) => LlcView.TryRead(header, out LlcView llc) && llc.IsSnap;

    private static void PointToPoint(FieldList fields)
    {
        fields.Protocol("pppoed", "PPPoE discovery", LayerSet.PppoeDiscovery);
        fields.Protocol("pppoes", "PPPoE session", LayerSet.PppoeSession);
        fields.In(LayerKind.Pppoe);
        fields.Number("pppoe.version", 1, "Version", 0, 0xF0);
        fields.Number("pppoe.type", 1, "Type", 0, 0x0F);
        fields.Number("pppoe.code", 1, "Code", 1, hex: true);
        fields.Number("pppoe.session_id", 2, "Session", 2, hex: true);
        fields.Number("pppoe.payload_length", 2, "Bytes of payload", 4);
        fields.Protocol("ppp", "PPP", LayerKind.Ppp);
        fields.Computed("ppp.protocol", Unsigned16, "Protocol of what follows", PppProtocol, hexDigits: 4);
    }

    private static void Cooked(FieldList fields)
    {
        fields.Protocol("sll", "Linux cooked capture", LayerKind.LinuxSll, LayerKind.LinuxSll2);
        fields.Computed("sll.pkttype", Unsigned16, "Who it was sent to: 0 to us, 4 by us", Sll(s => s.PacketType));
        fields.Computed("sll.hatype", Unsigned16, "Kind of device (ARPHRD)", Sll(s => s.ArpHardware));
        fields.Computed("sll.halen", Unsigned16, "Bytes in the link layer address", Sll(s => (uint)s.AddressLength));
        fields.Computed("sll.src.eth", DisplayFieldType.Ethernet, "Sender's link layer address", Sll(s => s.Address?.Value));
        fields.Computed("sll.etype", Unsigned16, "EtherType of what follows", Sll(s => s.Protocol >= 1536 ? s.Protocol : null), hexDigits: 4);
        fields.Computed("sll.ltype", Unsigned16, "Linux protocol of what follows, where it is no EtherType", Sll(s => s.Protocol < 1536 ? s.Protocol : null), hexDigits: 4);
        fields.Computed("sll.ifindex", Unsigned32, "Interface index, in version 2", Sll(s => s.Version == 2 ? s.InterfaceIndex : null));
    }

    private delegate ulong? OfSll(LinuxSllView sll);

    private static FieldReader Sll(OfSll read) => (scoped in _, scoped in layer, header, index, out value) =>
    {
        value = default;
        if (index > 0 || !LinuxSllView.TryRead(header, layer.Kind == LayerKind.LinuxSll2 ? 2 : 1, out LinuxSllView sll) || read(sll) is not { } number) return false;
        value = new FieldValue(number);
        return true;
    };

    private static bool PppProtocol(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        bool isThere = PppView.TryRead(header, out PppView ppp);
        value = new FieldValue(isThere ? ppp.Protocol : UInt128.Zero);
        return isThere && index == 0;
    }

    private static bool Family(scoped in FieldScope scope, scoped in Layer layer, ReadOnlySpan<byte> header, int index, out FieldValue value)
    {
        bool isThere = NullLoopbackView.TryRead(header, layer.Kind == LayerKind.Loop, out NullLoopbackView loopback);
        value = new FieldValue(isThere ? loopback.Family : UInt128.Zero);
        return isThere && index == 0;
    }
}
