namespace NetStack.Wire;

/// <summary>An IPv6 header over private bytes (RFC 8200).</summary>
public readonly ref struct Ipv6View
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 40;

    private readonly ReadOnlySpan<byte> _bytes;

    private Ipv6View(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Ipv6View view)
    {
        view = new Ipv6View(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>Version, 6.</summary>
    public byte Version => (byte)(_bytes[0] >> 4);

    /// <summary>Traffic class: DSCP and ECN.</summary>
    public byte TrafficClass => (byte)(Bytes.U16(_bytes, 0) >> 4);

    /// <summary>Flow label, 20 bits.</summary>
    public uint FlowLabel => Bytes.U32(_bytes, 0) & 0xF_FFFF;

    /// <summary>Bytes after this header, as claimed; 0 in a jumbogram.</summary>
    public ushort PayloadLength => Bytes.U16(_bytes, 4);

    /// <summary>What follows.</summary>
    public IpProtocol NextHeader => (IpProtocol)_bytes[6];

    /// <summary>Hop limit.</summary>
    public byte HopLimit => _bytes[7];

    /// <summary>Source address.</summary>
    public IpAddress Source => IpAddress.ReadV6(_bytes[8..]);

    /// <summary>Destination address as in the header, also under source routing.</summary>
    public IpAddress Destination => IpAddress.ReadV6(_bytes[24..]);

    /// <summary>Appends what tcpdump -v shows in brackets: class and label where they are not zero, hop limit, what follows, length.</summary>
    public void AppendTo(ref LineWriter line)
    {
        if (TrafficClass != 0)
        {
            line.Append("class 0x"u8);
            line.AppendHex(TrafficClass, 2);
            line.Append(", "u8);
        }
        if (FlowLabel != 0)
        {
            line.Append("flowlabel 0x"u8);
            line.AppendHex(FlowLabel, 5);
            line.Append(", "u8);
        }
        line.Append("hlim "u8);
        line.Append(HopLimit);
        line.Append(", next-header "u8);
        NumberText.AppendProtocol(ref line, NextHeader);
        line.Append(" payload length: "u8);
        line.Append(PayloadLength);
    }
}

/// <summary>The values of an IPv6 header.</summary>
/// <param name="Source">Source address.</param>
/// <param name="Destination">Destination address.</param>
/// <param name="NextHeader">What follows.</param>
/// <param name="PayloadLength">Bytes after this header.</param>
public readonly record struct Ipv6Header(IpAddress Source, IpAddress Destination, IpProtocol NextHeader, ushort PayloadLength)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = Ipv6View.Size;

    /// <summary>Traffic class.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>Flow label, 20 bits.</summary>
    public uint FlowLabel { get; init; }

    /// <summary>Hop limit; 64 unless said otherwise.</summary>
    public byte HopLimit { get; init; } = 64;

    /// <summary>The values of a header that was read.</summary>
    public static Ipv6Header From(Ipv6View view) => new(view.Source, view.Destination, view.NextHeader, view.PayloadLength)
    {
        TrafficClass = view.TrafficClass,
        FlowLabel = view.FlowLabel,
        HopLimit = view.HopLimit,
    };

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or an address of the other family.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put32(room, 0, 6u << 28 | (uint)TrafficClass << 20 | (FlowLabel & 0xF_FFFF));
        Bytes.Put16(room, 4, PayloadLength);
        room[6] = (byte)NextHeader;
        room[7] = HopLimit;
        Bytes.PutAddress(room, 8, Source, 16);
        Bytes.PutAddress(room, 24, Destination, 16);
        return Size;
    }
}
