using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.TrustTests;

/// <summary>Where a client is with a frame.</summary>
public enum Moment
{
    /// <summary>It took the frame and has looked at nothing.</summary>
    Taken,

    /// <summary>It decided, on the headers, that the frame is its own.</summary>
    Decided,

    /// <summary>It summed, copied or passed on the body.</summary>
    Delivered,
}

/// <summary>A frame as the user of a client had it in the end.</summary>
/// <param name="Port">The UDP port it decided on.</param>
/// <param name="Bytes">All bytes, as delivered.</param>
/// <param name="IsSumRight">Whether the checksum, taken of what was delivered where the column sums, was right.</param>
/// <param name="Segments">Segments it is said to stand for.</param>
/// <param name="SegmentSize">Bytes in each.</param>
/// <param name="RssHash">The hash it came with.</param>
/// <param name="Verdict">What the device says of its checksums.</param>
internal sealed record Seen(ushort Port, byte[] Bytes, bool IsSumRight, int Segments, int SegmentSize, uint RssHash, ChecksumVerdict Verdict)
{
    /// <summary>The port in the headers it has now.</summary>
    public ushort PortUsed => Bytes.Length < Frames.HeaderLength ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(Bytes.AsSpan(36));
}

/// <summary>Uses frames as the user of a column does, and tells in between where it is.</summary>
internal static class Consumer
{
    /// <summary>Consumes a frame and releases it.</summary>
    /// <param name="use">How.</param>
    /// <param name="frame">The frame, which passes to the consumer.</param>
    /// <param name="meter">Counts what it reads.</param>
    /// <param name="at">Called at each moment.</param>
    public static Seen Consume(Use use, ReceivedFrame frame, FetchMeter meter, Action<Moment> at)
    {
        try
        {
            at(Moment.Taken);
            return use switch
            {
                Use.InPlace when frame.Access == BodyAccess.InPlace => InPlace(frame, at),
                Use.PassOn => PassOn(ref frame, meter, at),
                _ => CopyOut(frame, at),
            };
        }
        finally
        {
            frame.Release();
        }
    }

    /// <summary>One pass copies and sums; the headers are those it decided on.</summary>
    private static Seen CopyOut(in ReceivedFrame frame, Action<Moment> at)
    {
        ReadOnlySpan<byte> headers = frame.Headers.Require(Frames.HeaderLength);
        ushort port = PortIn(headers);
        at(Moment.Decided);
        byte[] bytes = new byte[frame.Length];
        ChecksumAccumulator unused = default;
        ChecksumAccumulator sum = default;
        int start = Math.Min(Frames.TransportOffset, bytes.Length);
        frame.Headers.CopyTo(0, bytes.AsSpan(0, start), ref unused);
        frame.Headers.CopyTo(start, bytes.AsSpan(start), ref sum);
        at(Moment.Delivered);
        return See(frame, port, bytes) with { IsSumRight = IsRight(bytes, sum) };
    }

    /// <summary>The next component gets the body by handle and copies it when it is its turn.</summary>
    private static Seen PassOn(ref ReceivedFrame frame, FetchMeter meter, Action<Moment> at)
    {
        ushort port = PortIn(frame.Headers.Require(Frames.HeaderLength));
        byte[] headers = frame.Headers.Bytes.ToArray();
        at(Moment.Decided);
        PacketBody passed = frame.Body.Share(headers.Length, frame.Length - headers.Length);
        byte[] bytes = new byte[frame.Length];
        headers.CopyTo(bytes, 0);
        Seen seen = See(frame, port, bytes);
        frame.Release();
        at(Moment.Delivered);
        passed.CopyTo(0, bytes.AsSpan(headers.Length), meter);
        passed.Release();
        return seen with { IsSumRight = IsRight(bytes) };
    }

    /// <summary>Reads twice, as code that trusts its memory does: to decide, to sum, and to use.</summary>
    private static Seen InPlace(in ReceivedFrame frame, Action<Moment> at)
    {
        ushort port = PortIn(ReadInPlace(frame));
        at(Moment.Decided);
        bool isRight = IsRight(ReadInPlace(frame));
        at(Moment.Delivered);
        return See(frame, port, ReadInPlace(frame)) with { IsSumRight = isRight };
    }

    private static byte[] ReadInPlace(in ReceivedFrame frame)
    {
        byte[] bytes = new byte[frame.Length];
        int length = 0;
        for (int i = 0; i < frame.Body.SliceCount; i++)
        {
            BodySlice slice = frame.Body.Slice(i);
            Assert.True(slice.Pool.Window(slice.Buffer, slice.Offset, slice.Length).TryTrust(Trust.DataOnly, out TrustedSpan trusted));
            trusted.Bytes.CopyTo(bytes.AsSpan(length));
            length += slice.Length;
        }
        return bytes;
    }

    private static Seen See(in ReceivedFrame frame, ushort port, byte[] bytes) =>
        new(port, bytes, IsRight(bytes), frame.SegmentCount, frame.SegmentSize, frame.RssHash, frame.Checksum);

    /// <summary>By the sum that was taken of the segment when it was copied, whatever the copy holds by now.</summary>
    private static bool IsRight(byte[] frame, ChecksumAccumulator sum)
    {
        if (frame.Length < Frames.HeaderLength) return false;
        Frames.AddPseudoHeader(frame.AsSpan(14), ref sum);
        return sum.Finish() == 0;
    }

    private static bool IsRight(byte[] frame) => frame.Length >= Frames.HeaderLength && Frames.TransportChecksum(frame.AsSpan(14)) == 0;

    private static ushort PortIn(ReadOnlySpan<byte> headers) => headers.Length < Frames.HeaderLength ? (ushort)0 : BinaryPrimitives.ReadUInt16BigEndian(headers[36..]);
}
