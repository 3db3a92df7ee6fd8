using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>Checksums as the device sees them: over the frame on the wire.</summary>
internal static class Checksums
{
    /// <summary>Whether the network and transport checksums of a frame are right; nothing where that cannot be told.</summary>
    internal static RxFlags Verdict(ReadOnlySpan<byte> frame, in FrameKey key)
    {
        if (key.IsFragment || key.TransportOffset < 0 || !TrySegment(frame, key, out ReadOnlySpan<byte> segment)) return RxFlags.None;
        if (key.Source.IsV4 && InternetChecksum.Compute(frame[key.NetworkOffset..(key.NetworkOffset + (frame[key.NetworkOffset] & 15) * 4)]) != 0)
            return RxFlags.ChecksumBad;
        if (key.Protocol == IpProtocol.Udp && segment.Length >= UdpView.Size && BinaryPrimitives.ReadUInt16BigEndian(segment[6..]) == 0)
            return RxFlags.None; // the sender made no checksum
        bool isRight = key.Protocol == IpProtocol.Icmp
            ? InternetChecksum.Compute(segment) == 0
            : PseudoHeader.IsRight(key.Source, key.Destination, key.Protocol, segment);
        return isRight ? RxFlags.ChecksumGood : RxFlags.ChecksumBad;
    }

    /// <summary>Fills in the checksum a transmit request asks for; the field holds the sum of the pseudo-header.</summary>
    internal static void Insert(Span<byte> frame, TransmitOffload offload)
    {
        int at = offload.ChecksumStart + offload.ChecksumOffset;
        if (!offload.WantsChecksum || at + 2 > frame.Length) return;
        ushort checksum = InternetChecksum.Compute(frame[offload.ChecksumStart..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[at..], checksum == 0 ? (ushort)0xFFFF : checksum);
    }

    /// <summary>The transport segment by the IP length fields.</summary>
    private static bool TrySegment(ReadOnlySpan<byte> frame, in FrameKey key, out ReadOnlySpan<byte> segment)
    {
        int end = key.Source.IsV4
            ? key.NetworkOffset + BinaryPrimitives.ReadUInt16BigEndian(frame[(key.NetworkOffset + 2)..])
            : key.NetworkOffset + Ipv6View.Size + BinaryPrimitives.ReadUInt16BigEndian(frame[(key.NetworkOffset + 4)..]);
        bool isWhole = end <= frame.Length && end > key.TransportOffset;
        segment = isWhole ? frame[key.TransportOffset..end] : default;
        return isWhole;
    }
}
