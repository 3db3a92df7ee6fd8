using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Fetches.Tests.Cases;

/// <summary>Frames from the peer, 10.0.0.2 and fd00::2, to us, 10.0.0.1 and fd00::1.</summary>
internal static class Frames
{
    internal const ushort Port = 5000;

    internal static readonly MacAddress Us = new(0x02_00_00_00_00_01);
    internal static readonly MacAddress Them = new(0x02_00_00_00_00_02);

    internal static byte[] Udp4(int length, string to = "10.0.0.1", MacAddress? mac = null) =>
        Packets.Ipv4(mac ?? Us, Them, "10.0.0.2", to, IpProtocol.Udp, Datagram("10.0.0.2", to, length));

    internal static byte[] Udp6(int length) => Packets.Ipv6(Us, Them, "fd00::2", "fd00::1", IpProtocol.Udp, Datagram("fd00::2", "fd00::1", length));

    internal static byte[] Udp6WithOptions(int length)
    {
        byte[] options = [(byte)IpProtocol.Udp, 0, 1, 4, 0, 0, 0, 0]; // PadN
        return Packets.Ipv6(Us, Them, "fd00::2", "fd00::1", IpProtocol.DestinationOptions, [.. options, .. Datagram("fd00::2", "fd00::1", length)]);
    }

    /// <summary>The first fragment of a datagram and the last.</summary>
    internal static byte[][] Fragments()
    {
        byte[] datagram = Datagram("10.0.0.2", "10.0.0.1", 1992);
        return [Fragment(datagram[..1000], 0x2000), Fragment(datagram[1000..], 1000 / 8)];

        static byte[] Fragment(byte[] part, ushort fragment)
        {
            byte[] frame = Packets.Ipv4(Us, Them, "10.0.0.2", "10.0.0.1", IpProtocol.Udp, part);
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(20), fragment);
            return WithHeaderChecksum(frame);
        }
    }

    internal static byte[] Echo4(int length)
    {
        byte[] message = [8, 0, 0, 0, 0, 1, 0, 1, .. Payload(length)];
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), InternetChecksum.Compute(message));
        return Packets.Ipv4(Us, Them, "10.0.0.2", "10.0.0.1", IpProtocol.Icmp, message);
    }

    internal static byte[] Echo6(int length) => Packets.Icmpv6(Us, Them, "fd00::2", "fd00::1", [128, 0, 0, 0, 0, 1, 0, 1, .. Payload(length)], hopLimit: 64);

    internal static byte[] Icmp6Error() =>
        Packets.Icmpv6(Us, Them, "fd00::2", "fd00::1", [1, 4, 0, 0, 0, 0, 0, 0, .. Udp6(400).AsSpan(14)], hopLimit: 64);

    internal static byte[] Arp() => Packets.Arp(1, Them, "10.0.0.2", default, "10.0.0.1");

    internal static byte[] IpInIp(int length) => Packets.Ipv4(Us, Them, "10.0.0.2", "10.0.0.1", IpProtocol.IpInIp, Udp4(length)[14..]);

    internal static byte[] Ip6InGre(int length) =>
        Packets.Ipv4(Us, Them, "10.0.0.2", "10.0.0.1", IpProtocol.Gre, [0, 0, 0x86, 0xDD, .. Udp6(length).AsSpan(14)]);

    internal static byte[] Vxlan(int length) => Tunnel(4789, [0x08, 0, 0, 0, 0, 0, 7, 0], length);

    internal static byte[] Geneve(int length) => Tunnel(6081, [0, 0, 0x65, 0x58, 0, 0, 7, 0], length);

    /// <summary>So many extension headers that the chain is longer than four lines.</summary>
    internal static byte[] LongChain()
    {
        byte[] headers = [];
        for (int i = 0; i < 30; i++) headers = [(byte)(i == 0 ? IpProtocol.Udp : IpProtocol.DestinationOptions), 0, 1, 4, 0, 0, 0, 0, .. headers];
        return Packets.Ipv6(Us, Them, "fd00::2", "fd00::1", IpProtocol.DestinationOptions, [.. headers, .. Datagram("fd00::2", "fd00::1", 500)]);
    }

    internal static byte[] Payload(int length)
    {
        byte[] payload = new byte[length];
        new Random(length).NextBytes(payload);
        return payload;
    }

    private static byte[] Tunnel(ushort port, byte[] header, int length)
    {
        byte[] inner = Udp4(length);
        byte[] datagram = [0x30, 0x39, (byte)(port >> 8), (byte)port, 0, 0, 0, 0, .. header, .. inner];
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        return Packets.Ipv4(Us, Them, "10.0.0.2", "10.0.0.1", IpProtocol.Udp, datagram);
    }

    private static byte[] Datagram(string from, string to, int length)
    {
        byte[] datagram = [0x30, 0x39, Port >> 8, Port & 0xFF, 0, 0, 0, 0, .. Payload(length)];
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(4), (ushort)datagram.Length);
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(6), PseudoHeader.Checksum(IpAddress.Parse(from), IpAddress.Parse(to), IpProtocol.Udp, datagram));
        return datagram;
    }

    private static byte[] WithHeaderChecksum(byte[] frame)
    {
        frame.AsSpan(24, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(24), InternetChecksum.Compute(frame.AsSpan(14, 20)));
        return frame;
    }
}
