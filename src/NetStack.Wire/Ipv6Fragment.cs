namespace NetStack.Wire;

/// <summary>An IPv6 fragment header over private bytes (RFC 8200 section 4.5).</summary>
public readonly ref struct Ipv6FragmentView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private Ipv6FragmentView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Ipv6FragmentView view)
    {
        view = new Ipv6FragmentView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>What follows, in the first fragment.</summary>
    public IpProtocol NextHeader => (IpProtocol)_bytes[0];

    /// <summary>Fragment offset in bytes.</summary>
    public int FragmentOffset => Bytes.U16(_bytes, 2) & 0xFFF8;

    /// <summary>More fragments.</summary>
    public bool MoreFragments => (_bytes[3] & 1) != 0;

    /// <summary>Identification.</summary>
    public uint Identification => Bytes.U32(_bytes, 4);

    /// <summary>Appends offset, flag and identification.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("frag (0x"u8);
        line.AppendHex(Identification, 8);
        line.Append(':');
        line.Append(FragmentOffset);
        if (MoreFragments) line.Append('+');
        line.Append(')');
    }
}

/// <summary>The values of an IPv6 fragment header.</summary>
/// <param name="NextHeader">What follows, in the first fragment.</param>
/// <param name="FragmentOffset">Fragment offset in bytes, a multiple of 8.</param>
/// <param name="MoreFragments">More fragments.</param>
/// <param name="Identification">Identification.</param>
public readonly record struct Ipv6FragmentHeader(IpProtocol NextHeader, int FragmentOffset, bool MoreFragments, uint Identification)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = Ipv6FragmentView.Size;

    /// <summary>The values of a header that was read.</summary>
    public static Ipv6FragmentHeader From(Ipv6FragmentView view) =>
        new(view.NextHeader, view.FragmentOffset, view.MoreFragments, view.Identification);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = (byte)NextHeader;
        Bytes.Put16(room, 2, (FragmentOffset & 0xFFF8) | (MoreFragments ? 1 : 0));
        Bytes.Put32(room, 4, Identification);
        return Size;
    }
}
