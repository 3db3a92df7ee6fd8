namespace NetStack.Wire;

/// <summary>A GRE header over private bytes: version 0 (RFC 2784, 2890, and routing as in RFC 1701) or 1 (RFC 2637).</summary>
public readonly ref struct GreView
{
    /// <summary>Bytes in the fixed part.</summary>
    public const int MinSize = 4;

    /// <summary>The protocol number of ERSPAN type II, and of type I where there is no sequence number.</summary>
    public const ushort Erspan = 0x88BE;

    /// <summary>The protocol number of ERSPAN type III.</summary>
    public const ushort Erspan3 = 0x22EB;

    /// <summary>The protocol number of a packet redirected by WCCP.</summary>
    public const ushort Wccp = 0x883E;

    private readonly ReadOnlySpan<byte> _bytes;

    private GreView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when the fixed part is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out GreView view)
    {
        view = new GreView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Flags and version, as on the wire.</summary>
    public ushort FlagsAndVersion => Bytes.U16(_bytes, 0);

    /// <summary>0, or 1 for the enhanced header of PPTP.</summary>
    public byte Version => (byte)(_bytes[1] & 7);

    /// <summary>What follows: an EtherType.</summary>
    public ushort Protocol => Bytes.U16(_bytes, 2);

    /// <summary>Whether a checksum and reserved field are there.</summary>
    public bool HasChecksum => (_bytes[0] & 0x80) != 0;

    /// <summary>Whether source routes are there (RFC 1701).</summary>
    public bool HasRouting => (_bytes[0] & 0x40) != 0;

    /// <summary>Whether a key is there.</summary>
    public bool HasKey => (_bytes[0] & 0x20) != 0;

    /// <summary>Whether a sequence number is there.</summary>
    public bool HasSequence => (_bytes[0] & 0x10) != 0;

    /// <summary>Whether an acknowledgement number is there (version 1).</summary>
    public bool HasAcknowledgement => Version == 1 && (_bytes[1] & 0x80) != 0;

    /// <summary>Header bytes, without the source routes, whose length only they tell.</summary>
    public int HeaderLength => SequenceOffset + (HasSequence ? 4 : 0) + (HasAcknowledgement ? 4 : 0);

    /// <summary>Whether the fields up to <see cref="HeaderLength"/> are there.</summary>
    public bool IsWhole => _bytes.Length >= HeaderLength;

    /// <summary>The checksum; only where <see cref="HasChecksum"/> and <see cref="IsWhole"/>.</summary>
    public ushort Checksum => Bytes.U16(_bytes, MinSize);

    /// <summary>The key; only where <see cref="HasKey"/> and <see cref="IsWhole"/>. In version 1 payload length and call.</summary>
    public uint Key => Bytes.U32(_bytes, KeyOffset);

    /// <summary>The sequence number; only where <see cref="HasSequence"/> and <see cref="IsWhole"/>.</summary>
    public uint Sequence => Bytes.U32(_bytes, SequenceOffset);

    /// <summary>The acknowledgement number; only where <see cref="HasAcknowledgement"/> and <see cref="IsWhole"/>.</summary>
    public uint Acknowledgement => Bytes.U32(_bytes, HeaderLength - 4);

    private int KeyOffset => MinSize + (HasChecksum || HasRouting ? 4 : 0);

    private int SequenceOffset => KeyOffset + (HasKey ? 4 : 0);

    /// <summary>Appends version, key or call, sequence and acknowledgement number, and protocol.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("GREv"u8);
        line.Append(Version);
        if (IsWhole && HasKey)
        {
            line.Append(Version == 1 ? ", call "u8 : ", key=0x"u8);
            if (Version == 1) line.Append(Key & 0xFFFF);
            else line.AppendHex(Key);
        }
        if (IsWhole && HasSequence)
        {
            line.Append(", seq "u8);
            line.Append(Sequence);
        }
        if (IsWhole && HasAcknowledgement)
        {
            line.Append(", ack "u8);
            line.Append(Acknowledgement);
        }
        line.Append(", proto "u8);
        NumberText.AppendEtherType(ref line, Protocol);
    }
}

/// <summary>The values of a version 0 GRE header (RFC 2784, RFC 2890).</summary>
/// <param name="Protocol">What follows: an EtherType.</param>
/// <param name="Key">The key, if there is one.</param>
/// <param name="Sequence">The sequence number, if there is one.</param>
/// <param name="Checksum">The checksum over header and payload, if there is one; as on the wire.</param>
public readonly record struct GreHeader(ushort Protocol, uint? Key = null, uint? Sequence = null, ushort? Checksum = null)
{
    /// <summary>Bytes in the header.</summary>
    public int Size => GreView.MinSize + (Checksum is null ? 0 : 4) + (Key is null ? 0 : 4) + (Sequence is null ? 0 : 4);

    /// <summary>The values of a whole version 0 header that was read; source routes are dropped.</summary>
    public static GreHeader From(GreView view) => new(view.Protocol, view.HasKey ? view.Key : null, view.HasSequence ? view.Sequence : null,
        view.HasChecksum ? view.Checksum : null);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 0, (Checksum is null ? 0 : 0x8000) | (Key is null ? 0 : 0x2000) | (Sequence is null ? 0 : 0x1000));
        Bytes.Put16(room, 2, Protocol);
        if (Checksum is { } checksum) Bytes.Put16(room, 4, checksum);
        if (Key is { } key) Bytes.Put32(room, Checksum is null ? 4 : 8, key);
        if (Sequence is { } sequence) Bytes.Put32(room, Size - 4, sequence);
        return Size;
    }
}

/// <summary>The values of a version 1 GRE header, which carries PPP in PPTP (RFC 2637 section 4.1).</summary>
/// <param name="PayloadLength">Payload bytes.</param>
/// <param name="CallId">The peer's call identifier.</param>
/// <param name="Sequence">The sequence number, where there is a payload.</param>
/// <param name="Acknowledgement">The acknowledgement number, if there is one.</param>
public readonly record struct EnhancedGreHeader(ushort PayloadLength, ushort CallId, uint? Sequence = null, uint? Acknowledgement = null)
{
    /// <summary>Bytes in the header.</summary>
    public int Size => GreView.MinSize + 4 + (Sequence is null ? 0 : 4) + (Acknowledgement is null ? 0 : 4);

    /// <summary>The values of a whole version 1 header that was read.</summary>
    public static EnhancedGreHeader From(GreView view) => new((ushort)(view.Key >> 16), (ushort)view.Key, view.HasSequence ? view.Sequence : null,
        view.HasAcknowledgement ? view.Acknowledgement : null);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 0, 0x2001 | (Sequence is null ? 0 : 0x1000) | (Acknowledgement is null ? 0 : 0x80));
        Bytes.Put16(room, 2, (int)EtherType.Ppp);
        Bytes.Put16(room, 4, PayloadLength);
        Bytes.Put16(room, 6, CallId);
        if (Sequence is { } sequence) Bytes.Put32(room, 8, sequence);
        if (Acknowledgement is { } acknowledgement) Bytes.Put32(room, Size - 4, acknowledgement);
        return Size;
    }
}
