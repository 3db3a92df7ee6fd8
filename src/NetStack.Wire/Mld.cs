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

    /// <summary>Bytes in front of the records of a version 2 report.</summary>
    public const int Report2HeaderSize = 8;

    /// <summary>Bytes in a version 1 message.</summary>
    public const int Version1Size = 24;

    /// <summary>Bytes in a version 2 query without sources.</summary>
    public const int Query2Size = 28;

    private readonly ReadOnlySpan<byte> _bytes;

    private MldView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when it is none of the four, or its fixed part is not whole.</summary>
    /// <param name="bytes">Private bytes, cut to the message: the length of a query tells its version (RFC 3810 section 8.1).</param>
    /// <param name="view">The message.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MldView view)
    {
        view = new MldView(bytes);
        return bytes.Length >= Report2HeaderSize && bytes.Length >= FixedSize(bytes[0]) && FixedSize(bytes[0]) > 0;
    }

    /// <summary>Type.</summary>
    public byte Type => _bytes[0];

    /// <summary>Version of the message, 1 or 2: of a query by its length.</summary>
    public int Version => Type == Report2 || HasQuery2 ? 2 : 1;

    /// <summary>Largest response delay of a query, in milliseconds: in version 2 above 32767 as mantissa and exponent (RFC 3810
    /// section 5.1.3); 0 in a version 2 report.</summary>
    public int MaxResponseMilliseconds
    {
        get
        {
            int code = Type == Report2 ? 0 : Bytes.U16(_bytes, 4);
            return code < 0x8000 || Version == 1 ? code : (code & 0xFFF | 0x1000) << ((code >> 12 & 7) + 3);
        }
    }

    /// <summary>The group of a query, report or done; none in a version 2 report.</summary>
    public IpAddress Group => Type == Report2 ? default : IpAddress.ReadV6(_bytes[8..]);

    /// <summary>Whether a version 2 query tells routers to suppress their timers; false in others.</summary>
    public bool SuppressesRouters => HasQuery2 && (_bytes[24] & 8) != 0;

    /// <summary>Robustness of the querier in a version 2 query, 0 to 7.</summary>
    public byte Robustness => (byte)(HasQuery2 ? _bytes[24] & 7 : 0);

    /// <summary>Query interval of the querier in a version 2 query, in seconds.</summary>
    public int QueryInterval => !HasQuery2 ? 0 : _bytes[25] < 128 ? _bytes[25] : (_bytes[25] & 15 | 16) << ((_bytes[25] >> 4 & 7) + 3);

    /// <summary>Sources announced by a version 2 query.</summary>
    public ushort SourceCount => HasQuery2 ? Bytes.U16(_bytes, 26) : (ushort)0;

    /// <summary>Group records announced by a version 2 report.</summary>
    public ushort RecordCount => Type == Report2 ? Bytes.U16(_bytes, 6) : (ushort)0;

    /// <summary>The group records of a version 2 report that are there.</summary>
    public GroupRecords Records => new(_bytes[Report2HeaderSize..], 16, RecordCount);

    private bool HasQuery2 => Type == Query && _bytes.Length >= Query2Size;

    /// <summary>A source of a version 2 query; false where it is not there.</summary>
    public bool TryGetSource(int index, out IpAddress source)
    {
        bool isThere = index >= 0 && index < SourceCount && _bytes.Length >= Query2Size + (index + 1) * 16;
        source = isThere ? IpAddress.ReadV6(_bytes[(Query2Size + index * 16)..]) : default;
        return isThere;
    }

    /// <summary>Appends what the message says.</summary>
    public void AppendTo(ref LineWriter line)
    {
        if (Type == Report2)
        {
            line.Append("multicast listener report v2, "u8);
            line.Append(RecordCount);
            line.Append(" group record(s)"u8);
            return;
        }
        line.Append(Type switch { Query => "multicast listener query"u8, Report => "multicast listener report"u8, _ => "multicast listener done"u8 });
        if (Version == 2)
        {
            line.Append(" v2 [gaddr "u8);
            line.Append(Group);
            line.Append(']');
            return;
        }
        line.Append(" max resp delay: "u8);
        line.Append(MaxResponseMilliseconds);
        line.Append(" addr: "u8);
        line.Append(Group);
    }

    /// <summary>Bytes in the fixed part of a type; 0 for a type of another protocol.</summary>
    internal static int FixedSize(byte type) => type switch
    {
        Query or Report or Done => Version1Size,
        Report2 => Report2HeaderSize,
        _ => 0,
    };
}

/// <summary>The values of a version 1 listener message.</summary>
/// <param name="Type">130 to 132.</param>
/// <param name="MaxResponseMilliseconds">Largest response delay, in milliseconds.</param>
/// <param name="Group">The group; unspecified in a general query.</param>
public readonly record struct MldHeader(byte Type, ushort MaxResponseMilliseconds, IpAddress Group)
{
    /// <summary>Bytes in the message.</summary>
    public const int Size = MldView.Version1Size;

    /// <summary>The values of a version 1 message that was read.</summary>
    public static MldHeader From(MldView view) => new(view.Type, (ushort)view.MaxResponseMilliseconds, view.Group);

    /// <summary>Writes the message with a zero checksum, which covers addresses too: see <see cref="PseudoHeader.Checksum"/>.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or an address of the other family.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Type;
        Bytes.Put16(room, 4, MaxResponseMilliseconds);
        Bytes.PutAddress(room, 8, Group, 16);
        return Size;
    }
}
