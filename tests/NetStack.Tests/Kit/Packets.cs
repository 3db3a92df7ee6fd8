using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>Frames as bytes, and what bytes say.</summary>
internal static class Packets
{
    internal static readonly MacAddress Peer = MacAddress.Parse("02:aa:00:00:00:01");

    internal static byte[] Ethernet(MacAddress destination, MacAddress source, EtherType type, params ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[EthernetHeader.Size + payload.Length];
        new EthernetHeader(destination, source, type).Write(frame);
        payload.CopyTo(frame.AsSpan(EthernetHeader.Size));
        return frame;
    }

    internal static byte[] Arp(ushort operation, MacAddress senderMac, string senderIp, MacAddress targetMac, string targetIp, MacAddress? to = null)
    {
        byte[] packet = new byte[ArpHeader.Size];
        new ArpHeader(operation, senderMac, IpAddress.Parse(senderIp), targetMac, IpAddress.Parse(targetIp)).Write(packet);
        return Ethernet(to ?? MacAddress.Broadcast, senderMac, EtherType.Arp, packet);
    }

    internal static byte[] Ipv4(MacAddress destination, MacAddress source, string from, string to, IpProtocol protocol, byte[] payload, byte ttl = 64)
    {
        byte[] packet = new byte[Ipv4Header.Size + payload.Length];
        new Ipv4Header(IpAddress.Parse(from), IpAddress.Parse(to), protocol, (ushort)packet.Length) { Ttl = ttl }.Write(packet);
        payload.CopyTo(packet, Ipv4Header.Size);
        return Ethernet(destination, source, EtherType.Ipv4, packet);
    }

    internal static byte[] Ipv6(MacAddress destination, MacAddress source, string from, string to, IpProtocol protocol, byte[] payload, byte hopLimit = 64)
    {
        byte[] packet = new byte[Ipv6Header.Size + payload.Length];
        new Ipv6Header(IpAddress.Parse(from), IpAddress.Parse(to), protocol, (ushort)payload.Length) { HopLimit = hopLimit }.Write(packet);
        payload.CopyTo(packet, Ipv6Header.Size);
        return Ethernet(destination, source, EtherType.Ipv6, packet);
    }

    /// <summary>An ICMPv6 message with its checksum filled in.</summary>
    internal static byte[] Icmpv6(MacAddress destination, MacAddress source, string from, string to, byte[] message, byte hopLimit = 255)
    {
        message = [.. message];
        message.AsSpan(2, 2).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), PseudoHeader.Checksum(IpAddress.Parse(from), IpAddress.Parse(to), IpProtocol.Icmpv6, message));
        return Ipv6(destination, source, from, to, IpProtocol.Icmpv6, message, hopLimit);
    }

    internal static byte[] NeighborSolicitation(string target, MacAddress? source) =>
        source is { } mac ? Neighbor(135, target, mac, 0) : Neighbor(135, target, default, 0)[..24];

    internal static byte[] NeighborAdvertisement(string target, MacAddress? mac, bool router = false, bool solicited = true, bool @override = true)
    {
        byte flags = (byte)((router ? 0x80 : 0) | (solicited ? 0x40 : 0) | (@override ? 0x20 : 0));
        return mac is { } told ? Neighbor(136, target, told, flags) : Neighbor(136, target, default, flags)[..24];
    }

    /// <summary>A router advertisement; options are appended as they are.</summary>
    internal static byte[] RouterAdvertisement(ushort lifetime, byte hopLimit = 0, byte flags = 0, uint reachable = 0, uint retrans = 0, params byte[][] options)
    {
        byte[] fixedPart = new byte[16];
        fixedPart[0] = NdpView.RouterAdvertisement;
        fixedPart[4] = hopLimit;
        fixedPart[5] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(fixedPart.AsSpan(6), lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(fixedPart.AsSpan(8), reachable);
        BinaryPrimitives.WriteUInt32BigEndian(fixedPart.AsSpan(12), retrans);
        return [.. fixedPart, .. options.SelectMany(o => o)];
    }

    internal static byte[] PrefixOption(string prefix, byte length, uint valid, uint preferred, bool onLink = true, bool autonomous = true)
    {
        byte[] option = new byte[32];
        option[0] = 3;
        option[1] = 4;
        option[2] = length;
        option[3] = (byte)((onLink ? 0x80 : 0) | (autonomous ? 0x40 : 0));
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(4), valid);
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(8), preferred);
        IpAddress.Parse(prefix).Write(option.AsSpan(16));
        return option;
    }

    internal static byte[] LinkAddressOption(byte type, MacAddress mac)
    {
        byte[] option = [type, 1, 0, 0, 0, 0, 0, 0];
        mac.Write(option.AsSpan(2));
        return option;
    }

    internal static byte[] MtuOption(uint mtu)
    {
        byte[] option = [5, 1, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(4), mtu);
        return option;
    }

    internal static byte[] DnsOption(uint lifetime, params string[] servers)
    {
        byte[] option = new byte[8 + 16 * servers.Length];
        option[0] = 25;
        option[1] = (byte)(option.Length / 8);
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(4), lifetime);
        for (int i = 0; i < servers.Length; i++) IpAddress.Parse(servers[i]).Write(option.AsSpan(8 + 16 * i));
        return option;
    }

    internal static byte[] RouteOption(string prefix, byte length, byte preference, uint lifetime)
    {
        byte[] option = new byte[24];
        option[0] = 24;
        option[1] = 3;
        option[2] = length;
        option[3] = preference;
        BinaryPrimitives.WriteUInt32BigEndian(option.AsSpan(4), lifetime);
        IpAddress.Parse(prefix).Write(option.AsSpan(8));
        return option;
    }

    internal static byte[] Redirect(string target, string destination, params byte[][] options)
    {
        byte[] message = new byte[40];
        message[0] = NdpView.Redirect;
        IpAddress.Parse(target).Write(message.AsSpan(8));
        IpAddress.Parse(destination).Write(message.AsSpan(24));
        return [.. message, .. options.SelectMany(o => o)];
    }

    internal static EtherType TypeOf(byte[] frame) => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(12));

    internal static MacAddress DestinationOf(byte[] frame) => MacAddress.Read(frame);

    internal static bool IsArp(byte[] frame, ushort operation) => TypeOf(frame) == EtherType.Arp && frame[21] == operation;

    internal static ArpHeader ArpOf(byte[] frame)
    {
        Assert.True(ArpView.TryRead(frame.AsSpan(14), out ArpView view) && view.IsEthernetIpv4 && view.IsWhole);
        return ArpHeader.From(view);
    }

    /// <summary>Whether a frame holds an ICMPv6 message of a type, without extension headers.</summary>
    internal static bool IsIcmpv6(byte[] frame, byte type) =>
        TypeOf(frame) == EtherType.Ipv6 && frame[20] == (byte)IpProtocol.Icmpv6 && frame[54] == type;

    internal static IpAddress SourceOf(byte[] frame) =>
        TypeOf(frame) == EtherType.Ipv6 ? IpAddress.ReadV6(frame.AsSpan(22)) : IpAddress.ReadV4(frame.AsSpan(26));

    internal static IpAddress TargetOf(byte[] frame) =>
        TypeOf(frame) == EtherType.Ipv6 ? IpAddress.ReadV6(frame.AsSpan(38)) : IpAddress.ReadV4(frame.AsSpan(30));

    /// <summary>The target of a neighbour message.</summary>
    internal static IpAddress NdpTargetOf(byte[] frame) => IpAddress.ReadV6(frame.AsSpan(62));

    internal static bool HasRightChecksum(byte[] frame)
    {
        Ipv6View.TryRead(frame.AsSpan(14), out Ipv6View ip);
        return PseudoHeader.IsRight(ip.Source, ip.Destination, ip.NextHeader, frame.AsSpan(54, ip.PayloadLength));
    }

    private static byte[] Neighbor(byte type, string target, MacAddress mac, byte flags)
    {
        byte[] message = new byte[NeighborMessage.Size];
        new NeighborMessage(type, IpAddress.Parse(target), mac, flags).Write(message);
        return message;
    }
}
