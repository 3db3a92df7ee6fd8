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
        int network = 14;
        while (frame.Length >= network + 4 && EtherTypeBefore(frame, network) is 0x8100 or 0x88A8 or 0x9100) network += 4;
        if (frame.Length < network) return false;
        return EtherTypeBefore(frame, network) switch
        {
            0x0800 => frame.Length >= network + 20 && IsDetectableIpv4(frame[network..]),
            0x86DD => frame.Length >= network + 40 && IsDetectableIpv6(frame[network..]),
            _ => false,
        };
    }

    private static ushort EtherTypeBefore(ReadOnlySpan<byte> frame, int network) => BinaryPrimitives.ReadUInt16BigEndian(frame[(network - 2)..]);

    private static bool IsDetectableIpv4(ReadOnlySpan<byte> ip)
    {
        int headerLength = (ip[0] & 15) * 4, total = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        if (ip[0] >> 4 != 4 || headerLength < 20 || total < headerLength || total > ip.Length || InternetChecksum.Compute(ip[..headerLength]) != 0) return true;
        return IsSumWrong(ip[12..20], ip[9], ip[headerLength..total]);
    }

    private static bool IsDetectableIpv6(ReadOnlySpan<byte> ip)
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        return ip[0] >> 4 != 6 || length > ip.Length - 40 || IsSumWrong(ip[8..40], ip[6], ip.Slice(40, length));
    }

    private static bool IsSumWrong(ReadOnlySpan<byte> addresses, byte protocol, ReadOnlySpan<byte> segment)
    {
        if (protocol is not 6 and not 17) return false;
        ChecksumAccumulator sum = default;
        sum.Add(addresses);
        sum.AddU16(protocol);
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
