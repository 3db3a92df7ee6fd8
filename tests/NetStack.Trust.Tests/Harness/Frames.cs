using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>Frames whose every byte is known from whose they are, their number and their length: Ethernet, IPv4, UDP with a right
/// checksum, and a payload that says in each eight bytes whose it is.</summary>
internal static class Frames
{
    public const int TransportOffset = 14 + 20;
    public const int HeaderLength = TransportOffset + 8;

    /// <summary>The shortest: the payload has room for one canary.</summary>
    public const int MinLength = HeaderLength + 16;

    public static readonly MacAddress Nic = new(0x02_00_00_00_00_01);
    public static readonly MacAddress Peer = new(0x02_00_00_00_00_99);

    public static ushort PortOf(int owner) => (ushort)(1000 * (owner + 1));

    public static ulong CanaryOf(int owner, int number) => 0xC0FFEE_00_00_00_00_00UL | (ulong)owner << 32 | (uint)number;

    /// <summary>Whose frame of what number begins with this payload; null for none's.</summary>
    public static (int Owner, int Number)? OwnerOf(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < MinLength) return null;
        ulong canary = BinaryPrimitives.ReadUInt64BigEndian(frame[HeaderLength..]);
        if (canary >> 40 != 0xC0FFEE) return null;
        return ((int)(canary >> 32 & 0xFF), (int)(uint)canary);
    }

    /// <summary>Whose canaries lie anywhere in some bytes.</summary>
    public static IReadOnlySet<int> CanariesIn(ReadOnlySpan<byte> bytes)
    {
        HashSet<int> owners = [];
        for (int at = 0; at + 8 <= bytes.Length; at++)
        {
            ulong word = BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]);
            if (word >> 40 == 0xC0FFEE) owners.Add((int)(word >> 32 & 0xFF));
        }
        return owners;
    }

    public static byte[] Make(int owner, int number, int length)
    {
        byte[] frame = new byte[length];
        new EthernetHeader(Nic, Peer, EtherType.Ipv4).Write(frame);
        Span<byte> ip = frame.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        ip[8] = 64;
        ip[9] = (byte)IpProtocol.Udp;
        IpAddress.V4(0x0A_00_00_63).Write(ip[12..]);
        IpAddress.V4(0x0A_00_00_01).Write(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip[..20]));
        Span<byte> udp = ip[20..];
        BinaryPrimitives.WriteUInt16BigEndian(udp, 999);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], PortOf(owner));
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)udp.Length);
        Span<byte> payload = udp[8..];
        for (int at = 0; at + 8 <= payload.Length; at += 8) BinaryPrimitives.WriteUInt64BigEndian(payload[at..], CanaryOf(owner, number));
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], TransportChecksum(ip));
        return frame;
    }

    /// <summary>The UDP checksum of an IPv4 packet whose checksum field is 0; 0 of one that is right.</summary>
    public static ushort TransportChecksum(ReadOnlySpan<byte> ip)
    {
        ChecksumAccumulator sum = default;
        sum.Add(ip[20..]);
        AddPseudoHeader(ip, ref sum);
        return sum.Finish();
    }

    /// <summary>Adds what the UDP checksum of an IPv4 packet covers beside the segment, whose length is the packet's rest.</summary>
    public static void AddPseudoHeader(ReadOnlySpan<byte> ip, ref ChecksumAccumulator sum)
    {
        if (((ip.Length - 20) & 1) != 0) sum.Add([0]); // the sum of an odd segment: the rest begins at an even place again
        sum.Add(ip[12..20]);
        sum.AddU16((ushort)IpProtocol.Udp);
        sum.AddU16((ushort)(ip.Length - 20));
    }
}
