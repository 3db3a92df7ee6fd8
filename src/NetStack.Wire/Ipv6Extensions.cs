namespace NetStack.Wire;

/// <summary>An IPv6 options or routing header over private bytes: its length is in its second byte (RFC 8200 section 4).</summary>
public readonly ref struct Ipv6ExtensionView
{
    /// <summary>Bytes in the smallest header.</summary>
    public const int MinSize = 8;

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
        bool isThere = TryFindOption(Ipv6OptionType.JumboPayload, out ReadOnlySpan<byte> data) && data.Length == 4;
        length = isThere ? Bytes.U32(data, 0) : 0;
        return isThere;
    }

    /// <summary>Finds the router alert option (RFC 2711) in a hop-by-hop header.</summary>
    /// <param name="value">What the packet carries: 0 is multicast listener discovery.</param>
    public bool TryGetRouterAlert(out ushort value)
    {
        bool isThere = TryFindOption(Ipv6OptionType.RouterAlert, out ReadOnlySpan<byte> data) && data.Length == 2;
        value = isThere ? Bytes.U16(data, 0) : (ushort)0;
        return isThere;
    }

    /// <summary>Finds the first option of a type in an options header.</summary>
    public bool TryFindOption(Ipv6OptionType type, out ReadOnlySpan<byte> data)
    {
        Ipv6OptionReader reader = new(Options);
        while (reader.MoveNext())
        {
            data = reader.Data;
            if (reader.Type == type) return true;
        }
        data = default;
        return false;
    }

    /// <summary>Appends which header it is, and of a routing header type and segments left.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="kind">Which of the three headers this is.</param>
    public void AppendTo(ref LineWriter line, LayerKind kind)
    {
        if (kind != LayerKind.Ipv6Routing)
        {
            line.Append(kind == LayerKind.Ipv6HopByHop ? "HBH"u8 : "DSTOPT"u8);
            return;
        }
        line.Append("RT6 (len="u8);
        line.Append(_bytes[1]);
        line.Append(", type="u8);
        line.Append(RoutingType);
        line.Append(", segleft="u8);
        line.Append(SegmentsLeft);
        line.Append(')');
    }
}

/// <summary>The values of an options or routing header.</summary>
/// <param name="NextHeader">What follows.</param>
public readonly record struct Ipv6ExtensionHeader(IpProtocol NextHeader)
{
    /// <summary>Bytes in a hop-by-hop header that holds a router alert.</summary>
    public const int RouterAlertSize = 8;

    /// <summary>The values of a header that was read; its content is dropped.</summary>
    public static Ipv6ExtensionHeader From(Ipv6ExtensionView view) => new(view.NextHeader);

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

    /// <summary>Writes a hop-by-hop header that holds a router alert (RFC 2711), as every MLD message needs (RFC 3810 section 5).</summary>
    /// <param name="destination">Room for <see cref="RouterAlertSize"/> bytes.</param>
    /// <param name="value">What the packet carries: 0 is multicast listener discovery.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int WriteRouterAlert(Span<byte> destination, ushort value = 0) =>
        Write(destination, [(byte)Ipv6OptionType.RouterAlert, 2, (byte)(value >> 8), (byte)value, (byte)Ipv6OptionType.PadN, 0]);
}
