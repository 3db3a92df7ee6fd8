using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// The headers that an ICMP error quotes, as far as RFC 792 promises: an IP header and eight bytes. Their fields count like those of
/// any inner header, as in Wireshark; the packet's layers do not have them.
/// </summary>
internal static class QuotedHeaders
{
    /// <summary>The most that are found.</summary>
    internal const int MaxLayers = 2;

    private const int Transport = 8;

    internal static int Find(in PacketHeaders headers, Span<Layer> found)
    {
        ReadOnlySpan<Layer> layers = headers.Layers;
        if (layers.IsEmpty || layers[^1].Kind is not (LayerKind.Icmp or LayerKind.Icmpv6)) return 0;
        Layer icmp = layers[^1];
        ReadOnlySpan<byte> message = headers.BytesOf(icmp);
        message = message[..Math.Clamp(icmp.End - icmp.Offset, 0, message.Length)];
        int at = IcmpView.FullSize;
        if (message.Length <= at) return 0;
        if (icmp.Kind == LayerKind.Icmp) return IcmpView.TryRead(message, out IcmpView v4) && v4.IsError ? Ipv4(message, at, icmp.Offset, found) : 0;
        return Icmpv6View.TryRead(message, out Icmpv6View v6) && v6.IsError ? Ipv6(message, at, icmp.Offset, found) : 0;
    }

    private static int Ipv4(ReadOnlySpan<byte> message, int at, int origin, Span<Layer> found)
    {
        int end = Math.Min(message.Length, at + Ipv4View.MinSize + Transport);
        if (end - at < Ipv4View.MinSize || !Ipv4View.TryRead(message[at..end], out Ipv4View ip) || ip.Version != 4) return 0;
        found[0] = new Layer(LayerKind.Ipv4, false, origin + at, Ipv4View.MinSize, origin + end);
        if (ip.HeaderLength != Ipv4View.MinSize || ip.FragmentOffset > 0) return 1;
        return TransportOf(ip.Protocol, at + Ipv4View.MinSize, end, origin, found);
    }

    private static int Ipv6(ReadOnlySpan<byte> message, int at, int origin, Span<Layer> found)
    {
        int end = Math.Min(message.Length, at + Ipv6View.Size + Transport);
        if (end - at < Ipv6View.Size || !Ipv6View.TryRead(message[at..end], out Ipv6View ip) || ip.Version != 6) return 0;
        found[0] = new Layer(LayerKind.Ipv6, false, origin + at, Ipv6View.Size, origin + end);
        return TransportOf(ip.NextHeader, at + Ipv6View.Size, end, origin, found);
    }

    private static int TransportOf(IpProtocol protocol, int at, int end, int origin, Span<Layer> found)
    {
        LayerKind kind = protocol switch
        {
            IpProtocol.Tcp => LayerKind.Tcp,
            IpProtocol.Udp => LayerKind.Udp,
            IpProtocol.Icmp => LayerKind.Icmp,
            IpProtocol.Icmpv6 => LayerKind.Icmpv6,
            _ => LayerKind.None,
        };
        if (kind == LayerKind.None || at >= end) return 1;
        found[1] = new Layer(kind, false, origin + at, end - at, origin + end);
        return 2;
    }
}
