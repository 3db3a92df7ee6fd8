using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>Cuts one segment out of a TCP super-segment, as TSO hardware does. What it is given was looked at by <see cref="CanCut"/>.</summary>
internal static class SegmentCutter
{
    private const byte FinAndPush = 0x09;
    private const byte Cwr = 0x80;

    /// <summary>Whether a frame is what can be cut: TCP whose headers end before the payload begins.</summary>
    internal static bool CanCut(ReadOnlySpan<byte> frame, int headers, LinkType linkType)
    {
        FrameKey key = FrameKey.Read(frame[..headers], linkType);
        return key.IsIp && !key.IsFragment && key.Protocol == IpProtocol.Tcp && key.TransportOffset >= 0 && key.TransportOffset + TcpView.MinSize <= headers;
    }

    /// <summary>Writes segment <paramref name="index"/> with lengths, identification, sequence number and flags made right.
    /// The transport checksum field keeps the pseudo-header sum, corrected for the length, for <see cref="Checksums.Insert"/>.</summary>
    /// <returns>Bytes of the segment.</returns>
    internal static int Cut(ReadOnlySpan<byte> frame, Span<byte> segment, int headers, int index, int segmentSize, LinkType linkType)
    {
        int start = headers + index * segmentSize;
        int payload = Math.Min(segmentSize, frame.Length - start);
        bool isLast = start + payload == frame.Length;
        int length = headers + payload;
        segment = segment[..length];
        frame[..headers].CopyTo(segment);
        frame.Slice(start, payload).CopyTo(segment[headers..]);
        FrameKey key = FrameKey.Read(segment, linkType);
        FixNetwork(segment, key, length, index);
        FixTcp(segment[key.TransportOffset..], index, segmentSize, isLast, frame.Length - length);
        return length;
    }

    private static void FixNetwork(Span<byte> segment, in FrameKey key, int length, int index)
    {
        Span<byte> ip = segment[key.NetworkOffset..];
        if (key.Source.IsV6)
        {
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(length - key.NetworkOffset - Ipv6View.Size));
            return;
        }
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(length - key.NetworkOffset));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)(BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) + index));
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip[..((ip[0] & 15) * 4)]));
    }

    private static void FixTcp(Span<byte> tcp, int index, int segmentSize, bool isLast, int shorter)
    {
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]) + (uint)(index * segmentSize));
        if (!isLast) tcp[13] &= unchecked((byte)~FinAndPush);
        if (index > 0) tcp[13] &= unchecked((byte)~Cwr); // RFC 3168 6.1.2: said once
        // The field holds the folded pseudo-header sum with the whole length in it: take the difference out.
        ushort sum = BinaryPrimitives.ReadUInt16BigEndian(tcp[16..]);
        ushort corrected = (ushort)~InternetChecksum.Update((ushort)~sum, (ushort)shorter, 0);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[16..], corrected);
    }
}
