namespace NetStack.Wire;

/// <summary>A Geneve header over private bytes (RFC 8926).</summary>
public readonly ref struct GeneveView
{
    /// <summary>Bytes in the fixed part.</summary>
    public const int MinSize = 8;

    /// <summary>The UDP port that announces Geneve.</summary>
    public const ushort Port = 6081;

    private readonly ReadOnlySpan<byte> _bytes;

    private GeneveView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when the fixed part is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out GeneveView view)
    {
        view = new GeneveView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Version, 0.</summary>
    public byte Version => (byte)(_bytes[0] >> 6);

    /// <summary>Bytes of options, 0 to 252.</summary>
    public int OptionsLength => (_bytes[0] & 0x3F) * 4;

    /// <summary>Header bytes, options included.</summary>
    public int HeaderLength => MinSize + OptionsLength;

    /// <summary>What follows: an EtherType.</summary>
    public ushort Protocol => Bytes.U16(_bytes, 2);

    /// <summary>Virtual network identifier, 24 bits.</summary>
    public uint Vni => Bytes.U24(_bytes, 4);

    /// <summary>Appends identifier, protocol and options length.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("Geneve, vni 0x"u8);
        line.AppendHex(Vni);
        line.Append(", proto 0x"u8);
        line.AppendHex(Protocol, 4);
        if (OptionsLength == 0) return;
        line.Append(", options "u8);
        line.Append(OptionsLength);
    }
}

/// <summary>The values of a Geneve header without options.</summary>
/// <param name="Vni">Virtual network identifier, 24 bits.</param>
/// <param name="Protocol">What follows: an EtherType.</param>
public readonly record struct GeneveHeader(uint Vni, ushort Protocol)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = GeneveView.MinSize;

    /// <summary>The values of a header that was read; its options are dropped.</summary>
    public static GeneveHeader From(GeneveView view) => new(view.Vni, view.Protocol);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 2, Protocol);
        Bytes.Put32(room, 4, Vni << 8);
        return Size;
    }
}
