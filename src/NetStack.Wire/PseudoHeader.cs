using NetStack.Memory;

namespace NetStack.Wire;

/// <summary>The pseudo-header that transport checksums cover (RFC 9293 section 3.1, RFC 8200 section 8.1).</summary>
public static class PseudoHeader
{
    /// <summary>Adds addresses, protocol and length to a sum.</summary>
    /// <param name="sum">The sum.</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address, of the same family; the final one under source routing.</param>
    /// <param name="protocol">The transport protocol.</param>
    /// <param name="length">Bytes of transport header and payload.</param>
    public static void AddTo(ref ChecksumAccumulator sum, IpAddress source, IpAddress destination, IpProtocol protocol, int length)
    {
        source.AddTo(ref sum);
        destination.AddTo(ref sum);
        sum.AddU32((uint)length);
        sum.AddU16((ushort)protocol);
    }

    /// <summary>
    /// The checksum of a transport segment in private memory whose checksum field is zero. For UDP a result of 0 is sent as
    /// 0xFFFF (RFC 768), which this already does.
    /// </summary>
    public static ushort Checksum(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> segment)
    {
        ChecksumAccumulator sum = default;
        AddTo(ref sum, source, destination, protocol, segment.Length);
        sum.Add(segment);
        ushort checksum = sum.Finish();
        return checksum == 0 && protocol == IpProtocol.Udp ? (ushort)0xFFFF : checksum;
    }

    /// <summary>Whether a segment in private memory, with its checksum in place, sums up right.</summary>
    public static bool IsRight(IpAddress source, IpAddress destination, IpProtocol protocol, ReadOnlySpan<byte> segment)
    {
        ChecksumAccumulator sum = default;
        AddTo(ref sum, source, destination, protocol, segment.Length);
        sum.Add(segment);
        return sum.Finish() == 0;
    }
}
