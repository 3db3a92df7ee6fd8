namespace NetStack.Wire;

/// <summary>A GTP-U version 1 header over private bytes (3GPP TS 29.281 section 5).</summary>
public readonly ref struct GtpView
{
    /// <summary>Bytes in the part that is always there; the length field counts what follows it.</summary>
    public const int MinSize = 8;

    /// <summary>Bytes in the header where it has any of the optional fields.</summary>
    public const int FullSize = 12;

    /// <summary>The UDP port of GTP-U.</summary>
    public const ushort Port = 2152;

    /// <summary>The type of a message that carries a user's packet.</summary>
    public const byte UserData = 255;

    private readonly ReadOnlySpan<byte> _bytes;

    private GtpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when the part that is always there is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out GtpView view)
    {
        view = new GtpView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Whether a header with this first byte is GTP of version 1, and not GTP'.</summary>
    public static bool IsVersion1(byte first) => (first & 0xF0) == 0x30;

    /// <summary>The flags byte, version and protocol type in its upper half.</summary>
    public byte Flags => _bytes[0];

    /// <summary>Message type.</summary>
    public byte MessageType => _bytes[1];

    /// <summary>Bytes behind the first eight, optional fields and extension headers included.</summary>
    public ushort Length => Bytes.U16(_bytes, 2);

    /// <summary>Tunnel endpoint identifier.</summary>
    public uint Teid => Bytes.U32(_bytes, 4);

    /// <summary>Whether there is a chain of extension headers.</summary>
    public bool HasExtensions => (Flags & 0x04) != 0;

    /// <summary>Whether the sequence number counts.</summary>
    public bool HasSequence => (Flags & 0x02) != 0;

    /// <summary>Whether the N-PDU number counts.</summary>
    public bool HasNPduNumber => (Flags & 0x01) != 0;

    /// <summary>Header bytes without extension headers, whose length only they tell.</summary>
    public int HeaderLength => (Flags & 0x07) != 0 ? FullSize : MinSize;

    /// <summary>Whether the fields up to <see cref="HeaderLength"/> are there.</summary>
    public bool IsWhole => _bytes.Length >= HeaderLength;

    /// <summary>The sequence number; only where <see cref="HasSequence"/> and <see cref="IsWhole"/>.</summary>
    public ushort Sequence => Bytes.U16(_bytes, MinSize);

    /// <summary>The N-PDU number; only where <see cref="HasNPduNumber"/> and <see cref="IsWhole"/>.</summary>
    public byte NPduNumber => _bytes[10];

    /// <summary>Type of the first extension header, 0 for none; only where <see cref="HasExtensions"/> and <see cref="IsWhole"/>.</summary>
    public byte NextExtension => _bytes[11];

    /// <summary>Appends message type, tunnel and sequence number.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("GTP-U v1, "u8);
        ReadOnlySpan<byte> name = MessageType switch
        {
            1 => "echo request"u8,
            2 => "echo response"u8,
            26 => "error indication"u8,
            31 => "supported extension headers"u8,
            254 => "end marker"u8,
            UserData => "T-PDU"u8,
            _ => default,
        };
        line.Append(name);
        if (name.IsEmpty)
        {
            line.Append("type "u8);
            line.Append(MessageType);
        }
        line.Append(", teid 0x"u8);
        line.AppendHex(Teid, 8);
        if (!HasSequence || !IsWhole) return;
        line.Append(", seq "u8);
        line.Append(Sequence);
    }
}
