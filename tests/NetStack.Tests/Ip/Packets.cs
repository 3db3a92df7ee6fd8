using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tests.Ip;

/// <summary>Packets as bytes.</summary>
internal static class Packets
{
    internal static byte[] V4(IpProtocol protocol, ReadOnlySpan<byte> payload, IpAddress source = default, IpAddress destination = default,
        byte[]? options = null, ushort id = 7, int offset = 0, bool more = false, byte ttl = 64, byte tos = 0)
    {
        options ??= [];
        byte[] packet = new byte[20 + options.Length + payload.Length];
        new Ipv4Header(source.IsNone ? TestHost.Peer4 : source, destination.IsNone ? TestHost.Us4 : destination, protocol, (ushort)packet.Length)
        {
            Identification = id,
            FragmentOffset = offset,
            MoreFragments = more,
            Ttl = ttl,
            TypeOfService = tos,
        }.Write(packet, options);
        payload.CopyTo(packet.AsSpan(20 + options.Length));
        return packet;
    }

    internal static byte[] V6(IpProtocol next, ReadOnlySpan<byte> payload, IpAddress source = default, IpAddress destination = default,
        byte hopLimit = 64, byte trafficClass = 0)
    {
        byte[] packet = new byte[40 + payload.Length];
        new Ipv6Header(source.IsNone ? TestHost.Peer6 : source, destination.IsNone ? TestHost.Us6 : destination, next, (ushort)payload.Length)
        {
            HopLimit = hopLimit,
            TrafficClass = trafficClass,
        }.Write(packet);
        payload.CopyTo(packet.AsSpan(40));
        return packet;
    }

    /// <summary>A packet of the family of its addresses.</summary>
    internal static byte[] Of(IpProtocol protocol, ReadOnlySpan<byte> payload, IpAddress source, IpAddress destination) =>
        source.IsV4 ? V4(protocol, payload, source, destination) : V6(protocol, payload, source, destination);

    /// <summary>An IPv6 fragment.</summary>
    internal static byte[] Fragment6(ReadOnlySpan<byte> payload, int offset, bool more, IpProtocol next = IpProtocol.Udp, uint id = 7, byte[]? before = null, byte trafficClass = 0)
    {
        before ??= [];
        byte[] rest = new byte[before.Length + 8 + payload.Length];
        before.CopyTo(rest, 0);
        new Ipv6FragmentHeader(next, offset, more, id).Write(rest.AsSpan(before.Length));
        payload.CopyTo(rest.AsSpan(before.Length + 8));
        return V6(before.Length > 0 ? IpProtocol.DestinationOptions : IpProtocol.Fragment, rest, trafficClass: trafficClass);
    }

    /// <summary>An options or routing header.</summary>
    internal static byte[] Extension(IpProtocol next, params byte[] content)
    {
        byte[] header = new byte[(content.Length + 2 + 7) / 8 * 8];
        new Ipv6ExtensionHeader(next).Write(header, content);
        return header;
    }

    internal static byte[] Udp(ushort from, ushort to, ReadOnlySpan<byte> payload, IpAddress source = default, IpAddress destination = default)
    {
        if (source.IsNone) source = TestHost.Peer4;
        if (destination.IsNone) destination = source.IsV4 ? TestHost.Us4 : TestHost.Us6;
        byte[] segment = new byte[8 + payload.Length];
        new UdpHeader(from, to, (ushort)segment.Length).Write(segment);
        payload.CopyTo(segment.AsSpan(8));
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(6), PseudoHeader.Checksum(source, destination, IpProtocol.Udp, segment));
        return segment;
    }

    /// <summary>An ICMP or ICMPv6 message with its checksum.</summary>
    internal static byte[] Icmp(byte type, byte code, uint rest, ReadOnlySpan<byte> data, IpAddress source = default, IpAddress destination = default)
    {
        byte[] message = new byte[8 + data.Length];
        new IcmpHeader(type, code, rest).Write(message);
        data.CopyTo(message.AsSpan(8));
        ushort sum = source.IsV6 ? PseudoHeader.Checksum(source, destination, IpProtocol.Icmpv6, message) : InternetChecksum.Compute(message);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), sum);
        return message;
    }

    internal static byte[] Bytes(int count, int seed = 1)
    {
        byte[] bytes = new byte[count];
        SeededRandom random = new((ulong)seed);
        random.Fill(bytes);
        return bytes;
    }

    /// <summary>Whether an ICMP message that was sent sums up right.</summary>
    internal static void AssertIcmp(SentPacket packet, byte type, byte code)
    {
        byte[] message = packet.Payload;
        Assert.Equal((type, code), (message[0], message[1]));
        if (packet.Type == EtherType.Ipv4) Assert.Equal(0, InternetChecksum.Compute(message));
        else Assert.True(PseudoHeader.IsRight(packet.V6.Source, packet.V6.Destination, IpProtocol.Icmpv6, message));
    }
}
