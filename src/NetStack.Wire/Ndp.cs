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

    /// <summary>The flags of a neighbour advertisement, in the top three bits.</summary>
    public byte NeighborFlags => (byte)(_bytes[4] & 0xE0);

    /// <summary>Current hop limit of a router advertisement.</summary>
    public byte CurrentHopLimit => _bytes[4];

    /// <summary>Router lifetime of a router advertisement, in seconds.</summary>
    public ushort RouterLifetime => Bytes.U16(_bytes, 6);

    /// <summary>Whether hosts get addresses by DHCPv6, of a router advertisement.</summary>
    public bool IsManaged => (_bytes[5] & 0x80) != 0;

    /// <summary>Whether hosts get other configuration by DHCPv6, of a router advertisement.</summary>
    public bool HasOtherConfiguration => (_bytes[5] & 0x40) != 0;

    /// <summary>Reachable time of a router advertisement, in milliseconds; 0 is unspecified. Only of that type.</summary>
    public uint ReachableTime => Bytes.U32(_bytes, 8);

    /// <summary>Retransmission timer of a router advertisement, in milliseconds; 0 is unspecified. Only of that type.</summary>
    public uint RetransmissionTimer => Bytes.U32(_bytes, 12);

    /// <summary>The destination of a redirect, which is to be reached by <see cref="Target"/>; none in others.</summary>
    public IpAddress RedirectedDestination => Type == Redirect ? IpAddress.ReadV6(_bytes[24..]) : default;

    /// <summary>The options that are there, for <see cref="NdpOptionReader"/>.</summary>
    public ReadOnlySpan<byte> Options => _bytes[FixedSize(Type)..];

    /// <summary>Whether every option is whole and none has length 0; a message with one that is not must be dropped (RFC 4861
    /// section 4.6).</summary>
    public bool AreOptionsValid
    {
        get
        {
            NdpOptionReader reader = new(Options);
            while (reader.MoveNext()) { }
            return !reader.IsMalformed;
        }
    }

    /// <summary>Finds a link-layer address option of six bytes.</summary>
    public bool TryGetLinkAddress(NdpOptionType optionType, out MacAddress address)
    {
        bool isThere = TryFindOption(optionType, 6, out ReadOnlySpan<byte> data);
        address = isThere ? MacAddress.Read(data) : default;
        return isThere;
    }

    /// <summary>Finds the MTU option.</summary>
    /// <param name="mtu">MTU of the link, in bytes.</param>
    public bool TryGetMtu(out uint mtu)
    {
        bool isThere = TryFindOption(NdpOptionType.Mtu, 6, out ReadOnlySpan<byte> data);
        mtu = isThere ? Bytes.U32(data, 2) : 0;
        return isThere;
    }

    /// <summary>Finds the first option of a type that has at least so many bytes after type and length.</summary>
    private bool TryFindOption(NdpOptionType type, int size, out ReadOnlySpan<byte> data)
    {
        NdpOptionReader reader = new(Options);
        while (reader.MoveNext())
        {
            data = reader.Data;
            if (reader.Type == type && data.Length >= size) return true;
        }
        data = default;
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

    /// <summary>Bytes in the fixed part of a type; 0 for a type of another protocol.</summary>
    internal static int FixedSize(byte type) => type switch
    {
        RouterSolicitation => 8,
        RouterAdvertisement => 16,
        NeighborSolicitation or NeighborAdvertisement => 24,
        Redirect => 40,
        _ => 0,
    };
}

/// <summary>The values of a neighbour solicitation or advertisement, with a link-layer address option where it has one.</summary>
/// <param name="Type">135 or 136.</param>
/// <param name="Target">The address asked for or told.</param>
/// <param name="LinkAddress">The sender's (135) or target's (136) MAC address. None in a solicitation whose source is
/// unspecified (RFC 4861 section 4.3).</param>
/// <param name="Flags">Router, solicited and override, in the top three bits.</param>
public readonly record struct NeighborMessage(byte Type, IpAddress Target, MacAddress? LinkAddress, byte Flags = 0)
{
    /// <summary>Bytes in a message with a link-layer address; without, 8 fewer.</summary>
    public const int Size = 32;

    /// <summary>The values of a solicitation or advertisement that was read; other options are dropped.</summary>
    public static NeighborMessage From(NdpView view)
    {
        NdpOptionType option = view.Type == NdpView.NeighborSolicitation ? NdpOptionType.SourceLinkAddress : NdpOptionType.TargetLinkAddress;
        return new(view.Type, view.Target, view.TryGetLinkAddress(option, out MacAddress address) ? address : null, view.NeighborFlags);
    }

    /// <summary>Writes the message with a zero checksum, which covers addresses too: see <see cref="PseudoHeader.Checksum"/>.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or an address of the other family.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, LinkAddress is null ? Size - 8 : Size);
        room[0] = Type;
        room[4] = Flags;
        Bytes.PutAddress(room, 8, Target, 16);
        if (LinkAddress is not { } address) return room.Length;
        NdpOptionsBuilder options = new(room[24..]);
        options.AddLinkAddress(Type == NdpView.NeighborSolicitation ? NdpOptionType.SourceLinkAddress : NdpOptionType.TargetLinkAddress, address);
        return room.Length;
    }
}

/// <summary>The values of a router advertisement without its options.</summary>
/// <param name="CurrentHopLimit">Hop limit that hosts are to use; 0 is unspecified.</param>
/// <param name="RouterLifetime">For how long it is a default router, in seconds; 0 is not at all.</param>
/// <param name="ReachableTime">For how long a neighbour counts as reachable, in milliseconds; 0 is unspecified.</param>
/// <param name="RetransmissionTimer">Time between solicitations, in milliseconds; 0 is unspecified.</param>
public readonly record struct RouterAdvertisement(byte CurrentHopLimit, ushort RouterLifetime, uint ReachableTime = 0, uint RetransmissionTimer = 0)
{
    /// <summary>Bytes in the message without options.</summary>
    public const int Size = 16;

    /// <summary>Whether hosts get addresses by DHCPv6.</summary>
    public bool IsManaged { get; init; }

    /// <summary>Whether hosts get other configuration by DHCPv6.</summary>
    public bool HasOtherConfiguration { get; init; }

    /// <summary>The values of a router advertisement that was read.</summary>
    public static RouterAdvertisement From(NdpView view) =>
        new(view.CurrentHopLimit, view.RouterLifetime, view.ReachableTime, view.RetransmissionTimer)
        {
            IsManaged = view.IsManaged,
            HasOtherConfiguration = view.HasOtherConfiguration,
        };

    /// <summary>Writes the message with a zero checksum; options follow, see <see cref="NdpOptionsBuilder"/>.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = NdpView.RouterAdvertisement;
        room[4] = CurrentHopLimit;
        room[5] = (byte)((IsManaged ? 0x80 : 0) | (HasOtherConfiguration ? 0x40 : 0));
        Bytes.Put16(room, 6, RouterLifetime);
        Bytes.Put32(room, 8, ReachableTime);
        Bytes.Put32(room, 12, RetransmissionTimer);
        return Size;
    }
}

/// <summary>A router solicitation, which has no values of its own.</summary>
public static class RouterSolicitation
{
    /// <summary>Bytes in the message without options.</summary>
    public const int Size = 8;

    /// <summary>Writes the message with a zero checksum; options follow, see <see cref="NdpOptionsBuilder"/>.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public static int Write(Span<byte> destination)
    {
        Bytes.Room(destination, Size)[0] = NdpView.RouterSolicitation;
        return Size;
    }
}
