namespace NetStack.Wire;

/// <summary>An IPv6 options or routing header over private bytes: its length is in its second byte (RFC 8200 section 4).</summary>
public readonly ref struct Ipv6ExtensionView
{
    /// <summary>Bytes in the smallest header.</summary>
    public const int MinSize = 8;

    private const byte JumboPayload = 0xC2;

    private readonly ReadOnlySpan<byte> _bytes;

    private Ipv6ExtensionView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when its first eight bytes are not there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Ipv6ExtensionView view)
    {
        view = new Ipv6ExtensionView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>What follows.</summary>
    public IpProtocol NextHeader => (IpProtocol)_bytes[0];

    /// <summary>Header bytes as claimed, 8 to 2048.</summary>
    public int HeaderLength => (_bytes[1] + 1) * 8;

    /// <summary>Routing type, in a routing header.</summary>
    public byte RoutingType => _bytes[2];

    /// <summary>Segments left, in a routing header.</summary>
    public byte SegmentsLeft => _bytes[3];

    /// <summary>The options that are there, in an options header.</summary>
    public ReadOnlySpan<byte> Options => Bytes.Clip(_bytes, 2, HeaderLength);

    /// <summary>Finds the jumbo payload option (RFC 2675) in a hop-by-hop header.</summary>
    public bool TryGetJumboLength(out uint length)
    {
        length = 0;
        ReadOnlySpan<byte> rest = Options;
        while (rest.Length >= 2)
        {
            if (rest[0] == 0) // Pad1
            {
                rest = rest[1..];
                continue;
            }
            int size = 2 + rest[1];
            if (size > rest.Length) return false;
            if (rest[0] == JumboPayload && size == 6)
            {
                length = Bytes.U32(rest, 2);
                return true;
            }
            rest = rest[size..];
        }
        return false;
    }
}

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

/// <summary>The values of an options or routing header.</summary>
/// <param name="NextHeader">What follows.</param>
public readonly record struct Ipv6ExtensionHeader(IpProtocol NextHeader)
{
    /// <summary>Writes the header around its content, padded with zeros to a multiple of 8.</summary>
    /// <param name="destination">Room for it.</param>
    /// <param name="content">Options, or routing type and what follows it; at most 2046 bytes.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or the content is too long.</exception>
    public int Write(Span<byte> destination, ReadOnlySpan<byte> content)
    {
        if (content.Length > 2046) throw new ArgumentException("An extension header holds at most 2046 bytes.", nameof(content));
        int size = (content.Length + 2 + 7) / 8 * 8;
        Span<byte> room = Bytes.Room(destination, size);
        room[0] = (byte)NextHeader;
        room[1] = (byte)(size / 8 - 1);
        content.CopyTo(room[2..]);
        return size;
    }
}
