namespace NetStack.Wire;

/// <summary>An ICMPv6 message over private bytes (RFC 4443).</summary>
public readonly ref struct Icmpv6View
{
    /// <summary>Bytes in type, code and checksum.</summary>
    public const int MinSize = 4;

    /// <summary>Bytes in front of an echo's data, or of the packet quoted in an error.</summary>
    public const int FullSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private Icmpv6View(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when type, code and checksum are not there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Icmpv6View view)
    {
        view = new Icmpv6View(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Type.</summary>
    public byte Type => _bytes[0];

    /// <summary>Code.</summary>
    public byte Code => _bytes[1];

    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 2);

    /// <summary>Whether this is an echo request (128) or reply (129).</summary>
    public bool IsEcho => Type is 128 or 129;

    /// <summary>Whether this quotes the packet it complains of (RFC 4443 section 2.1: types 1 to 4 are defined).</summary>
    public bool IsError => Type is >= 1 and <= 4;

    /// <summary>Whether the first eight bytes are there.</summary>
    public bool IsWhole => _bytes.Length >= FullSize;

    /// <summary>Echo identifier; only where <see cref="IsWhole"/>.</summary>
    public ushort Identifier => Bytes.U16(_bytes, 4);

    /// <summary>Echo sequence number; only where <see cref="IsWhole"/>.</summary>
    public ushort Sequence => Bytes.U16(_bytes, 6);

    /// <summary>MTU of "packet too big"; only where <see cref="IsWhole"/>.</summary>
    public uint Mtu => Bytes.U32(_bytes, 4);

    /// <summary>Appends what the message says.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="length">Bytes of the message by the enclosing lengths.</param>
    public void AppendTo(ref LineWriter line, int length)
    {
        line.Append("ICMP6, "u8);
        if (IsEcho && IsWhole)
        {
            line.Append(Type == 128 ? "echo request, id "u8 : "echo reply, id "u8);
            line.Append(Identifier);
            line.Append(", seq "u8);
            line.Append(Sequence);
        }
        else if (NdpView.TryRead(_bytes, out NdpView ndp))
        {
            ndp.AppendTo(ref line);
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
            (1, 0) => "destination unreachable, unreachable route"u8,
            (1, 1) => "destination unreachable, unreachable prohibited"u8,
            (1, 3) => "destination unreachable, unreachable address"u8,
            (1, 4) => "destination unreachable, unreachable port"u8,
            (1, _) => "destination unreachable"u8,
            (2, _) => "packet too big"u8,
            (3, 0) => "time exceeded in-transit"u8,
            (3, 1) => "time exceeded in-reassembly"u8,
            (4, _) => "parameter problem"u8,
            (130, _) => "multicast listener query"u8,
            (131, _) => "multicast listener report"u8,
            (132, _) => "multicast listener done"u8,
            (143, _) => "multicast listener report v2"u8,
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
