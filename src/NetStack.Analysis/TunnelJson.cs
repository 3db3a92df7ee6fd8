using NetStack.Wire;
using static NetStack.Analysis.PacketJson;

namespace NetStack.Analysis;

/// <summary>Tunnel headers as JSON.</summary>
internal static class TunnelJson
{
    internal static void Append(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes)
    {
        switch (layer.Kind)
        {
            case LayerKind.Gre when GreView.TryRead(bytes, out GreView gre):
                Number(ref line, ",\"version\":"u8, gre.Version);
                Number(ref line, ",\"protocol\":"u8, gre.Protocol);
                if (gre.HasKey && gre.IsWhole) Number(ref line, ",\"key\":"u8, gre.Key);
                if (gre.HasSequence && gre.IsWhole) Number(ref line, ",\"seq\":"u8, gre.Sequence);
                break;
            case LayerKind.Vxlan when VxlanView.TryRead(bytes, out VxlanView vxlan):
                Number(ref line, ",\"vni\":"u8, vxlan.Vni);
                break;
            case LayerKind.Geneve when GeneveView.TryRead(bytes, out GeneveView geneve):
                Number(ref line, ",\"vni\":"u8, geneve.Vni);
                Number(ref line, ",\"protocol\":"u8, geneve.Protocol);
                Number(ref line, ",\"options_len\":"u8, geneve.OptionsLength);
                break;
            case LayerKind.Gtp when GtpView.TryRead(bytes, out GtpView gtp):
                Number(ref line, ",\"type\":"u8, gtp.MessageType);
                Number(ref line, ",\"length\":"u8, gtp.Length);
                Number(ref line, ",\"teid\":"u8, gtp.Teid);
                if (gtp.HasSequence && gtp.IsWhole) Number(ref line, ",\"seq\":"u8, gtp.Sequence);
                break;
            case LayerKind.Erspan when ErspanView.TryRead(bytes, out ErspanView erspan):
                Number(ref line, ",\"version\":"u8, erspan.Version);
                Number(ref line, ",\"vlan\":"u8, erspan.Vlan);
                Number(ref line, ",\"spanid\":"u8, erspan.SessionId);
                break;
            case LayerKind.Wccp when WccpRedirectView.TryRead(bytes, out WccpRedirectView wccp):
                Number(ref line, ",\"service\":"u8, wccp.ServiceId);
                break;
            default:
                break;
        }
    }
}
