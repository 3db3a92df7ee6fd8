namespace NetStack.Wire;

/// <summary>A multicast listener discovery message over private bytes (RFC 2710, RFC 3810), ICMPv6 header included.</summary>
public readonly ref struct MldView
{
    /// <summary>Query.</summary>
    public const byte Query = 130;

    /// <summary>Version 1 report.</summary>
    public const byte Report = 131;

    /// <summary>Version 1 done.</summary>
    public const byte Done = 132;

    /// <summary>Version 2 report.</summary>
    public const byte Report2 = 143;

    private readonly ReadOnlySpan<byte> _bytes;

    private MldView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when it is none of the four, or its fixed part is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MldView view)
    {
        view = new MldView(bytes);
        return bytes.Length >= 8 && bytes[0] switch { Query or Report or Done => bytes.Length >= 24, Report2 => true, _ => false };
    }

    /// <summary>Type.</summary>
    public byte Type => _bytes[0];

    /// <summary>The group of a query, report or done; none in a version 2 report.</summary>
    public IpAddress Group => Type == Report2 ? default : IpAddress.ReadV6(_bytes[8..]);

    /// <summary>Group records announced by a version 2 report.</summary>
    public ushort RecordCount => Type == Report2 ? Bytes.U16(_bytes, 6) : (ushort)0;
}

/// <summary>The values of a version 1 listener message.</summary>
/// <param name="Type">130 to 132.</param>
/// <param name="MaxResponseMilliseconds">Largest response delay, in milliseconds.</param>
/// <param name="Group">The group; unspecified in a general query.</param>
public readonly record struct MldHeader(byte Type, ushort MaxResponseMilliseconds, IpAddress Group)
{
    /// <summary>Bytes in the message.</summary>
    public const int Size = 24;

    /// <summary>Writes the message with a zero checksum.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Type;
        Bytes.Put16(room, 4, MaxResponseMilliseconds);
        Group.Write(room[8..]);
        return Size;
    }
}
