namespace NetStack.Wire;

/// <summary>A PPPoE header, discovery or session, over private bytes (RFC 2516).</summary>
public readonly ref struct PppoeView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 6;

    private readonly ReadOnlySpan<byte> _bytes;

    private PppoeView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out PppoeView view)
    {
        view = new PppoeView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>Version, 1.</summary>
    public byte Version => (byte)(_bytes[0] >> 4);

    /// <summary>Type, 1.</summary>
    public byte Type => (byte)(_bytes[0] & 15);

    /// <summary>Code: 0 for session data.</summary>
    public byte Code => _bytes[1];

    /// <summary>Session identifier.</summary>
    public ushort SessionId => Bytes.U16(_bytes, 2);

    /// <summary>Payload bytes.</summary>
    public ushort PayloadLength => Bytes.U16(_bytes, 4);

    /// <summary>Appends the code, and the session where there is one.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("PPPoE"u8);
        line.Append(Code switch { 0 => default, 0x09 => " PADI"u8, 0x07 => " PADO"u8, 0x19 => " PADR"u8, 0x65 => " PADS"u8, 0xA7 => " PADT"u8, _ => " PAD-"u8 });
        if (Code is not (0 or 0x09 or 0x07 or 0x19 or 0x65 or 0xA7)) line.AppendHex(Code);
        if (SessionId == 0) return;
        line.Append(" [ses 0x"u8);
        line.AppendHex(SessionId);
        line.Append(']');
    }
}

/// <summary>The values of a PPPoE header.</summary>
/// <param name="Code">Code: 0 for session data.</param>
/// <param name="SessionId">Session identifier.</param>
/// <param name="PayloadLength">Payload bytes.</param>
public readonly record struct PppoeHeader(byte Code, ushort SessionId, ushort PayloadLength)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = PppoeView.Size;

    /// <summary>The values of a header that was read.</summary>
    public static PppoeHeader From(PppoeView view) => new(view.Code, view.SessionId, view.PayloadLength);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = 0x11;
        room[1] = Code;
        Bytes.Put16(room, 2, SessionId);
        Bytes.Put16(room, 4, PayloadLength);
        return Size;
    }
}
