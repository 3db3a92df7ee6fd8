using System.Globalization;
using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>An address prefix as a value; bits after the prefix are zero.</summary>
public readonly record struct IpPrefix
{
    /// <summary>The prefix an address lies in.</summary>
    /// <param name="address">Any address of the prefix.</param>
    /// <param name="length">Bits, 0 to 32 or 128.</param>
    /// <exception cref="ArgumentException">There is no address.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The length does not suit the family.</exception>
    public IpPrefix(IpAddress address, int length)
    {
        if (address.IsNone) throw new ArgumentException("A prefix needs an address.", nameof(address));
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.Size * 8);
        UInt128 network = address.Value & MaskOf(address.Size * 8, length);
        Network = address.IsV4 ? IpAddress.V4((uint)network) : IpAddress.V6(network);
        Length = length;
    }

    /// <summary>0.0.0.0/0.</summary>
    public static IpPrefix DefaultV4 => new(IpAddress.V4(0), 0);

    /// <summary>::/0.</summary>
    public static IpPrefix DefaultV6 => new(IpAddress.V6(0), 0);

    /// <summary>The first address.</summary>
    public IpAddress Network { get; }

    /// <summary>Bits.</summary>
    public int Length { get; }

    /// <summary>Whether an address, of any family, lies in the prefix.</summary>
    public bool Contains(IpAddress address) =>
        address.IsV4 == Network.IsV4 && address.IsV6 == Network.IsV6 && (address.Value & MaskOf(address.Size * 8, Length)) == Network.Value;

    /// <summary>The directed broadcast address of an IPv4 prefix of up to 30 bits; none otherwise (RFC 3021).</summary>
    public IpAddress Broadcast => Network.IsV4 && Length <= 30 ? IpAddress.V4((uint)Network.Value | (uint)(uint.MaxValue >> Length)) : default;

    /// <summary>Parses <c>address/length</c>; without a length it is the address alone.</summary>
    /// <exception cref="FormatException">The text is no prefix.</exception>
    public static IpPrefix Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        IpAddress address = IpAddress.Parse(slash < 0 ? text : text[..slash]);
        int length = slash < 0 ? address.Size * 8 : int.Parse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        if (length > address.Size * 8) throw new FormatException($"'{text}' has more bits than its family.");
        return new IpPrefix(address, length);
    }

    /// <summary><c>address/length</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Network}/{Length}");

    private static UInt128 MaskOf(int bits, int length) =>
        length == 0 ? 0 : UInt128.MaxValue >> (128 - bits) & UInt128.MaxValue << (bits - length);
}
