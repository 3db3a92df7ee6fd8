using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Flows;

/// <summary>Small frames with one transport header, as numbers in a capture.</summary>
internal static class TestPackets
{
    internal const int Syn = 2;
    internal const int SynAck = 18;
    internal const int Ack = 16;

    /// <summary>An Ethernet frame with IPv4 and TCP or UDP.</summary>
    internal static byte[] Ipv4(IpProtocol protocol, uint source, ushort sourcePort, uint destination, ushort destinationPort, uint sequence = 0, uint acknowledgement = 0, int flags = Ack, int payload = 0)
    {
        int transport = protocol == IpProtocol.Tcp ? 20 : 8;
        byte[] frame = new byte[14 + 20 + transport + payload];
        frame[12] = 8;
        Span<byte> ip = frame.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + transport + payload));
        ip[9] = (byte)protocol;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], source);
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], destination);
        Span<byte> header = ip[20..];
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], destinationPort);
        if (protocol == IpProtocol.Udp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(header[4..], (ushort)(8 + payload));
            return frame;
        }
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], acknowledgement);
        header[12] = 5 << 4;
        header[13] = (byte)flags;
        return frame;
    }

    /// <summary>Counts a frame by the general decoder.</summary>
    internal static FlowPacket Add(FlowTable table, byte[] frame, long number) => table.Add(PacketHeaders.Decode(Packets.Snapshot(frame), Info(frame, number)));

    internal static PacketInfo Info(byte[] frame, long number) => new(number, new Timestamp(1_000 + number, 500), frame.Length, frame.Length, LinkType.Ethernet, 0);

    /// <summary>What a table holds, as text.</summary>
    internal static string Describe(FlowTable table) => string.Join('\n', table.Flows.Select(f =>
        $"{f.Protocol} {f.Key} {f.Stream} {f.FirstFrame} {f.LastFrame} {f.AToB.Packets} {f.BToA.Packets} {f.AToB.Bytes} {f.BToA.Bytes} {f.AToB.PayloadBytes} {f.BToA.PayloadBytes} {f.FirstTime} {f.LastTime}"));
}
