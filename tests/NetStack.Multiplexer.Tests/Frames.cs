using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

/// <summary>Frames for tests, with right lengths and, where it matters, right checksums.</summary>
internal static class Frames
{
    public static readonly MacAddress NicMac = new(0x02_00_00_00_00_01);
    public static readonly MacAddress Peer = new(0x02_00_00_00_00_99);
    public static readonly IpAddress PeerV4 = IpAddress.Parse("10.0.0.99");
    public static readonly IpAddress PeerV6 = IpAddress.Parse("fd00::99");

    public static MacAddress Mac(int number) => new(0x02_00_00_00_10_00UL + (ulong)number);

    public static IpAddress V4(int number) => IpAddress.V4(0x0A_00_00_00u + (uint)number);

    public static IpAddress V6(int number) => IpAddress.V6(((UInt128)0xFD00 << 112) + (uint)number);

    public static byte[] Ethernet(MacAddress to, EtherType type, ReadOnlySpan<byte> payload, MacAddress? from = null)
    {
        byte[] frame = new byte[14 + payload.Length];
        new EthernetHeader(to, from ?? Peer, type).Write(frame);
        payload.CopyTo(frame.AsSpan(14));
        return frame;
    }

    public static byte[] Tagged(byte[] frame, ushort vlan)
    {
        byte[] tagged = new byte[frame.Length + 4];
        frame.AsSpan(0, 12).CopyTo(tagged);
        tagged[12] = 0x81;
        BinaryPrimitives.WriteUInt16BigEndian(tagged.AsSpan(14), vlan);
        frame.AsSpan(12).CopyTo(tagged.AsSpan(16));
        return tagged;
    }

    public static byte[] Ip(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> payload, int fragment = 0, ushort id = 0)
    {
        if (source.IsV6) return Ip6(source, destination, protocol, payload);
        byte[] packet = new byte[20 + payload.Length];
        packet[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), id);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), (ushort)fragment);
        packet[8] = 64;
        packet[9] = (byte)protocol;
        source.Write(packet.AsSpan(12));
        destination.Write(packet.AsSpan(16));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), InternetChecksum.Compute(packet.AsSpan(0, 20)));
        payload.CopyTo(packet.AsSpan(20));
        return packet;
    }

    public static byte[] Ip6(IpAddress source, IpAddress destination, IpProtocol next, ReadOnlySpan<byte> payload)
    {
        byte[] packet = new byte[40 + payload.Length];
        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), (ushort)payload.Length);
        packet[6] = (byte)next;
        packet[7] = 255;
        source.Write(packet.AsSpan(8));
        destination.Write(packet.AsSpan(24));
        payload.CopyTo(packet.AsSpan(40));
        return packet;
    }

    /// <summary>A transport header of the given size that begins with ports, then payload.</summary>
    public static byte[] Segment(ushort sourcePort, ushort destinationPort, int headerSize, ReadOnlySpan<byte> payload)
    {
        byte[] segment = new byte[headerSize + payload.Length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), destinationPort);
        if (headerSize == 8) BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(4), (ushort)segment.Length);
        else segment[12] = (byte)(headerSize / 4 << 4);
        payload.CopyTo(segment.AsSpan(headerSize));
        return segment;
    }

    public static byte[] Udp(MacAddress to, IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, ReadOnlySpan<byte> payload,
        MacAddress? from = null) =>
        Ethernet(to, source.IsV6 ? EtherType.Ipv6 : EtherType.Ipv4,
            Ip(source, destination, IpProtocol.Udp, Segment(sourcePort, destinationPort, 8, payload)), from);

    public static byte[] Tcp(MacAddress to, IpAddress source, ushort sourcePort, IpAddress destination, ushort destinationPort, ReadOnlySpan<byte> payload,
        MacAddress? from = null) =>
        Ethernet(to, source.IsV6 ? EtherType.Ipv6 : EtherType.Ipv4,
            Ip(source, destination, IpProtocol.Tcp, Segment(sourcePort, destinationPort, 20, payload)), from);

    public static byte[] Arp(ushort operation, MacAddress to, MacAddress senderMac, IpAddress sender, IpAddress target, MacAddress? from = null)
    {
        byte[] arp = new byte[28];
        new ArpHeader(operation, senderMac, sender, default, target).Write(arp);
        return Ethernet(to, EtherType.Arp, arp, from ?? senderMac);
    }

    public static byte[] ArpRequest(IpAddress sender, IpAddress target) => Arp(1, MacAddress.Broadcast, Peer, sender, target);

    /// <summary>ICMP "port unreachable" that quotes a packet.</summary>
    public static byte[] Unreachable(MacAddress to, IpAddress source, IpAddress destination, ReadOnlySpan<byte> quoted)
    {
        byte[] message = new byte[8 + quoted.Length];
        message[0] = source.IsV6 ? (byte)1 : (byte)3;
        message[1] = source.IsV6 ? (byte)4 : (byte)3;
        quoted.CopyTo(message.AsSpan(8));
        return Ethernet(to, source.IsV6 ? EtherType.Ipv6 : EtherType.Ipv4,
            Ip(source, destination, source.IsV6 ? IpProtocol.Icmpv6 : IpProtocol.Icmp, message));
    }

    public static byte[] Neighbor(byte type, MacAddress to, IpAddress source, IpAddress destination, IpAddress target, MacAddress link, MacAddress? from = null)
    {
        byte[] message = new byte[NeighborMessage.Size];
        new NeighborMessage(type, target, link).Write(message);
        return Ethernet(to, EtherType.Ipv6, Ip6(source, destination, IpProtocol.Icmpv6, message), from ?? link);
    }

    /// <summary>The last <paramref name="count"/> bytes say whose frame it is.</summary>
    public static byte[] Payload(int count, byte value)
    {
        byte[] payload = new byte[count];
        payload.AsSpan().Fill(value);
        return payload;
    }
}
