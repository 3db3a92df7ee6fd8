using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>Link layers, tunnels and extension headers in words.</summary>
internal static class LinkText
{
    /// <summary>Appends an Ethernet header with its tags, up to the colon.</summary>
    internal static void AppendEthernet(ref LineWriter line, scoped ReadOnlySpan<Layer> layers, int index, in PacketHeaders headers, bool quiet)
    {
        if (!EthernetView.TryRead(headers.BytesOf(layers[index]), out EthernetView ethernet)) return;
        ethernet.AppendTo(ref line);
        line.Append(", "u8);
        ushort type = ethernet.TypeOrLength;
        Type(ref line, type, quiet);
        line.Append(", length "u8);
        line.Append(type > EthernetView.MaxLength ? Math.Max(0, headers.Info.WireLength - layers[index].Offset) : type);
        bool isLast = index == layers.Length - 1;
        if (!isLast) line.Append(": "u8);
        while (++index < layers.Length && layers[index].Kind == LayerKind.Vlan && VlanView.TryRead(headers.BytesOf(layers[index]), out VlanView vlan))
        {
            vlan.AppendTo(ref line);
            line.Append(", "u8);
            Type(ref line, vlan.TypeOrLength, quiet);
            if (index < layers.Length - 1) line.Append(", "u8);
        }
    }

    /// <summary>Appends a BSD loopback header, up to the colon.</summary>
    internal static void AppendLoopback(ref LineWriter line, in Layer layer, in PacketHeaders headers)
    {
        if (!NullLoopbackView.TryRead(headers.BytesOf(layer), layer.Kind == LayerKind.Loop, out NullLoopbackView loopback)) return;
        line.Append(loopback.Family == 2 ? "AF IPv4 ("u8 : "AF IPv6 ("u8);
        line.Append(loopback.Family);
        line.Append("), length "u8);
        line.Append(headers.Info.WireLength);
        line.Append(": "u8);
    }

    internal static void Append(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes)
    {
        switch (layer.Kind)
        {
            case LayerKind.Llc when LlcView.TryRead(bytes, out LlcView llc):
                llc.AppendTo(ref line);
                break;
            case LayerKind.Vlan when VlanView.TryRead(bytes, out VlanView vlan):
                vlan.AppendTo(ref line);
                break;
            case LayerKind.Mpls when MplsView.TryRead(bytes, out MplsView mpls):
                mpls.AppendTo(ref line);
                break;
            case LayerKind.Pppoe when PppoeView.TryRead(bytes, out PppoeView pppoe):
                pppoe.AppendTo(ref line);
                break;
            case LayerKind.Ppp when PppView.TryRead(bytes, out PppView ppp):
                ppp.AppendTo(ref line);
                break;
            case LayerKind.LinuxSll or LayerKind.LinuxSll2 when LinuxSllView.TryRead(bytes, layer.Kind == LayerKind.LinuxSll2 ? 2 : 1, out LinuxSllView sll):
                sll.AppendTo(ref line);
                break;
            case LayerKind.Gre when GreView.TryRead(bytes, out GreView gre):
                gre.AppendTo(ref line);
                break;
            case LayerKind.Vxlan when VxlanView.TryRead(bytes, out VxlanView vxlan):
                vxlan.AppendTo(ref line);
                break;
            case LayerKind.Geneve when GeneveView.TryRead(bytes, out GeneveView geneve):
                geneve.AppendTo(ref line);
                break;
            case LayerKind.Gtp when GtpView.TryRead(bytes, out GtpView gtp):
                gtp.AppendTo(ref line);
                break;
            case LayerKind.Erspan when ErspanView.TryRead(bytes, out ErspanView erspan):
                erspan.AppendTo(ref line);
                break;
            case LayerKind.Wccp when WccpRedirectView.TryRead(bytes, out WccpRedirectView wccp):
                wccp.AppendTo(ref line);
                break;
            case LayerKind.CiscoHdlc when CiscoHdlcView.TryRead(bytes, out CiscoHdlcView hdlc):
                hdlc.AppendTo(ref line);
                break;
            case LayerKind.Nflog when NflogView.TryRead(bytes, out NflogView nflog):
                nflog.AppendTo(ref line);
                break;
            case LayerKind.Authentication when AuthenticationView.TryRead(bytes, out AuthenticationView ah):
                ah.AppendTo(ref line);
                break;
            case LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions or LayerKind.Ipv6Routing when Ipv6ExtensionView.TryRead(bytes, out Ipv6ExtensionView extension):
                extension.AppendTo(ref line, layer.Kind);
                break;
            default:
                line.Append(LayerJson.NameOf(layer.Kind));
                break;
        }
    }

    private static void Type(ref LineWriter line, ushort type, bool quiet)
    {
        if (type <= EthernetView.MaxLength)
        {
            line.Append("802.3"u8);
            return;
        }
        ReadOnlySpan<byte> name = NumberText.Name((EtherType)type);
        if (!quiet) line.Append("ethertype "u8);
        line.Append(!name.IsEmpty ? name : quiet ? "Unknown Ethertype"u8 : "Unknown"u8);
        if (quiet && !name.IsEmpty) return;
        line.Append(" (0x"u8);
        line.AppendHex(type, 4);
        line.Append(')');
    }
}
