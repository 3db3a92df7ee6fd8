namespace NetStack.Wire;

/// <summary>A GRE header over private bytes: version 0 (RFC 2784, 2890, and routing as in RFC 1701) or 1 (RFC 2637).</summary>
public readonly ref struct GreView
{
    /// <summary>Bytes in the fixed part.</summary>
    public const int MinSize = 4;

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

    /// <summary>The key; only where <see cref="HasKey"/> and <see cref="IsWhole"/>.</summary>
    public uint Key => Bytes.U32(_bytes, KeyOffset);

    /// <summary>The sequence number; only where <see cref="HasSequence"/> and <see cref="IsWhole"/>.</summary>
    public uint Sequence => Bytes.U32(_bytes, SequenceOffset);

    private int KeyOffset => MinSize + (HasChecksum || HasRouting ? 4 : 0);

    private int SequenceOffset => KeyOffset + (HasKey ? 4 : 0);

    /// <summary>Appends version, protocol, key and sequence number.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("GREv"u8);
        line.Append(Version);
        if (IsWhole && HasKey)
        {
            line.Append(", key=0x"u8);
            line.AppendHex(Key);
        }
        if (IsWhole && HasSequence)
        {
            line.Append(", seq "u8);
            line.Append(Sequence);
        }
        line.Append(", proto 0x"u8);
        line.AppendHex(Protocol, 4);
    }
}

/// <summary>The values of a version 0 GRE header without checksum.</summary>
/// <param name="Protocol">What follows: an EtherType.</param>
/// <param name="Key">The key, if there is one.</param>
/// <param name="Sequence">The sequence number, if there is one.</param>
public readonly record struct GreHeader(ushort Protocol, uint? Key = null, uint? Sequence = null)
{
    /// <summary>Bytes in the header.</summary>
    public int Size => GreView.MinSize + (Key is null ? 0 : 4) + (Sequence is null ? 0 : 4);

    /// <summary>The values of a whole header that was read.</summary>
    public static GreHeader From(GreView view) => new(view.Protocol, view.HasKey ? view.Key : null, view.HasSequence ? view.Sequence : null);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 0, (Key is null ? 0 : 0x2000) | (Sequence is null ? 0 : 0x1000));
        Bytes.Put16(room, 2, Protocol);
        if (Key is { } key) Bytes.Put32(room, 4, key);
        if (Sequence is { } sequence) Bytes.Put32(room, Size - 4, sequence);
        return Size;
    }
}
