using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>The headers of a packet in words, in the order and the words of tcpdump.</summary>
internal sealed class LayerText(PacketLineOptions options)
{
    private readonly TransportText _transport = new(options);

    /// <summary>Appends all headers, and the length where none of them tells one.</summary>
    internal void AppendAll(ref LineWriter line, in PacketHeaders headers)
    {
        ReadOnlySpan<Layer> layers = headers.Layers;
        if (layers.IsEmpty)
        {
            line.Append("link type "u8);
            line.Append((int)headers.Info.LinkType);
            line.Append(", length "u8);
            line.Append(headers.Info.WireLength);
            return;
        }
        _transport.Begin();
        ReadOnlySpan<byte> separator = default;
        for (int i = 0; i < layers.Length; i++)
        {
            LayerKind kind = layers[i].Kind;
            if (kind is LayerKind.Ethernet)
            {
                if (!options.LinkHeader && !EndsInLink(layers, i)) continue;
                line.Append(separator);
                LinkText.AppendEthernet(ref line, layers, i, headers, options.Quiet);
                separator = default;
                continue;
            }
            if (kind is LayerKind.Vlan && layers[i - 1].Kind is LayerKind.Ethernet or LayerKind.Vlan) continue; // told with the Ethernet header
            if (kind is LayerKind.NullLoopback or LayerKind.Loop && i < layers.Length - 1)
            {
                if (options.LinkHeader) LinkText.AppendLoopback(ref line, layers[i], headers);
                continue;
            }
            if (kind is LayerKind.CiscoHdlc or LayerKind.Nflog && i < layers.Length - 1 && !options.LinkHeader) continue;
            line.Append(separator);
            Append(ref line, layers, i, headers);
            separator = SeparatorAfter(kind);
        }
        AppendLength(ref line, layers[^1], headers);
    }

    private void Append(ref LineWriter line, scoped ReadOnlySpan<Layer> layers, int index, in PacketHeaders headers)
    {
        Layer layer = layers[index];
        ReadOnlySpan<byte> bytes = BytesOf(layer, headers);
        switch (layer.Kind)
        {
            case LayerKind.Ipv4 when Ipv4View.TryRead(bytes, out Ipv4View ip):
                Name(ref line, "IP "u8, Ink.Cyan);
                if (options.Verbosity > 0) Verbose(ref line, ip, headers, index);
                AppendEndpoints(ref line, ip.Source, ip.Destination, layers, index, headers);
                _transport.Within(ip.Source, ip.Destination, ip.MoreFragments || ip.FragmentOffset > 0);
                break;
            case LayerKind.Ipv6 when Ipv6View.TryRead(bytes, out Ipv6View ip):
                Name(ref line, "IP6 "u8, Ink.Blue);
                if (options.Verbosity > 0)
                {
                    line.Append('(');
                    ip.AppendTo(ref line);
                    line.Append(") "u8);
                }
                AppendEndpoints(ref line, ip.Source, ip.Destination, layers, index, headers);
                _transport.Within(ip.Source, ip.Destination, isFragment: false);
                break;
            case LayerKind.Arp when ArpView.TryRead(bytes, out ArpView arp):
                AppendArp(ref line, arp);
                break;
            case LayerKind.Ipv6Fragment when Ipv6FragmentView.TryRead(bytes, out Ipv6FragmentView fragment):
                AppendFragment(ref line, layer, fragment);
                _transport.InPieces();
                break;
            case LayerKind.Ipv6Routing:
                _transport.InPieces(); // the checksum covers a destination that is elsewhere
                LinkText.Append(ref line, layer, bytes);
                break;
            case LayerKind.Tcp or LayerKind.Udp or LayerKind.Icmp or LayerKind.Icmpv6 or LayerKind.Igmp:
                if (index > 0 && IsExtension(layers[index - 1].Kind)) AppendPortsAlone(ref line, layer, headers);
                _transport.Append(ref line, layer, bytes, headers);
                break;
            default:
                LinkText.Append(ref line, layer, bytes);
                break;
        }
    }

    /// <summary>Not beyond the enclosing length: what was fetched of a trailer, or by somebody else, must not show.</summary>
    private static ReadOnlySpan<byte> BytesOf(scoped in Layer layer, scoped in PacketHeaders headers)
    {
        ReadOnlySpan<byte> bytes = headers.BytesOf(layer);
        return bytes[..Math.Clamp(layer.End - layer.Offset, 0, bytes.Length)];
    }

    /// <summary>Whether nothing but Ethernet and tags is left.</summary>
    private static bool EndsInLink(scoped ReadOnlySpan<Layer> layers, int index)
    {
        for (index++; index < layers.Length; index++)
        {
            if (layers[index].Kind != LayerKind.Vlan) return false;
        }
        return true;
    }

    private static bool IsExtension(LayerKind kind) =>
        kind is LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions or LayerKind.Ipv6Routing or LayerKind.Ipv6Fragment or LayerKind.Authentication;

    private static ReadOnlySpan<byte> SeparatorAfter(LayerKind kind) => kind switch
    {
        LayerKind.Ipv4 or LayerKind.Ipv6 or LayerKind.Authentication => ": "u8,
        LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions or LayerKind.Ipv6Routing or LayerKind.Ipv6Fragment => " "u8,
        _ => ", "u8,
    };

    private static void AppendLength(ref LineWriter line, in Layer last, in PacketHeaders headers)
    {
        switch (last.Kind)
        {
            case LayerKind.Tcp or LayerKind.Udp or LayerKind.Icmp or LayerKind.Icmpv6 or LayerKind.Igmp or LayerKind.Ipv6Fragment or LayerKind.Ethernet or LayerKind.Vlan:
                return;
            case LayerKind.Ipv4 when Ipv4View.TryRead(BytesOf(last, headers), out Ipv4View ip) && EndsAsItShould(headers):
                AppendProtocol(ref line, ip.Protocol, ip.FragmentOffset > 0 ? -1 : last.PayloadLength);
                return;
            case LayerKind.Ipv6 when Ipv6View.TryRead(BytesOf(last, headers), out Ipv6View ip) && EndsAsItShould(headers):
                if (ip.NextHeader == IpProtocol.NoNext) line.Append(": no next header"u8);
                else AppendProtocol(ref line, ip.NextHeader, last.PayloadLength);
                return;
            default:
                line.Append(", length "u8);
                line.Append(last.Kind == LayerKind.Arp ? Math.Max(0, headers.Info.WireLength - last.Offset) : last.PayloadLength);
                return;
        }
    }

    /// <summary>Whether the walk ended because there is no header that is known, and not because one is broken.</summary>
    private static bool EndsAsItShould(in PacketHeaders headers) => headers.Notes.IsEmpty || headers.Notes[^1].Code == NoteCode.Unsupported;

    private static void AppendProtocol(ref LineWriter line, IpProtocol protocol, int length)
    {
        line.Append(length < 0 ? ": ip-proto-"u8 : ":  ip-proto-"u8);
        line.Append((byte)protocol);
        if (length < 0) return;
        line.Append(' ');
        line.Append(length);
    }

    private void Verbose(ref LineWriter line, Ipv4View ip, in PacketHeaders headers, int index)
    {
        line.Append('(');
        ip.AppendTo(ref line);
        foreach (Note note in headers.Notes)
        {
            if (note.Code != NoteCode.BadChecksum || note.LayerIndex != index) continue;
            line.Append(", bad cksum "u8);
            line.AppendHex(ip.Checksum);
            line.Append('!');
        }
        line.Append(")\n    "u8);
    }

    private void AppendArp(ref LineWriter line, ArpView arp)
    {
        Name(ref line, "ARP, "u8, Ink.Yellow);
        if (options.Verbosity > 0 && arp.IsEthernetIpv4) line.Append("Ethernet (len 6), IPv4 (len 4), "u8);
        arp.AppendOperationTo(ref line);
    }

    private void AppendFragment(ref LineWriter line, in Layer layer, Ipv6FragmentView fragment)
    {
        line.Append("frag ("u8);
        if (options.Verbosity > 0)
        {
            line.Append("0x"u8);
            line.AppendHex(fragment.Identification, 8);
            line.Append(':');
        }
        line.Append(fragment.FragmentOffset);
        line.Append('|');
        line.Append(layer.PayloadLength);
        line.Append(')');
    }

    private void Name(ref LineWriter line, ReadOnlySpan<byte> name, byte color)
    {
        if (options.LinkHeader) return; // the EtherType said it
        Ink.Begin(ref line, options.Color, color);
        line.Append(name);
        Ink.End(ref line, options.Color);
    }

    /// <summary>Addresses with the ports of the transport header, if it is the next.</summary>
    private static void AppendEndpoints(ref LineWriter line, IpAddress source, IpAddress destination, scoped ReadOnlySpan<Layer> layers, int index, in PacketHeaders headers)
    {
        bool hasPorts = TryPorts(layers, index + 1, headers, out ReadOnlySpan<byte> ports);
        line.Append(source);
        if (hasPorts) Port(ref line, ports);
        line.Append(" > "u8);
        line.Append(destination);
        if (hasPorts) Port(ref line, ports[2..]);
    }

    /// <summary>Behind extension headers the ports stand alone.</summary>
    private static void AppendPortsAlone(ref LineWriter line, in Layer layer, in PacketHeaders headers)
    {
        if (!TryPorts([layer], 0, headers, out ReadOnlySpan<byte> ports)) return;
        line.Append(ports[0] << 8 | ports[1]);
        line.Append(" > "u8);
        line.Append(ports[2] << 8 | ports[3]);
        line.Append(": "u8);
    }

    private static bool TryPorts(scoped ReadOnlySpan<Layer> layers, int index, scoped in PacketHeaders headers, out ReadOnlySpan<byte> ports)
    {
        bool hasPorts = index < layers.Length && layers[index].Kind is LayerKind.Tcp or LayerKind.Udp && headers.BytesOf(layers[index]).Length >= 4;
        ports = hasPorts ? headers.BytesOf(layers[index]) : default;
        return hasPorts;
    }

    private static void Port(ref LineWriter line, ReadOnlySpan<byte> bytes)
    {
        line.Append('.');
        line.Append(bytes[0] << 8 | bytes[1]);
    }
}
