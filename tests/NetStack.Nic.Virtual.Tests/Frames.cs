using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>Frames with right lengths and checksums.</summary>
internal static class Frames
{
    public static readonly MacAddress Ours = new(0x02_00_00_00_00_01);
    public static readonly MacAddress Theirs = new(0x02_00_00_00_00_99);
    public static readonly IpAddress A4 = IpAddress.Parse("10.0.0.1");
    public static readonly IpAddress B4 = IpAddress.Parse("10.0.0.2");
    public static readonly IpAddress A6 = IpAddress.Parse("fd00::1");
    public static readonly IpAddress B6 = IpAddress.Parse("fd00::2");

    public static byte[] Payload(int length, int seed = 7)
    {
        byte[] payload = new byte[length];
        new Random(seed).NextBytes(payload);
        return payload;
    }

    /// <summary>A frame that says which it is in its first bytes, and is too odd to be IP.</summary>
    public static byte[] Numbered(int number, int length)
    {
        byte[] frame = Payload(Math.Max(length, 18), number);
        new EthernetHeader(Ours, Theirs, (EtherType)0x88B5).Write(frame);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), number);
        return frame;
    }

    public static byte[] Udp(IpAddress source, IpAddress destination, ushort from, ushort to, ReadOnlySpan<byte> payload, int vlan = -1)
    {
        byte[] segment = new byte[UdpView.Size + payload.Length];
        new UdpHeader(from, to, (ushort)segment.Length).Write(segment);
        payload.CopyTo(segment.AsSpan(UdpView.Size));
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(6), PseudoHeader.Checksum(source, destination, IpProtocol.Udp, segment));
        return Wrap(source, destination, IpProtocol.Udp, segment, vlan);
    }

    public static byte[] Tcp(IpAddress source, IpAddress destination, TcpHeader header, ReadOnlySpan<byte> payload, int vlan = -1, ushort id = 0, byte[]? options = null)
    {
        byte[] segment = new byte[60 + payload.Length];
        int headers = header.Write(segment, options);
        payload.CopyTo(segment.AsSpan(headers));
        segment = segment[..(headers + payload.Length)];
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), PseudoHeader.Checksum(source, destination, IpProtocol.Tcp, segment));
        return Wrap(source, destination, IpProtocol.Tcp, segment, vlan, id);
    }

    public static byte[] Ip(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> segment, ushort id = 0)
    {
        byte[] packet = new byte[60 + segment.Length];
        int headers = source.IsV4
            ? new Ipv4Header(source, destination, protocol, (ushort)(Ipv4Header.Size + segment.Length)) { Identification = id }.Write(packet)
            : new Ipv6Header(source, destination, protocol, (ushort)segment.Length).Write(packet);
        segment.CopyTo(packet.AsSpan(headers));
        return packet[..(headers + segment.Length)];
    }

    public static byte[] Wrap(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> segment, int vlan = -1, ushort id = 0)
    {
        byte[] packet = Ip(source, destination, protocol, segment, id);
        EtherType type = source.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6;
        byte[] frame = new byte[EthernetView.Size + (vlan >= 0 ? VlanView.Size : 0) + packet.Length];
        int at = new EthernetHeader(Ours, Theirs, vlan >= 0 ? EtherType.Vlan : type).Write(frame);
        if (vlan >= 0) at += new VlanHeader((ushort)vlan, 5, false, type).Write(frame.AsSpan(at));
        packet.CopyTo(frame.AsSpan(at));
        return frame;
    }
}
