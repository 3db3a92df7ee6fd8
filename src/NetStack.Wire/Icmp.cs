namespace NetStack.Wire;

/// <summary>An ICMP message over private bytes (RFC 792).</summary>
public readonly ref struct IcmpView
{
    /// <summary>Bytes in type, code and checksum.</summary>
    public const int MinSize = 4;

    /// <summary>Bytes in front of an echo's data, or of the packet quoted in an error.</summary>
    public const int FullSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private IcmpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when type, code and checksum are not there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out IcmpView view)
    {
        view = new IcmpView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Type.</summary>
    public byte Type => _bytes[0];

    /// <summary>Code.</summary>
    public byte Code => _bytes[1];

    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 2);

    /// <summary>Whether this is an echo request (8) or reply (0).</summary>
    public bool IsEcho => Type is 8 or 0;

    /// <summary>Whether this quotes the packet it complains of.</summary>
    public bool IsError => Type is 3 or 4 or 5 or 11 or 12;

    /// <summary>Whether the first eight bytes are there.</summary>
    public bool IsWhole => _bytes.Length >= FullSize;

    /// <summary>Echo identifier; only where <see cref="IsWhole"/>.</summary>
    public ushort Identifier => Bytes.U16(_bytes, 4);

    /// <summary>Echo sequence number; only where <see cref="IsWhole"/>.</summary>
    public ushort Sequence => Bytes.U16(_bytes, 6);

    /// <summary>Next-hop MTU of "fragmentation needed" (RFC 1191); only where <see cref="IsWhole"/>.</summary>
    public ushort NextHopMtu => Bytes.U16(_bytes, 6);

    /// <summary>Appends what the message says.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="length">Bytes of the message by the enclosing lengths.</param>
    public void AppendTo(ref LineWriter line, int length)
    {
        line.Append("ICMP "u8);
        if (IsEcho && IsWhole)
        {
            line.Append(Type == 8 ? "echo request, id "u8 : "echo reply, id "u8);
            line.Append(Identifier);
            line.Append(", seq "u8);
            line.Append(Sequence);
        }
        else
        {
            AppendName(ref line);
        }
        line.Append(", length "u8);
        line.Append(length);
    }

    private void AppendName(ref LineWriter line)
    {
        ReadOnlySpan<byte> name = (Type, Code) switch
        {
            (3, 0) => "net unreachable"u8,
            (3, 1) => "host unreachable"u8,
            (3, 2) => "protocol unreachable"u8,
            (3, 3) => "port unreachable"u8,
            (3, 4) => "unreachable - need to frag"u8,
            (3, 13) => "unreachable - admin prohibited"u8,
            (3, _) => "unreachable"u8,
            (5, _) => "redirect"u8,
            (9, _) => "router advertisement"u8,
            (10, _) => "router solicitation"u8,
            (11, 0) => "time exceeded in-transit"u8,
            (11, 1) => "ip reassembly time exceeded"u8,
            (12, _) => "parameter problem"u8,
            (13, _) => "time stamp query"u8,
            (14, _) => "time stamp reply"u8,
            _ => default,
        };
        if (!name.IsEmpty)
        {
            line.Append(name);
            return;
        }
        line.Append("type "u8);
        line.Append(Type);
        line.Append(", code "u8);
        line.Append(Code);
    }
}

/// <summary>The values of the first eight bytes of an ICMP or ICMPv6 message.</summary>
/// <param name="Type">Type.</param>
/// <param name="Code">Code.</param>
/// <param name="Rest">The four bytes after the checksum: identifier and sequence number of an echo.</param>
/// <param name="Checksum">Checksum as on the wire.</param>
public readonly record struct IcmpHeader(byte Type, byte Code, uint Rest, ushort Checksum = 0)
{
    /// <summary>Bytes written.</summary>
    public const int Size = IcmpView.FullSize;

    /// <summary>An echo request or reply of either version.</summary>
    public static IcmpHeader Echo(byte type, ushort identifier, ushort sequence) => new(type, 0, (uint)identifier << 16 | sequence);

    /// <summary>The values of a message that was read and has eight bytes.</summary>
    public static IcmpHeader From(IcmpView view) => new(view.Type, view.Code, (uint)view.Identifier << 16 | view.Sequence, view.Checksum);

    /// <summary>Writes the eight bytes.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Type;
        room[1] = Code;
        Bytes.Put16(room, 2, Checksum);
        Bytes.Put32(room, 4, Rest);
        return Size;
    }
}
