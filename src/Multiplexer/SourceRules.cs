using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>
/// What a client may send: frames from its own MAC and IP addresses, whose headers can be read. The bytes judged here are the
/// multiplexer's own, and the very ones that are sent.
/// </summary>
/// <remarks>Only ARP, IPv4 and IPv6 pass, directly or behind VLAN tags: every other encapsulation could carry a forged source
/// where this cannot see it. What is inside an IP tunnel is not looked at.</remarks>
internal static class SourceRules
{
    /// <summary>Why a frame must not be sent, or null.</summary>
    internal static DropReason? Check(MultiplexerPort port, ReadOnlySpan<byte> headers)
    {
        if (port.SourceCheck == SourceCheck.None) return null;
        FrameKey key = FrameKey.Read(headers, port.Info.LinkType);
        if (port.Info.LinkType == LinkType.Ethernet)
        {
            if (!key.HasMac) return DropReason.MalformedHeaders;
            if (key.SourceMac != port.Mac) return DropReason.SpoofedSource;
        }
        if (key.EtherType == EtherType.Arp) return CheckArp(port, key, headers);
        return key.IsIp ? CheckIp(port, key, headers) : DropReason.MalformedHeaders;
    }

    private static DropReason? CheckArp(MultiplexerPort port, in FrameKey key, ReadOnlySpan<byte> headers)
    {
        if (key.Source.IsNone || !ArpView.TryRead(headers[key.NetworkOffset..], out ArpView arp)) return DropReason.MalformedHeaders;
        bool own = port.IsRouter || key.Source.IsUnspecified || port.Owns(key.Source);
        return own && arp.SenderMac == port.Mac ? null : DropReason.SpoofedSource;
    }

    private static DropReason? CheckIp(MultiplexerPort port, in FrameKey key, ReadOnlySpan<byte> headers)
    {
        if (!IsWhole(key, headers)) return DropReason.MalformedHeaders;
        if (port.IsRouter) return null;
        if (!port.Owns(key.Source) && !MayBeUnspecified(key)) return DropReason.SpoofedSource;
        bool neighbor = key is { Protocol: IpProtocol.Icmpv6, TransportOffset: >= 0 }
            && headers[key.TransportOffset] is >= NdpView.RouterSolicitation and <= NdpView.Redirect;
        return neighbor ? CheckNeighbor(port, key, headers) : null;
    }

    /// <summary>Whether every header up to the transport's lies in the private bytes, so that none can change after this.</summary>
    private static bool IsWhole(in FrameKey key, ReadOnlySpan<byte> headers)
    {
        if (key.EtherType == EtherType.Ipv4 && headers.Length < key.NetworkOffset + (headers[key.NetworkOffset] & 15) * 4) return false;
        if (key.IsLaterFragment) return true;
        return key.Protocol switch
        {
            IpProtocol.HopByHop or IpProtocol.Routing or IpProtocol.DestinationOptions or IpProtocol.Fragment => false, // its chain goes on in the body
            IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Icmp or IpProtocol.Icmpv6 => key.TransportOffset >= 0,
            _ => true,
        };
    }

    /// <summary>A host without an address asks for one by DHCP (RFC 2131), or by neighbour discovery and MLD (RFC 4862, RFC 3590).</summary>
    private static bool MayBeUnspecified(in FrameKey key) =>
        key.Source.IsUnspecified && (key.Source.IsV4
            ? key is { Protocol: IpProtocol.Udp, SourcePort: 68, DestinationPort: 67 } && key.Destination.IsLimitedBroadcast
            : key.Protocol == IpProtocol.Icmpv6);

    /// <summary>Neighbour discovery (RFC 4861) names addresses a second time: those have to be the port's own too.</summary>
    private static DropReason? CheckNeighbor(MultiplexerPort port, in FrameKey key, ReadOnlySpan<byte> headers)
    {
        int payload = headers[key.NetworkOffset + 4] << 8 | headers[key.NetworkOffset + 5];
        if (headers.Length < key.NetworkOffset + Ipv6View.Size + payload) return DropReason.MalformedHeaders;
        if (!NdpView.TryRead(headers[key.TransportOffset..], out NdpView message)) return DropReason.MalformedHeaders;
        if (message.Type is NdpView.RouterAdvertisement or NdpView.Redirect) return DropReason.SpoofedSource;
        if (message.Type == NdpView.NeighborAdvertisement && !port.Owns(message.Target)) return DropReason.SpoofedSource;
        for (ReadOnlySpan<byte> options = message.Options; options.Length >= 8;)
        {
            int size = options[1] * 8;
            if (size == 0 || size > options.Length) return DropReason.MalformedHeaders;
            if (options[0] is 1 or 2 && MacAddress.Read(options[2..]) != port.Mac) return DropReason.SpoofedSource;
            options = options[size..];
        }
        return null;
    }
}
