using System.Buffers.Binary;
using System.Security.Cryptography;
using NetStack.Memory;

namespace NetStack.Inspect;

/// <summary>Knows every frame that was put on the wire by hash, so that what a client has can be told from what was sent.</summary>
internal sealed class SentFrames
{
    private readonly HashSet<UInt128> _whole = [];
    private readonly HashSet<UInt128> _headers = [];

    /// <summary>Remembers a frame, and its headers as far as they are decoded.</summary>
    internal void Add(ReadOnlySpan<byte> frame, int headersEnd)
    {
        _whole.Add(Hash(frame));
        _headers.Add(Hash(frame[..headersEnd]));
    }

    internal bool HasWhole(ReadOnlySpan<byte> frame) => _whole.Contains(Hash(frame));

    internal bool HasHeaders(ReadOnlySpan<byte> headers) => _headers.Contains(Hash(headers));

    /// <summary>Whether a receiver of a frame that is not as it was sent would have noticed: by its IPv4 header, or by its TCP or UDP
    /// checksum. What is neither carries no sum.</summary>
    internal static bool IsDetectable(ReadOnlySpan<byte> frame)
    {
        const int Ethernet = 14;
        if (frame.Length < Ethernet + 20 || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != 0x0800) return false;
        ReadOnlySpan<byte> ip = frame[Ethernet..];
        int headerLength = (ip[0] & 15) * 4, total = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        if (ip[0] >> 4 != 4 || headerLength < 20 || total < headerLength || total > ip.Length || InternetChecksum.Compute(ip[..headerLength]) != 0) return true;
        if (ip[9] is not 6 and not 17) return false;
        ReadOnlySpan<byte> segment = ip[headerLength..total];
        ChecksumAccumulator sum = default;
        sum.Add(ip[12..20]);
        sum.AddU16(ip[9]);
        sum.AddU16((ushort)segment.Length);
        sum.Add(segment);
        return sum.Finish() != 0;
    }

    private static UInt128 Hash(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(bytes, hash);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }
}
