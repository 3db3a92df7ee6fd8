using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>One layer in words, in the place it has in a packet's line.</summary>
internal static class LayerText
{
    internal static void Append(ref LineWriter line, scoped ReadOnlySpan<Layer> layers, int index, in PacketHeaders headers)
    {
        Layer layer = layers[index];
        // Not beyond the enclosing length: what was fetched of a trailer, or by somebody else, must not show.
        ReadOnlySpan<byte> bytes = headers.BytesOf(layer);
        bytes = bytes[..Math.Clamp(layer.End - layer.Offset, 0, bytes.Length)];
        switch (layer.Kind)
        {
            case LayerKind.Ipv4 when Ipv4View.TryRead(bytes, out Ipv4View ip):
                line.Append("IP "u8);
                Endpoints(ref line, ip.Source, ip.Destination, layers, index, headers);
                if (ip.MoreFragments || ip.FragmentOffset > 0) Fragment(ref line, ip.Identification, layer.PayloadLength, ip.FragmentOffset, ip.MoreFragments);
                break;
            case LayerKind.Ipv6 when Ipv6View.TryRead(bytes, out Ipv6View ip):
                line.Append("IP6 "u8);
                Endpoints(ref line, ip.Source, ip.Destination, layers, index, headers);
                break;
            case LayerKind.Tcp when TcpView.TryRead(bytes, out TcpView tcp):
                tcp.AppendTo(ref line, layer.PayloadLength);
                break;
            case LayerKind.Udp when UdpView.TryRead(bytes, out UdpView udp):
                udp.AppendTo(ref line, layer.PayloadLength);
                break;
            case LayerKind.Icmp when IcmpView.TryRead(bytes, out IcmpView icmp):
                icmp.AppendTo(ref line, layer.End - layer.Offset);
                break;
            case LayerKind.Icmpv6 when Icmpv6View.TryRead(bytes, out Icmpv6View icmpv6):
                icmpv6.AppendTo(ref line, layer.End - layer.Offset);
                break;
            case LayerKind.Igmp when IgmpView.TryRead(bytes, out IgmpView igmp):
                igmp.AppendTo(ref line);
                break;
            case LayerKind.Arp when ArpView.TryRead(bytes, out ArpView arp):
                arp.AppendTo(ref line);
                break;
            case LayerKind.Ipv6Fragment when Ipv6FragmentView.TryRead(bytes, out Ipv6FragmentView fragment):
                fragment.AppendTo(ref line);
                break;
            case LayerKind.Authentication when AuthenticationView.TryRead(bytes, out AuthenticationView ah):
                ah.AppendTo(ref line);
                break;
            default:
                Link(ref line, layer, bytes);
                break;
        }
    }

    private static void Link(ref LineWriter line, in Layer layer, ReadOnlySpan<byte> bytes)
    {
        switch (layer.Kind)
        {
            case LayerKind.Ethernet when EthernetView.TryRead(bytes, out EthernetView ethernet):
                ethernet.AppendTo(ref line);
                line.Append(ethernet.HasEtherType ? ", ethertype 0x"u8 : ", 802.3 0x"u8);
                line.AppendHex(ethernet.TypeOrLength, 4);
                break;
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
            default:
                line.Append(LayerJson.NameOf(layer.Kind));
                break;
        }
    }

    /// <summary>Addresses with the ports of the transport header, if it is the next or follows extension headers.</summary>
    private static void Endpoints(ref LineWriter line, IpAddress source, IpAddress destination, scoped ReadOnlySpan<Layer> layers, int index, in PacketHeaders headers)
    {
        int at = index + 1;
        while (at < layers.Length && layers[at].Kind is LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions or LayerKind.Ipv6Routing
            or LayerKind.Ipv6Fragment or LayerKind.Authentication) at++;
        bool hasPorts = at < layers.Length && layers[at].Kind is LayerKind.Tcp or LayerKind.Udp && headers.BytesOf(layers[at]).Length >= 4;
        ReadOnlySpan<byte> ports = hasPorts ? headers.BytesOf(layers[at]) : default;
        line.Append(source);
        if (hasPorts) Port(ref line, ports);
        line.Append(" > "u8);
        line.Append(destination);
        if (hasPorts) Port(ref line, ports[2..]);
    }

    private static void Port(ref LineWriter line, ReadOnlySpan<byte> bytes)
    {
        line.Append('.');
        line.Append(bytes[0] << 8 | bytes[1]);
    }

    private static void Fragment(ref LineWriter line, ushort identification, int length, int offset, bool more)
    {
        line.Append(" frag ("u8);
        line.Append(identification);
        line.Append(':');
        line.Append(length);
        line.Append('@');
        line.Append(offset);
        if (more) line.Append('+');
        line.Append(')');
    }
}
