using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>
/// The headers of an IPv6 packet up to the upper-layer one, as far as they can be seen, without judging them: for quotes in ICMP
/// errors, and for the rule that a first fragment holds them all.
/// </summary>
/// <param name="Protocol">The upper-layer protocol, or the header where the walk ended.</param>
/// <param name="Offset">Where it begins, in bytes from where the walk began.</param>
/// <param name="IsWhole">Whether the walk reached the upper-layer header.</param>
/// <param name="IsLaterFragment">Whether a fragment header says that the upper-layer header is in another fragment.</param>
internal readonly record struct Ipv6Chain(IpProtocol Protocol, int Offset, bool IsWhole, bool IsLaterFragment)
{
    private const int MaxHeaders = 16;

    /// <summary>Walks.</summary>
    /// <param name="bytes">What follows the header that named <paramref name="next"/>.</param>
    /// <param name="next">The first header in <paramref name="bytes"/>.</param>
    internal static Ipv6Chain Walk(scoped InboundBytes bytes, IpProtocol next)
    {
        int offset = 0;
        for (int i = 0; i < MaxHeaders; i++)
        {
            if (!IsExtension(next)) return new(next, offset, bytes.Length >= offset + MinSizeOf(next), false);
            ReadOnlySpan<byte> header = bytes.Slice(offset).Require(Ipv6ExtensionView.MinSize);
            if (header.Length < Ipv6ExtensionView.MinSize) break;
            int length = next == IpProtocol.Fragment ? Ipv6FragmentView.Size : (header[1] + 1) * 8;
            if (length > bytes.Length - offset) break;
            if (next == IpProtocol.Fragment && Ipv6FragmentView.TryRead(header, out Ipv6FragmentView fragment) && fragment.FragmentOffset != 0)
                return new(fragment.NextHeader, offset + length, false, true);
            next = (IpProtocol)header[0];
            offset += length;
        }
        return new(next, offset, false, false);
    }

    private static bool IsExtension(IpProtocol next) =>
        next is IpProtocol.HopByHop or IpProtocol.Routing or IpProtocol.Fragment or IpProtocol.DestinationOptions;

    private static int MinSizeOf(IpProtocol protocol) => protocol switch
    {
        IpProtocol.Tcp => TcpView.MinSize,
        IpProtocol.Udp => UdpView.Size,
        IpProtocol.Icmpv6 => Icmpv6View.MinSize,
        _ => 0,
    };
}
