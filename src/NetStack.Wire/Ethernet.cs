namespace NetStack.Wire;

/// <summary>An Ethernet II or 802.3 header over private bytes (IEEE 802.3).</summary>
public readonly ref struct EthernetView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 14;

    /// <summary>The largest value of the type field that is a length (802.3); larger ones up to 1535 are undefined.</summary>
    public const int MaxLength = 1500;

    private readonly ReadOnlySpan<byte> _bytes;

    private EthernetView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out EthernetView view)
    {
        view = new EthernetView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>Destination address.</summary>
    public MacAddress Destination => MacAddress.Read(_bytes);

    /// <summary>Source address.</summary>
    public MacAddress Source => MacAddress.Read(_bytes[6..]);

    /// <summary>The type field as it is: an EtherType, or a length.</summary>
    public ushort TypeOrLength => Bytes.U16(_bytes, 12);

    /// <summary>Whether the type field is an EtherType (at least 1536).</summary>
    public bool HasEtherType => TypeOrLength >= 1536;

    /// <summary>Appends <c>source > destination</c>.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append(Source);
        line.Append(" > "u8);
        line.Append(Destination);
    }
}

/// <summary>The values of an Ethernet II header.</summary>
/// <param name="Destination">Destination address.</param>
/// <param name="Source">Source address.</param>
/// <param name="EtherType">What follows, or an 802.3 length.</param>
public readonly record struct EthernetHeader(MacAddress Destination, MacAddress Source, EtherType EtherType)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = EthernetView.Size;

    /// <summary>The values of a header that was read.</summary>
    public static EthernetHeader From(EthernetView view) => new(view.Destination, view.Source, (EtherType)view.TypeOrLength);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Destination.Write(room);
        Source.Write(room[6..]);
        Bytes.Put16(room, 12, (int)EtherType);
        return Size;
    }
}
