using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What a flow table asks of a packet: its ends, its lengths, and what tells one TCP connection from the next.</summary>
internal struct FlowFacts
{
    internal ulong SourceHigh; // 0 for IPv4
    internal ulong SourceLow;
    internal ulong DestinationHigh;
    internal ulong DestinationLow;
    internal uint Ports; // source in the upper half
    internal ushort Protocol; // IP protocol, and the version above it
    internal TcpFlags Flags;
    internal uint Sequence;
    internal uint Acknowledgement;
    internal int PayloadLength;
    internal int WireLength;
    internal long Number;
    internal long Seconds;
    internal int Nanoseconds; // below 0 where the time is not known

    internal const int NoTime = -1;

    internal readonly bool IsTcp => (Protocol & 0xFF) == (int)IpProtocol.Tcp;

    /// <summary>Reads what a decoded packet says of one of its transport headers.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="network">The IP header directly around it.</param>
    /// <param name="transport">A TCP or UDP header.</param>
    /// <param name="facts">What was read.</param>
    /// <returns>False where the header has no ports.</returns>
    internal static bool TryRead(in PacketHeaders packet, in Layer network, in Layer transport, out FlowFacts facts)
    {
        facts = default;
        ReadOnlySpan<byte> bytes = packet.BytesOf(transport);
        bool isTcp = transport.Kind == LayerKind.Tcp;
        if (bytes.Length < (isTcp ? TcpView.MinSize : UdpView.Size)) return false;
        facts.SetTransport(bytes, isTcp);
        if (network.Kind == LayerKind.Ipv4) facts.SetIpv4(packet.BytesOf(network));
        else facts.SetIpv6(packet.BytesOf(network));
        facts.PayloadLength = transport.PayloadLength;
        facts.SetInfo(packet.Info);
        return true;
    }

    internal void SetTransport(ReadOnlySpan<byte> bytes, bool isTcp)
    {
        Ports = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        Protocol = (ushort)(isTcp ? IpProtocol.Tcp : IpProtocol.Udp);
        if (!isTcp) return;
        bytes = bytes[..TcpView.MinSize];
        Sequence = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        Acknowledgement = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]);
        Flags = (TcpFlags)(BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]) & 0xFFF);
    }

    internal void SetIpv4(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Ipv4View.MinSize];
        SourceLow = BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]);
        DestinationLow = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
        Protocol |= 4 << 8;
    }

    internal void SetIpv6(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes[..Ipv6View.Size];
        SourceHigh = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        SourceLow = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        DestinationHigh = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
        DestinationLow = BinaryPrimitives.ReadUInt64BigEndian(bytes[32..]);
        Protocol |= 6 << 8;
    }

    internal void SetInfo(in PacketInfo info)
    {
        WireLength = info.WireLength;
        Number = info.Number;
        if (info.Timestamp is { } at)
        {
            Seconds = at.Seconds;
            Nanoseconds = at.Nanoseconds;
        }
        else
        {
            Nanoseconds = NoTime;
        }
    }
}
