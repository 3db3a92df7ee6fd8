using NetStack.Wire;
using static NetStack.Analysis.LayerJson;
using static NetStack.Analysis.PacketJson;

namespace NetStack.Analysis;

/// <summary>Link layers as JSON.</summary>
internal static class LinkJson
{
    internal static void Append(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes)
    {
        switch (layer.Kind)
        {
            case LayerKind.Ethernet when EthernetView.TryRead(bytes, out EthernetView ethernet):
                Mac(ref line, ",\"dst\":\""u8, ethernet.Destination);
                Mac(ref line, ",\"src\":\""u8, ethernet.Source);
                TypeOrLength(ref line, ethernet.TypeOrLength);
                break;
            case LayerKind.Vlan when VlanView.TryRead(bytes, out VlanView vlan):
                Number(ref line, ",\"id\":"u8, vlan.Id);
                Number(ref line, ",\"priority\":"u8, vlan.Priority);
                Flag(ref line, ",\"dei\":"u8, vlan.DropEligible);
                TypeOrLength(ref line, vlan.TypeOrLength);
                break;
            case LayerKind.Llc when LlcView.TryRead(bytes, out LlcView llc):
                Number(ref line, ",\"dsap\":"u8, llc.Dsap);
                Number(ref line, ",\"ssap\":"u8, llc.Ssap);
                if (llc.IsSnap) Number(ref line, ",\"snap_pid\":"u8, llc.ProtocolId);
                break;
            case LayerKind.Mpls when MplsView.TryRead(bytes, out MplsView mpls):
                Number(ref line, ",\"label\":"u8, mpls.Label);
                Number(ref line, ",\"tc\":"u8, mpls.TrafficClass);
                Flag(ref line, ",\"bottom\":"u8, mpls.IsBottom);
                Number(ref line, ",\"ttl\":"u8, mpls.Ttl);
                break;
            case LayerKind.Pppoe when PppoeView.TryRead(bytes, out PppoeView pppoe):
                Number(ref line, ",\"code\":"u8, pppoe.Code);
                Number(ref line, ",\"session_id\":"u8, pppoe.SessionId);
                Number(ref line, ",\"length\":"u8, pppoe.PayloadLength);
                break;
            case LayerKind.Ppp when PppView.TryRead(bytes, out PppView ppp):
                Number(ref line, ",\"protocol\":"u8, ppp.Protocol);
                break;
            case LayerKind.LinuxSll or LayerKind.LinuxSll2 when LinuxSllView.TryRead(bytes, layer.Kind == LayerKind.LinuxSll2 ? 2 : 1, out LinuxSllView sll):
                Number(ref line, ",\"version\":"u8, sll.Version);
                Number(ref line, ",\"packet_type\":"u8, sll.PacketType);
                Number(ref line, ",\"arphrd\":"u8, sll.ArpHardware);
                if (sll.Protocol >= 1536) Number(ref line, ",\"protocol\":"u8, sll.Protocol);
                break;
            case LayerKind.NullLoopback or LayerKind.Loop when NullLoopbackView.TryRead(bytes, layer.Kind == LayerKind.Loop, out NullLoopbackView loopback):
                Number(ref line, ",\"family\":"u8, loopback.Family);
                break;
            case LayerKind.CiscoHdlc when CiscoHdlcView.TryRead(bytes, out CiscoHdlcView hdlc):
                Number(ref line, ",\"address\":"u8, hdlc.Address);
                Number(ref line, ",\"protocol\":"u8, hdlc.Protocol);
                break;
            case LayerKind.Nflog when NflogView.TryRead(bytes, out NflogView nflog):
                Number(ref line, ",\"family\":"u8, nflog.Family);
                Number(ref line, ",\"version\":"u8, nflog.Version);
                Number(ref line, ",\"group\":"u8, nflog.ResourceId);
                break;
            default:
                break;
        }
    }

    private static void TypeOrLength(ref LineWriter line, ushort value) =>
        Number(ref line, value > EthernetView.MaxLength ? ",\"ethertype\":"u8 : ",\"length\":"u8, value);
}
