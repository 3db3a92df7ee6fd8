namespace NetStack.Wire;

/// <summary>An IP authentication header over private bytes (RFC 4302).</summary>
public readonly ref struct AuthenticationView
{
    /// <summary>Bytes in the fixed part.</summary>
    public const int MinSize = 12;

    private readonly ReadOnlySpan<byte> _bytes;

    private AuthenticationView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when its fixed part is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out AuthenticationView view)
    {
        view = new AuthenticationView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>What follows.</summary>
    public IpProtocol NextHeader => (IpProtocol)_bytes[0];

    /// <summary>Header bytes as claimed, 8 to 1028; below 12 is impossible.</summary>
    public int HeaderLength => (_bytes[1] + 2) * 4;

    /// <summary>Security parameters index.</summary>
    public uint Spi => Bytes.U32(_bytes, 4);

    /// <summary>Sequence number.</summary>
    public uint Sequence => Bytes.U32(_bytes, 8);

    /// <summary>The integrity check value, or as much of it as is there.</summary>
    public ReadOnlySpan<byte> CheckValue => Bytes.Clip(_bytes, MinSize, HeaderLength);

    /// <summary>Appends index, sequence number and check value.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("AH(spi=0x"u8);
        line.AppendHex(Spi, 8);
        line.Append(",seq=0x"u8);
        line.AppendHex(Sequence);
        line.Append(",icv=0x"u8);
        foreach (byte value in CheckValue) line.AppendHex(value, 2);
        line.Append(')');
    }
}

/// <summary>The values of an authentication header.</summary>
/// <param name="NextHeader">What follows.</param>
/// <param name="Spi">Security parameters index.</param>
/// <param name="Sequence">Sequence number.</param>
public readonly record struct AuthenticationHeader(IpProtocol NextHeader, uint Spi, uint Sequence)
{
    /// <summary>The values of a header that was read; its check value is dropped.</summary>
    public static AuthenticationHeader From(AuthenticationView view) => new(view.NextHeader, view.Spi, view.Sequence);

    /// <summary>Writes the header.</summary>
    /// <param name="destination">Room for it.</param>
    /// <param name="checkValue">Integrity check value, a multiple of 4 and at most 1016 bytes.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or the check value is too long or uneven.</exception>
    public int Write(Span<byte> destination, ReadOnlySpan<byte> checkValue)
    {
        if (checkValue.Length > 1016 || checkValue.Length % 4 != 0) throw new ArgumentException("A check value takes up to 1016 bytes in steps of 4.", nameof(checkValue));
        int size = AuthenticationView.MinSize + checkValue.Length;
        Span<byte> room = Bytes.Room(destination, size);
        room[0] = (byte)NextHeader;
        room[1] = (byte)(size / 4 - 2);
        Bytes.Put32(room, 4, Spi);
        Bytes.Put32(room, 8, Sequence);
        checkValue.CopyTo(room[AuthenticationView.MinSize..]);
        return size;
    }
}
