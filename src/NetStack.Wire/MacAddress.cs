using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NetStack.Wire;

/// <summary>A 48-bit MAC address (IEEE 802).</summary>
public readonly record struct MacAddress
{
    private readonly ulong _value;

    /// <summary>The address whose 48 bits are the low ones of <paramref name="value"/>, first byte highest.</summary>
    public MacAddress(ulong value) => _value = value & 0xFFFF_FFFF_FFFF;

    /// <summary>Bytes in an address.</summary>
    public const int Size = 6;

    /// <summary>ff:ff:ff:ff:ff:ff.</summary>
    public static MacAddress Broadcast => new(0xFFFF_FFFF_FFFF);

    /// <summary>The 48 bits, first byte highest.</summary>
    public ulong Value => _value;

    /// <summary>Whether this is the broadcast address.</summary>
    public bool IsBroadcast => _value == 0xFFFF_FFFF_FFFF;

    /// <summary>Whether the group bit is set: multicast, broadcast included.</summary>
    public bool IsMulticast => (_value >> 40 & 1) != 0;

    /// <summary>The address that a multicast group's packets are sent to on Ethernet (RFC 1112 section 6.4, RFC 2464 section 7).</summary>
    /// <exception cref="ArgumentException">It is no multicast group.</exception>
    public static MacAddress OfGroup(IpAddress group)
    {
        if (!group.IsMulticast) throw new ArgumentException($"{group} is no multicast group.", nameof(group));
        return group.IsV4 ? new MacAddress(0x01_00_5E_00_00_00UL | (ulong)(group.Value & 0x7F_FFFF)) : new MacAddress(0x33_33_00_00_00_00UL | (uint)group.Value);
    }

    /// <summary>Reads an address from the first six bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than six bytes.</exception>
    public static MacAddress Read(ReadOnlySpan<byte> bytes) =>
        new((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    /// <summary>Writes the six bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than six bytes of room.</exception>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32BigEndian(destination[2..], (uint)_value);
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)(_value >> 32));
    }

    /// <summary>Parses six pairs of hexadecimal digits with colons or hyphens between them.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;
        string[] parts = text?.Split(':', '-') ?? [];
        if (parts.Length != Size) return false;
        ulong value = 0;
        foreach (string part in parts)
        {
            if (part.Length is 0 or > 2 || !byte.TryParse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte b)) return false;
            value = value << 8 | b;
        }
        address = new MacAddress(value);
        return true;
    }

    /// <summary>Parses as <see cref="TryParse"/> does.</summary>
    /// <exception cref="FormatException">The text is no MAC address.</exception>
    public static MacAddress Parse(string text) =>
        TryParse(text, out MacAddress address) ? address : throw new FormatException($"'{text}' is no MAC address.");

    /// <summary>Lower-case hexadecimal with colons.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{_value >> 40:x2}:{_value >> 32 & 255:x2}:{_value >> 24 & 255:x2}:{_value >> 16 & 255:x2}:{_value >> 8 & 255:x2}:{_value & 255:x2}");
}
