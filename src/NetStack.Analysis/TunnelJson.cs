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
            default:
                break;
        }
    }
}
