using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>A fragment in a packet.</summary>
/// <param name="Info">What it says of itself.</param>
/// <param name="Protocol">What the datagram carries.</param>
/// <param name="IpOffset">Where its IP header begins.</param>
/// <param name="HeaderEnd">Where the headers end that the datagram has too.</param>
/// <param name="NextHeaderAt">Where, in IPv6, what follows the fragment header is to be named; negative in IPv4.</param>
/// <param name="PayloadOffset">Where its bytes begin.</param>
/// <param name="End">Where they end by its length.</param>
/// <param name="IsSound">Whether its header's checksum is right.</param>
internal readonly record struct FoundFragment(FragmentInfo Info, IpProtocol Protocol, int IpOffset, int HeaderEnd, int NextHeaderAt, int PayloadOffset, int End, bool IsSound);

/// <summary>Finds the outermost fragment in a packet.</summary>
internal static class FragmentFinder
{
    internal static bool TryFind(in PacketHeaders packet, out FoundFragment fragment)
    {
        ReadOnlySpan<Layer> layers = packet.Layers;
        int ip = -1;
        for (int i = 0; i < layers.Length; i++)
        {
            if (layers[i].Kind == LayerKind.Ipv6) ip = i;
            if (!layers[i].IsWhole) break;
            if (layers[i].Kind == LayerKind.Ipv4 && TryReadV4(packet, layers[i], out fragment)) return true;
            if (layers[i].Kind == LayerKind.Ipv6Fragment && ip >= 0 && TryReadV6(packet, ip, i, out fragment)) return true;
        }
        fragment = default;
        return false;
    }

    private static bool TryReadV4(in PacketHeaders packet, in Layer layer, out FoundFragment fragment)
    {
        Ipv4View.TryRead(packet.BytesOf(layer), out Ipv4View ip);
        FragmentInfo info = new(new FragmentKey(ip.Source, ip.Destination, ip.Identification, ip.Protocol, 0), ip.FragmentOffset, ip.MoreFragments);
        fragment = new FoundFragment(info, ip.Protocol, layer.Offset, layer.PayloadOffset, -1, layer.PayloadOffset, layer.Offset + ip.TotalLength, ip.IsChecksumRight);
        return info.MoreFragments || info.Offset > 0;
    }

    private static bool TryReadV6(in PacketHeaders packet, int network, int index, out FoundFragment fragment)
    {
        Layer layer = packet.Layers[index];
        Layer around = packet.Layers[network];
        Ipv6View.TryRead(packet.BytesOf(around), out Ipv6View ip);
        Ipv6FragmentView.TryRead(packet.BytesOf(layer), out Ipv6FragmentView header);
        FragmentInfo info = new(new FragmentKey(ip.Source, ip.Destination, header.Identification, 0, 0), header.FragmentOffset, header.MoreFragments);
        int namedAt = index == network + 1 ? around.Offset + 6 : packet.Layers[index - 1].Offset;
        fragment = new FoundFragment(info, header.NextHeader, around.Offset, layer.Offset, namedAt, layer.PayloadOffset, around.Offset + Ipv6View.Size + ip.PayloadLength, true);
        return info.MoreFragments || info.Offset > 0;
    }
}
