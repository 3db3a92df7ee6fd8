using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>The headers of the packet that an ICMP error quotes: IP, its extension headers, and TCP, UDP or ICMP as far as quoted.</summary>
/// <param name="map">Takes them.</param>
/// <param name="snapshot">The packet that holds the error.</param>
/// <param name="end">Where the quoted bytes end.</param>
/// <param name="knownOnly">Whether a header that is cut short is left out.</param>
internal readonly ref struct QuotedPart(HeaderMap map, HeaderSnapshot snapshot, int end, bool knownOnly)
{
    /// <summary>The most headers that are taken.</summary>
    internal const int MaxParts = 10;

    private const int MaxExtensions = 6;

    /// <summary>Takes the headers from a place on.</summary>
    internal void Add(int at)
    {
        ReadOnlySpan<byte> bytes = Bytes(at, 1);
        if (bytes.IsEmpty) return;
        if (bytes[0] >> 4 == 4) AddV4(at);
        else if (bytes[0] >> 4 == 6) AddV6(at);
    }

    private void AddV4(int at)
    {
        ReadOnlySpan<byte> bytes = Bytes(at, Ipv4View.MinSize);
        if (!TryKeep(LayerKind.Ipv4, at, Ipv4View.MinSize, bytes.Length)) return;
        Ipv4View.TryRead(bytes, out Ipv4View ip);
        int length = ip.HeaderLength;
        if (length < Ipv4View.MinSize || Bytes(at, length).Length < length) return; // the fixed part is kept
        IpProtocol protocol = ip.Protocol;
        bool isFirst = ip.FragmentOffset == 0;
        map.Lengthen(length);
        if (isFirst) AddTransport(protocol, at + length);
    }

    private void AddV6(int at)
    {
        ReadOnlySpan<byte> bytes = Bytes(at, Ipv6View.Size);
        if (!TryKeep(LayerKind.Ipv6, at, Ipv6View.Size, bytes.Length)) return;
        IpProtocol next = (IpProtocol)bytes[6];
        at += Ipv6View.Size;
        for (int i = 0; i < MaxExtensions; i++)
        {
            LayerKind kind = next switch
            {
                IpProtocol.HopByHop => LayerKind.Ipv6HopByHop,
                IpProtocol.DestinationOptions => LayerKind.Ipv6DestinationOptions,
                IpProtocol.Routing => LayerKind.Ipv6Routing,
                IpProtocol.Fragment => LayerKind.Ipv6Fragment,
                IpProtocol.Ah => LayerKind.Authentication,
                _ => LayerKind.None,
            };
            if (kind == LayerKind.None) break;
            bytes = Bytes(at, 8);
            if (bytes.Length < 8) return;
            int length = kind == LayerKind.Ipv6Fragment ? 8 : kind == LayerKind.Authentication ? (bytes[1] + 2) * 4 : (bytes[1] + 1) * 8;
            next = (IpProtocol)bytes[0];
            bool isLater = kind == LayerKind.Ipv6Fragment && HeaderMap.U16(bytes, 2) >> 3 != 0;
            if (Bytes(at, length).Length < length) return;
            map.Add(kind, at, length, end);
            at += length;
            if (isLater) return;
        }
        AddTransport(next, at);
    }

    private void AddTransport(IpProtocol protocol, int at)
    {
        switch (protocol)
        {
            case IpProtocol.Tcp:
                ReadOnlySpan<byte> tcp = Bytes(at, TcpView.MinSize);
                int claimed = tcp.Length < TcpView.MinSize ? 0 : (tcp[12] >> 4) * 4;
                int length = claimed <= TcpView.MinSize ? tcp.Length : Bytes(at, claimed).Length;
                if (knownOnly && length < claimed) length = TcpView.MinSize; // options that are cut may end in an address
                map.Add(LayerKind.Tcp, at, length, end);
                break;
            case IpProtocol.Udp:
                map.Add(LayerKind.Udp, at, Bytes(at, UdpView.Size).Length, end);
                break;
            case IpProtocol.Icmp:
                map.Add(LayerKind.Icmp, at, Bytes(at, IcmpView.FullSize).Length, end);
                break;
            case IpProtocol.Icmpv6:
                map.Add(LayerKind.Icmpv6, at, Bytes(at, Icmpv6View.FullSize).Length, end);
                break;
            default:
                break;
        }
    }

    private bool TryKeep(LayerKind kind, int at, int size, int available)
    {
        if (available >= size || !knownOnly) map.Add(available >= size ? kind : LayerKind.None, at, Math.Min(size, available), end);
        return available >= size;
    }

    /// <summary>Private bytes from a place on, as many as wanted or as are there.</summary>
    private ReadOnlySpan<byte> Bytes(int at, int wanted)
    {
        int until = Math.Min(at + wanted, end);
        return until <= at ? default : snapshot.Require(until)[at..until];
    }
}
