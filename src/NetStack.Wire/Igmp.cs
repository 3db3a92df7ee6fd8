namespace NetStack.Wire;

/// <summary>An IGMP message of any version over private bytes (RFC 1112, RFC 2236, RFC 3376).</summary>
public readonly ref struct IgmpView
{
    /// <summary>Membership query.</summary>
    public const byte Query = 0x11;

    /// <summary>Version 1 report.</summary>
    public const byte Report1 = 0x12;

    /// <summary>Version 2 report.</summary>
    public const byte Report2 = 0x16;

    /// <summary>Version 2 leave.</summary>
    public const byte Leave = 0x17;

    /// <summary>Version 3 report.</summary>
    public const byte Report3 = 0x22;

    /// <summary>Bytes in the smallest message.</summary>
    public const int MinSize = 8;

    /// <summary>Bytes in a version 3 query without sources.</summary>
    public const int Query3Size = 12;

    private readonly ReadOnlySpan<byte> _bytes;

    private IgmpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when its first eight bytes are not there.</summary>
    /// <param name="bytes">Private bytes, cut to the message: the length of a query tells its version (RFC 3376 section 7.1).</param>
    /// <param name="view">The message.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out IgmpView view)
    {
        view = new IgmpView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Type: 0x11 query, 0x12, 0x16 and 0x22 reports of versions 1 to 3, 0x17 leave.</summary>
    public byte Type => _bytes[0];

    /// <summary>Version of the message: of a query by its length and response time.</summary>
    public int Version => Type switch
    {
        Query when _bytes.Length >= Query3Size => 3,
        Query => MaxResponse == 0 ? 1 : 2,
        Report1 => 1,
        Report3 => 3,
        _ => 2,
    };

    /// <summary>Largest response time of a query, in tenths of a second in version 2; in version 3 a code,
    /// see <see cref="MaxResponseTenths"/>.</summary>
    public byte MaxResponse => _bytes[1];

    /// <summary>Largest response time of a query, in tenths of a second: as it is below 128, else as mantissa and exponent in
    /// version 3 (RFC 3376 section 4.1.1).</summary>
    public int MaxResponseTenths => Version < 3 ? MaxResponse : Decode(MaxResponse);

    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 2);

    /// <summary>The group; not in a version 3 report.</summary>
    public IpAddress Group => IpAddress.ReadV4(_bytes[4..]);

    /// <summary>Whether a version 3 query tells routers to suppress their timers; false in others.</summary>
    public bool SuppressesRouters => HasQuery3 && (_bytes[8] & 8) != 0;

    /// <summary>Robustness of the querier in a version 3 query, 0 to 7.</summary>
    public byte Robustness => (byte)(HasQuery3 ? _bytes[8] & 7 : 0);

    /// <summary>Query interval of the querier in a version 3 query, in seconds.</summary>
    public int QueryInterval => HasQuery3 ? Decode(_bytes[9]) : 0;

    /// <summary>Sources announced by a version 3 query.</summary>
    public ushort SourceCount => HasQuery3 ? Bytes.U16(_bytes, 10) : (ushort)0;

    /// <summary>Group records announced by a version 3 report.</summary>
    public ushort RecordCount => Type == Report3 ? Bytes.U16(_bytes, 6) : (ushort)0;

    /// <summary>The group records of a version 3 report that are there.</summary>
    public GroupRecords Records => new(_bytes[MinSize..], 4, RecordCount);

    private bool HasQuery3 => Type == Query && _bytes.Length >= Query3Size;

    /// <summary>A source of a version 3 query; false where it is not there.</summary>
    public bool TryGetSource(int index, out IpAddress source)
    {
        bool isThere = index >= 0 && index < SourceCount && _bytes.Length >= Query3Size + (index + 1) * 4;
        source = isThere ? IpAddress.ReadV4(_bytes[(Query3Size + index * 4)..]) : default;
        return isThere;
    }

    /// <summary>Appends what the message says.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("igmp "u8);
        switch (Type)
        {
            case Query:
                line.Append("query v"u8);
                line.Append(Version);
                if (Group.IsUnspecified) return;
                line.Append(" [gaddr "u8);
                line.Append(Group);
                line.Append(']');
                return;
            case Report3:
                line.Append("v3 report, "u8);
                line.Append(RecordCount);
                line.Append(" group record(s)"u8);
                return;
            case Report1 or Report2 or Leave:
                line.Append(Type == Leave ? "leave "u8 : Type == Report1 ? "v1 report "u8 : "v2 report "u8);
                line.Append(Group);
                return;
            default:
                line.Append("type 0x"u8);
                line.AppendHex(Type, 2);
                return;
        }
    }

    private static int Decode(byte code) => code < 128 ? code : (code & 15 | 16) << ((code >> 4 & 7) + 3);
}

/// <summary>The values of a version 1 or 2 message.</summary>
/// <param name="Type">Type.</param>
/// <param name="MaxResponse">Largest response time, in tenths of a second.</param>
/// <param name="Group">The group; unspecified in a general query.</param>
public readonly record struct IgmpHeader(byte Type, byte MaxResponse, IpAddress Group)
{
    /// <summary>Bytes in the message.</summary>
    public const int Size = IgmpView.MinSize;

    /// <summary>The values of a message that was read.</summary>
    public static IgmpHeader From(IgmpView view) => new(view.Type, view.MaxResponse, view.Group);

    /// <summary>Writes the message with its checksum.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or an address of the other family.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Type;
        room[1] = MaxResponse;
        Bytes.PutAddress(room, 4, Group, 4);
        Bytes.Put16(room, 2, Memory.InternetChecksum.Compute(room));
        return Size;
    }
}
