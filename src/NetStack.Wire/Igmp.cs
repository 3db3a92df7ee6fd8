namespace NetStack.Wire;

/// <summary>An IGMP message of any version over private bytes (RFC 1112, RFC 2236, RFC 3376).</summary>
public readonly ref struct IgmpView
{
    /// <summary>Bytes in the smallest message.</summary>
    public const int MinSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private IgmpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when its first eight bytes are not there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out IgmpView view)
    {
        view = new IgmpView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Type: 0x11 query, 0x12, 0x16 and 0x22 reports of versions 1 to 3, 0x17 leave.</summary>
    public byte Type => _bytes[0];

    /// <summary>Largest response time of a query, in tenths of a second in version 2.</summary>
    public byte MaxResponse => _bytes[1];

    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 2);

    /// <summary>The group; not in a version 3 report.</summary>
    public IpAddress Group => IpAddress.ReadV4(_bytes[4..]);

    /// <summary>Group records announced by a version 3 report.</summary>
    public ushort RecordCount => Bytes.U16(_bytes, 6);

    /// <summary>Appends what the message says.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("igmp "u8);
        switch (Type)
        {
            case 0x11:
                line.Append("query"u8);
                break;
            case 0x22:
                line.Append("v3 report, "u8);
                line.Append(RecordCount);
                line.Append(" group record(s)"u8);
                return;
            case 0x12 or 0x16:
                line.Append(Type == 0x12 ? "v1 report"u8 : "v2 report"u8);
                break;
            case 0x17:
                line.Append("leave"u8);
                break;
            default:
                line.Append("type 0x"u8);
                line.AppendHex(Type, 2);
                return;
        }
        line.Append(' ');
        line.Append(Group);
    }
}

/// <summary>The values of a version 1 or 2 message.</summary>
/// <param name="Type">Type.</param>
/// <param name="MaxResponse">Largest response time, in tenths of a second.</param>
/// <param name="Group">The group.</param>
public readonly record struct IgmpHeader(byte Type, byte MaxResponse, IpAddress Group)
{
    /// <summary>Bytes in the message.</summary>
    public const int Size = IgmpView.MinSize;

    /// <summary>The values of a message that was read.</summary>
    public static IgmpHeader From(IgmpView view) => new(view.Type, view.MaxResponse, view.Group);

    /// <summary>Writes the message with its checksum.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Type;
        room[1] = MaxResponse;
        Group.Write(room[4..]);
        Bytes.Put16(room, 2, Memory.InternetChecksum.Compute(room));
        return Size;
    }
}
