using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What the quick path made of a packet.</summary>
internal enum PlainPacket
{
    /// <summary>It is not plain: the general decoder has to look.</summary>
    Other,

    /// <summary>It has one TCP or UDP header.</summary>
    HasFlow,

    /// <summary>It has none.</summary>
    HasNone,
}

/// <summary>
/// Reads the conversation of the packets that captures are full of: Ethernet, VLAN tags, IPv4 or IPv6 without extension headers, TCP
/// or UDP, all lengths right. Of those it says exactly what <see cref="PacketHeaders"/> says; all others it leaves to that.
/// </summary>
internal static class PlainHeaders
{
    /// <summary>Looks at a packet.</summary>
    /// <param name="snapshot">Its snapshot.</param>
    /// <param name="info">What else is known of it.</param>
    /// <param name="facts">Empty facts, filled in where it has a flow.</param>
    internal static PlainPacket Read(HeaderSnapshot snapshot, in PacketInfo info, ref FlowFacts facts)
    {
        if (info.LinkType != LinkType.Ethernet) return PlainPacket.Other;
        ReadOnlySpan<byte> bytes = snapshot.Require(HeaderLine.Size);
        int at = EthernetView.Size;
        if (bytes.Length < at) return PlainPacket.Other;
        EtherType type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]);
        while (type is EtherType.Vlan or EtherType.ServiceVlan && at + VlanView.Size <= bytes.Length)
        {
            type = (EtherType)BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
            at += VlanView.Size;
        }
        int end = Math.Max(info.WireLength, snapshot.FrameLength);
        PlainPacket plain = type switch
        {
            EtherType.Ipv4 => Ipv4(snapshot, at, end, ref facts),
            EtherType.Ipv6 => Ipv6(snapshot, at, end, ref facts),
            EtherType.Arp => PlainPacket.HasNone,
            _ => PlainPacket.Other,
        };
        if (plain == PlainPacket.HasFlow) facts.SetInfo(info);
        return plain;
    }

    private static PlainPacket Ipv4(HeaderSnapshot snapshot, int at, int end, ref FlowFacts facts)
    {
        ReadOnlySpan<byte> bytes = snapshot.Require(at + Ipv4View.MinSize);
        if (bytes.Length < at + Ipv4View.MinSize) return PlainPacket.Other;
        ReadOnlySpan<byte> ip = bytes.Slice(at, Ipv4View.MinSize);
        int length = (ip[0] & 15) * 4;
        int total = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        int fragment = BinaryPrimitives.ReadUInt16BigEndian(ip[6..]) & 0x3FFF; // more fragments, and the offset
        if (ip[0] >> 4 != 4 || length < Ipv4View.MinSize || total < length || total > end - at || fragment != 0) return PlainPacket.Other;
        PlainPacket plain = Transport(snapshot, (IpProtocol)ip[9], at + length, at + total, ref facts);
        if (plain == PlainPacket.HasFlow) facts.SetIpv4(ip);
        return plain;
    }

    private static PlainPacket Ipv6(HeaderSnapshot snapshot, int at, int end, ref FlowFacts facts)
    {
        ReadOnlySpan<byte> bytes = snapshot.Require(at + Ipv6View.Size);
        if (bytes.Length < at + Ipv6View.Size) return PlainPacket.Other;
        ReadOnlySpan<byte> ip = bytes.Slice(at, Ipv6View.Size);
        int payload = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        if (ip[0] >> 4 != 6 || payload == 0 || payload > end - at - Ipv6View.Size) return PlainPacket.Other;
        PlainPacket plain = Transport(snapshot, (IpProtocol)ip[6], at + Ipv6View.Size, at + Ipv6View.Size + payload, ref facts);
        if (plain == PlainPacket.HasFlow) facts.SetIpv6(ip);
        return plain;
    }

    private static PlainPacket Transport(HeaderSnapshot snapshot, IpProtocol protocol, int at, int end, ref FlowFacts facts)
    {
        bool isTcp = protocol == IpProtocol.Tcp;
        if (!isTcp && protocol != IpProtocol.Udp) return protocol is IpProtocol.Icmp or IpProtocol.Icmpv6 or IpProtocol.Igmp ? PlainPacket.HasNone : PlainPacket.Other;
        int size = isTcp ? TcpView.MinSize : UdpView.Size;
        if (end - at < size) return PlainPacket.Other;
        ReadOnlySpan<byte> bytes = snapshot.Require(at + size);
        if (bytes.Length < at + size) return PlainPacket.Other;
        bytes = bytes.Slice(at, size);
        int length = isTcp ? (bytes[12] >> 4) * 4 : BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (length < size || length > end - at) return PlainPacket.Other;
        if (isTcp)
        {
            if (length > snapshot.FrameLength - at) return PlainPacket.Other; // options that were not captured
            facts.PayloadLength = end - at - length;
        }
        else
        {
            if (IsTunnel(BinaryPrimitives.ReadUInt16BigEndian(bytes)) || IsTunnel(BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]))) return PlainPacket.Other;
            facts.PayloadLength = length - UdpView.Size;
        }
        facts.SetTransport(bytes, isTcp);
        return PlainPacket.HasFlow;
    }

    private static bool IsTunnel(ushort port) => port is VxlanView.Port or GeneveView.Port or GtpView.Port;
}
