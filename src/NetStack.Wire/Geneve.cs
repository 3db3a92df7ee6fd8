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

    /// <summary>Whether this is a control packet.</summary>
    public bool IsControl => (_bytes[1] & 0x80) != 0;

    /// <summary>Whether an option must be understood.</summary>
    public bool HasCriticalOptions => (_bytes[1] & 0x40) != 0;

    /// <summary>The options that are there.</summary>
    public GeneveOptions Options => new(Bytes.Clip(_bytes, MinSize, HeaderLength));

    /// <summary>Appends flags, identifier, protocol and options length.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("Geneve, Flags ["u8);
        line.Append((IsControl, HasCriticalOptions) switch { (false, false) => "none"u8, (true, false) => "O"u8, (false, true) => "C"u8, _ => "OC"u8 });
        line.Append("], vni 0x"u8);
        line.AppendHex(Vni);
        if (Protocol != (ushort)EtherType.TransparentEthernet)
        {
            line.Append(", proto "u8);
            NumberText.AppendEtherType(ref line, Protocol);
        }
        if (OptionsLength == 0) return;
        line.Append(", options ["u8);
        line.Append(OptionsLength);
        line.Append(" bytes]"u8);
    }
}

/// <summary>Steps through Geneve options (RFC 8926 section 3.5); one that runs past the end is left out.</summary>
/// <param name="options">The options.</param>
public ref struct GeneveOptions(ReadOnlySpan<byte> options)
{
    private const int HeaderSize = 4;

    private ReadOnlySpan<byte> _rest = options;
    private ReadOnlySpan<byte> _option;

    /// <summary>Option class of the present option.</summary>
    public readonly ushort Class => Bytes.U16(_option, 0);

    /// <summary>Type of the present option, the critical bit included.</summary>
    public readonly byte Type => _option[2];

    /// <summary>Whether whoever does not know the present option must drop the packet.</summary>
    public readonly bool IsCritical => (Type & 0x80) != 0;

    /// <summary>The present option's data, 0 to 124 bytes.</summary>
    public readonly ReadOnlySpan<byte> Data => _option[HeaderSize..];

    /// <summary>Goes to the next option.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < HeaderSize) return false;
        int size = HeaderSize + (_rest[3] & 0x1F) * 4;
        if (size > _rest.Length) return false;
        _option = _rest[..size];
        _rest = _rest[size..];
        return true;
    }
}

/// <summary>The values of a Geneve header.</summary>
/// <param name="Vni">Virtual network identifier, 24 bits.</param>
/// <param name="Protocol">What follows: an EtherType.</param>
public readonly record struct GeneveHeader(uint Vni, ushort Protocol)
{
    /// <summary>Bytes in a header without options.</summary>
    public const int Size = GeneveView.MinSize;

    /// <summary>Whether this is a control packet.</summary>
    public bool IsControl { get; init; }

    /// <summary>Whether an option must be understood.</summary>
    public bool HasCriticalOptions { get; init; }

    /// <summary>The values of a header that was read; its options are dropped.</summary>
    public static GeneveHeader From(GeneveView view) => new(view.Vni, view.Protocol)
    {
        IsControl = view.IsControl,
        HasCriticalOptions = view.HasCriticalOptions,
    };

    /// <summary>Writes the header.</summary>
    /// <param name="destination">Room for the header and options.</param>
    /// <param name="options">Options, a multiple of 4 and at most 252 bytes.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or the options are too long or uneven.</exception>
    public int Write(Span<byte> destination, ReadOnlySpan<byte> options = default)
    {
        if (options.Length > 252 || options.Length % 4 != 0) throw new ArgumentException("Options take up to 252 bytes in steps of 4.", nameof(options));
        Span<byte> room = Bytes.Room(destination, Size + options.Length);
        room[0] = (byte)(options.Length / 4);
        room[1] = (byte)((IsControl ? 0x80 : 0) | (HasCriticalOptions ? 0x40 : 0));
        Bytes.Put16(room, 2, Protocol);
        Bytes.Put32(room, 4, Vni << 8);
        options.CopyTo(room[Size..]);
        return room.Length;
    }
}
