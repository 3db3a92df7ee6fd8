using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Nic.Linux.Interop;
using NetStack.Wire;

namespace NetStack.Nic.Linux;

/// <summary>
/// What stands before each frame of a device with offloads (struct virtio_net_hdr, virtio 1.2 section 5.1.6): what is still to be
/// done to it. One of each direction, in memory of our own that does not move; numbers are the host's.
/// </summary>
internal sealed class VirtioHeader
{
    internal const int Size = 10;

    /// <summary>The longest super-segment without its link header, in bytes.</summary>
    internal const int LongestPacket = 65535;

    private const byte NeedsChecksum = 1; // VIRTIO_NET_HDR_F_NEEDS_CSUM
    private const byte IsValid = 2; // VIRTIO_NET_HDR_F_DATA_VALID
    private const byte TcpOverV4 = 1; // VIRTIO_NET_HDR_GSO_TCPV4
    private const byte TcpOverV6 = 4; // VIRTIO_NET_HDR_GSO_TCPV6
    private const byte HasCwr = 0x80; // VIRTIO_NET_HDR_GSO_ECN
    private const int FlagsOffset = 13; // of TCP
    private const byte CwrFlag = 0x80;

    private readonly byte[] _received = GC.AllocateArray<byte>(Size, pinned: true);
    private readonly byte[] _sent = GC.AllocateArray<byte>(Size, pinned: true);

    /// <summary>Where the header of the next received frame goes.</summary>
    internal IoVector ToRead => new() { Address = TapDevice.AddressOf(_received), Length = Size };

    /// <summary>The header of a frame to send.</summary>
    internal IoVector ToWrite(in TransmitFrame frame, int length)
    {
        Span<byte> header = _sent;
        header.Clear();
        TransmitOffload offload = frame.Offload;
        if (offload.WantsChecksum)
        {
            header[0] = NeedsChecksum;
            Write(header[6..], offload.ChecksumStart);
            Write(header[8..], offload.ChecksumOffset);
        }
        if (offload.WantsSegmentation && length > offload.HeaderLength + offload.SegmentSize)
        {
            ReadOnlySpan<byte> headers = frame.Headers.Bytes;
            int flags = offload.ChecksumStart + FlagsOffset;
            header[1] = FrameKey.Read(headers, LinkType.Ethernet).Source.IsV4 ? TcpOverV4 : TcpOverV6;
            if (flags < headers.Length && (headers[flags] & CwrFlag) != 0) header[1] |= HasCwr; // on the first segment only
            Write(header[2..], offload.HeaderLength);
            Write(header[4..], offload.SegmentSize);
        }
        return new IoVector { Address = TapDevice.AddressOf(header), Length = Size };
    }

    /// <summary>
    /// Finishes the frame that was read: completes a checksum that was only begun, so that whoever checks it finds it right, and
    /// tells how many segments it stands for. The frame is nobody else's yet.
    /// </summary>
    /// <returns>False when the header says what cannot be.</returns>
    internal bool TryFinish(in PacketBody body, ref ReceivedFrame frame)
    {
        ReadOnlySpan<byte> header = _received;
        if ((header[0] & IsValid) != 0) frame.Checksum = ChecksumVerdict.Good;
        Span<byte> first = Bytes(body.Slice(0));
        int start = Read(header[6..]);
        if ((header[0] & NeedsChecksum) != 0)
        {
            int at = start + Read(header[8..]);
            if (at + 2 > first.Length) return false;
            ushort checksum = Sum(body, start);
            BinaryPrimitives.WriteUInt16BigEndian(first[at..], checksum == 0 ? (ushort)0xFFFF : checksum);
            frame.Checksum = ChecksumVerdict.Good;
        }
        int segment = Read(header[4..]);
        if (header[1] == 0 || segment == 0) return true;
        if (start == 0 || start + TcpView.MinSize > first.Length) return false;
        int payload = body.Length - start - (first[start + 12] >> 4) * 4;
        if (payload <= segment) return true;
        frame.SegmentCount = (payload + segment - 1) / segment;
        frame.SegmentSize = segment;
        return true;
    }

    private static ushort Sum(in PacketBody body, int start)
    {
        ChecksumAccumulator sum = default;
        for (int i = 0; i < body.SliceCount; i++)
        {
            Span<byte> bytes = Bytes(body.Slice(i));
            sum.Add(i == 0 ? bytes[start..] : bytes);
        }
        return sum.Finish();
    }

    private static Span<byte> Bytes(BodySlice slice) =>
        new DeviceMemory(slice.Pool.Region).Span(slice.Pool.RegionOffset(slice.Buffer) + slice.Offset, slice.Length);

    private static ushort Read(ReadOnlySpan<byte> bytes) => BitConverter.ToUInt16(bytes);

    private static void Write(Span<byte> bytes, ushort value) => BitConverter.TryWriteBytes(bytes, value);
}
