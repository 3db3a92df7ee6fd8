using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using NetStack.Memory;

namespace NetStack.Wire;

/// <summary>
/// An IPv4 or IPv6 address as a value that never allocates. The two families are distinct: 1.2.3.4 is not ::ffff:1.2.3.4.
/// </summary>
public readonly record struct IpAddress
{
    // Two halves: a UInt128 would be aligned to 16 bytes and compared by calls, and each packet's addresses are copied and compared often.
    private readonly ulong _high;
    private readonly ulong _low;
    private readonly byte _family; // 0 none, 4, 6

    private IpAddress(ulong high, ulong low, byte family)
    {
        _high = high;
        _low = low;
        _family = family;
    }

    /// <summary>An IPv4 address from its 32 bits, first byte highest.</summary>
    public static IpAddress V4(uint value) => new(0, value, 4);

    /// <summary>An IPv6 address from its 128 bits, first byte highest.</summary>
    public static IpAddress V6(UInt128 value) => new((ulong)(value >> 64), (ulong)value, 6);

    /// <summary>No address, not even the unspecified one.</summary>
    public bool IsNone => _family == 0;

    /// <summary>Whether this is an IPv4 address.</summary>
    public bool IsV4 => _family == 4;

    /// <summary>Whether this is an IPv6 address.</summary>
    public bool IsV6 => _family == 6;

    /// <summary>The address as a number, first byte highest; 32 bits for IPv4.</summary>
    public UInt128 Value => new(_high, _low);

    /// <summary>Bytes on the wire: 4, 16, or 0 for none.</summary>
    public int Size => _family == 4 ? 4 : _family == 6 ? 16 : 0;

    /// <summary>Whether this is a multicast address (RFC 5771, RFC 4291 section 2.7).</summary>
    public bool IsMulticast => _family == 4 ? _low >> 28 == 0xE : _family == 6 && _high >> 56 == 0xFF;

    /// <summary>Whether this is 0.0.0.0 or ::.</summary>
    public bool IsUnspecified => _family != 0 && (_high | _low) == 0;

    /// <summary>Whether this is 255.255.255.255.</summary>
    public bool IsLimitedBroadcast => _family == 4 && _low == uint.MaxValue;

    /// <summary>Reads an IPv4 address from the first four bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer bytes.</exception>
    public static IpAddress ReadV4(ReadOnlySpan<byte> bytes) => V4(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    /// <summary>Reads an IPv6 address from the first sixteen bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer bytes.</exception>
    public static IpAddress ReadV6(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), 6);

    /// <summary>Writes the address's four or sixteen bytes.</summary>
    /// <returns>How many bytes were written; 0 for none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        if (_family == 4) BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_low);
        else if (_family == 6) BinaryPrimitives.WriteUInt128BigEndian(destination, Value);
        return Size;
    }

    /// <summary>Adds the address's bytes to a sum.</summary>
    internal void AddTo(ref ChecksumAccumulator sum)
    {
        if (_family == 6)
        {
            sum.AddU32((uint)(_high >> 32));
            sum.AddU32((uint)_high);
            sum.AddU32((uint)(_low >> 32));
        }
        sum.AddU32((uint)_low);
    }

    /// <summary>Converts from the framework's type; the scope is dropped.</summary>
    public static IpAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int written);
        return address.AddressFamily == AddressFamily.InterNetwork ? ReadV4(bytes[..written]) : ReadV6(bytes[..written]);
    }

    /// <summary>Whether this is 127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => _family == 4 ? _low >> 24 == 127 : _family == 6 && _high == 0 && _low == 1;

    /// <summary>Whether this is 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291 section 2.5.6).</summary>
    public bool IsLinkLocal => _family == 4 ? _low >> 16 == 0xA9FE : _family == 6 && _high >> 54 == 0x3FA;

    /// <summary>The solicited-node multicast group of an IPv6 address (RFC 4291 section 2.7.1); none for any other.</summary>
    public IpAddress SolicitedNodeGroup =>
        _family == 6 ? V6(new UInt128(0xFF02_0000_0000_0000, 0x0000_0001_FF00_0000) | (_low & 0xFF_FFFF)) : default;

    /// <summary>The link-local IPv6 address with the modified EUI-64 identifier of a MAC address (RFC 4291 appendix A).</summary>
    public static IpAddress LinkLocal(MacAddress mac) =>
        V6(new UInt128(0xFE80_0000_0000_0000, ((mac.Value >> 24) << 40 | 0xFF_FE00_0000 | (mac.Value & 0xFF_FFFF)) ^ 0x0200_0000_0000_0000));

    /// <summary>Parses the text form of either family, without a scope.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out IpAddress address)
    {
        bool isAddress = IPAddress.TryParse(text, out IPAddress? parsed);
        address = isAddress ? From(parsed!) : default;
        return isAddress;
    }

    /// <summary>Parses as <see cref="TryParse"/> does.</summary>
    /// <exception cref="FormatException">The text is no address.</exception>
    public static IpAddress Parse(string text) => From(IPAddress.Parse(text));

    /// <summary>Converts to the framework's type.</summary>
    /// <exception cref="InvalidOperationException">This is no address.</exception>
    public IPAddress ToIPAddress()
    {
        if (_family == 0) throw new InvalidOperationException("There is no address.");
        Span<byte> bytes = stackalloc byte[16];
        return new IPAddress(bytes[..Write(bytes)]);
    }

    /// <summary>A hash that nobody outside the process can foresee.</summary>
    public override int GetHashCode() => Value.GetHashCode() + _family; // of the framework, since its code boxes nothing even before it is optimised

    /// <summary>The text form: dotted decimal or RFC 5952.</summary>
    public override string ToString()
    {
        LineWriter line = new(stackalloc byte[48]);
        line.Append(this);
        return line.ToString();
    }
}
