namespace NetStack.Wire;

/// <summary>A neighbour discovery message over private bytes (RFC 4861 section 4), ICMPv6 header included.</summary>
public readonly ref struct NdpView
{
    /// <summary>Router solicitation.</summary>
    public const byte RouterSolicitation = 133;

    /// <summary>Router advertisement.</summary>
    public const byte RouterAdvertisement = 134;

    /// <summary>Neighbour solicitation.</summary>
    public const byte NeighborSolicitation = 135;

    /// <summary>Neighbour advertisement.</summary>
    public const byte NeighborAdvertisement = 136;

    /// <summary>Redirect.</summary>
    public const byte Redirect = 137;

    private readonly ReadOnlySpan<byte> _bytes;

    private NdpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when it is none of the five, or its fixed part is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out NdpView view)
    {
        view = new NdpView(bytes);
        return bytes.Length >= 8 && bytes.Length >= FixedSize(bytes[0]) && FixedSize(bytes[0]) > 0;
    }

    /// <summary>Type, 133 to 137.</summary>
    public byte Type => _bytes[0];

    /// <summary>The target of a solicitation, advertisement or redirect; none in router messages.</summary>
    public IpAddress Target => Type >= NeighborSolicitation ? IpAddress.ReadV6(_bytes[8..]) : default;

    /// <summary>Whether a neighbour advertisement comes from a router.</summary>
    public bool IsRouter => (_bytes[4] & 0x80) != 0;

    /// <summary>Whether a neighbour advertisement answers a solicitation.</summary>
    public bool IsSolicited => (_bytes[4] & 0x40) != 0;

    /// <summary>Whether a neighbour advertisement overrides what is cached.</summary>
    public bool IsOverride => (_bytes[4] & 0x20) != 0;

    /// <summary>Current hop limit of a router advertisement.</summary>
    public byte CurrentHopLimit => _bytes[4];

    /// <summary>Router lifetime of a router advertisement, in seconds.</summary>
    public ushort RouterLifetime => Bytes.U16(_bytes, 6);

    /// <summary>The options that are there: type, length in units of 8 bytes, content.</summary>
    public ReadOnlySpan<byte> Options => _bytes[FixedSize(Type)..];

    /// <summary>Finds the link-layer address option: type 1 is the source's, 2 the target's.</summary>
    public bool TryGetLinkAddress(byte optionType, out MacAddress address)
    {
        ReadOnlySpan<byte> rest = Options;
        while (rest.Length >= 8)
        {
            int size = rest[1] * 8;
            if (size == 0 || size > rest.Length) break; // RFC 4861 section 4.6: length 0 is invalid
            if (rest[0] == optionType)
            {
                address = MacAddress.Read(rest[2..]);
                return true;
            }
            rest = rest[size..];
        }
        address = default;
        return false;
    }

    /// <summary>Appends what the message says.</summary>
    public void AppendTo(ref LineWriter line)
    {
        switch (Type)
        {
            case RouterSolicitation:
                line.Append("router solicitation"u8);
                break;
            case RouterAdvertisement:
                line.Append("router advertisement"u8);
                break;
            case NeighborSolicitation:
                line.Append("neighbor solicitation, who has "u8);
                line.Append(Target);
                break;
            case NeighborAdvertisement:
                line.Append("neighbor advertisement, tgt is "u8);
                line.Append(Target);
                break;
            default:
                line.Append("redirect, to "u8);
                line.Append(Target);
                break;
        }
    }

    /// <summary>Bytes in front of a message's options; 0 for a type that is not neighbour discovery.</summary>
    internal static int FixedSize(byte type) => type switch
    {
        RouterSolicitation => 8,
        RouterAdvertisement => 16,
        NeighborSolicitation or NeighborAdvertisement => 24,
        Redirect => 40,
        _ => 0,
    };
}

/// <summary>The values of a neighbour solicitation or advertisement with a link-layer address option.</summary>
/// <param name="Type">135 or 136.</param>
/// <param name="Target">The address asked for or told.</param>
/// <param name="LinkAddress">The sender's (135) or target's (136) MAC address.</param>
/// <param name="Flags">Router, solicited and override, in the top three bits.</param>
public readonly record struct NeighborMessage(byte Type, IpAddress Target, MacAddress LinkAddress, byte Flags = 0)
{
    /// <summary>Bytes in the message.</summary>
    public const int Size = 32;

    /// <summary>Writes the message with a zero checksum.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Type;
        room[4] = Flags;
        Target.Write(room[8..]);
        room[24] = (byte)(Type == NdpView.NeighborSolicitation ? 1 : 2);
        room[25] = 1;
        LinkAddress.Write(room[26..]);
        return Size;
    }
}
