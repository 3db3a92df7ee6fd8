namespace NetStack.Wire;

/// <summary>
/// An ERSPAN header behind GRE over private bytes: type II or III (draft-foschiano-erspan-03). Type I has none: its Ethernet frame
/// stands right behind GRE.
/// </summary>
public readonly ref struct ErspanView
{
    /// <summary>Bytes in a type II header, and the fewest that tell a header's length.</summary>
    public const int Size2 = 8;

    /// <summary>Bytes in a type III header without its subheader.</summary>
    public const int Size3 = 12;

    /// <summary>The version field of type II.</summary>
    public const byte Version2 = 1;

    /// <summary>The version field of type III.</summary>
    public const byte Version3 = 2;

    private readonly ReadOnlySpan<byte> _bytes;

    private ErspanView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when its first eight bytes are not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ErspanView view)
    {
        view = new ErspanView(bytes);
        return bytes.Length >= Size2;
    }

    /// <summary>The version field: one less than the type.</summary>
    public byte Version => (byte)(_bytes[0] >> 4);

    /// <summary>VLAN of the mirrored frame.</summary>
    public ushort Vlan => (ushort)(Bytes.U16(_bytes, 0) & 0x0FFF);

    /// <summary>Class of service of the mirrored frame.</summary>
    public byte ClassOfService => (byte)(_bytes[2] >> 5);

    /// <summary>Whether the mirrored frame was cut.</summary>
    public bool IsTruncated => (_bytes[2] & 0x04) != 0;

    /// <summary>Session identifier, 10 bits.</summary>
    public ushort SessionId => (ushort)(Bytes.U16(_bytes, 2) & 0x03FF);

    /// <summary>Port index, 20 bits; of type II only.</summary>
    public uint Index => Bytes.U32(_bytes, 4) & 0xFFFFF;

    /// <summary>Time stamp in the unit that the header tells; of type III only.</summary>
    public uint Timestamp => Bytes.U32(_bytes, 4);

    /// <summary>Whether the fields of the present version are there, the subheader not included.</summary>
    public bool IsWhole => _bytes.Length >= (Version == Version3 ? Size3 : Size2);

    /// <summary>Type of the mirrored frame, 0 for Ethernet and 2 for IP; of type III, only where <see cref="IsWhole"/>.</summary>
    public byte FrameType => (byte)(Bytes.U16(_bytes, 10) >> 10 & 0x1F);

    /// <summary>Whether a platform's subheader follows; of type III, only where <see cref="IsWhole"/>.</summary>
    public bool HasSubheader => (_bytes[11] & 1) != 0;

    /// <summary>Header bytes, a subheader included; only where <see cref="IsWhole"/>.</summary>
    public int HeaderLength => Version != Version3 ? Size2 : HasSubheader ? Size3 + 8 : Size3;

    /// <summary>Appends type, session, VLAN, and index or time stamp.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("ERSPAN type "u8);
        line.Append(Version == Version2 ? "II"u8 : "III"u8);
        line.Append(", session "u8);
        line.Append(SessionId);
        line.Append(", vlan "u8);
        line.Append(Vlan);
        if (IsTruncated) line.Append(", truncated"u8);
        line.Append(Version == Version2 ? ", index "u8 : ", timestamp "u8);
        line.Append(Version == Version2 ? Index : Timestamp);
    }
}
