using System.Buffers.Binary;

namespace NetStack.Wire;

/// <summary>
/// A BSD loopback header over private bytes: an address family, in the byte order of the host that wrote it (LINKTYPE_NULL) or
/// in network order (LINKTYPE_LOOP).
/// </summary>
public readonly ref struct NullLoopbackView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 4;

    private NullLoopbackView(uint family) => Family = family;

    /// <summary>Reads a header; false when it is not whole.</summary>
    /// <param name="bytes">Private bytes.</param>
    /// <param name="networkOrder">Whether the family is in network order for sure. Otherwise the order is told by the value:
    /// a family is small, so a number with high bits set was written the other way round.</param>
    /// <param name="view">The header.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, bool networkOrder, out NullLoopbackView view)
    {
        view = default;
        if (bytes.Length < Size) return false;
        uint big = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        view = new NullLoopbackView(networkOrder || (big & 0xFFFF_0000) == 0 ? big : BinaryPrimitives.ReverseEndianness(big));
        return true;
    }

    /// <summary>The address family: 2 is IPv4; IPv6 is 10, 24, 28 or 30, by system.</summary>
    public uint Family { get; }

    /// <summary>Whether the family is IPv4.</summary>
    public bool IsIpv4 => Family == 2;

    /// <summary>Whether the family is IPv6 on one of the systems that write such files.</summary>
    public bool IsIpv6 => Family is 10 or 24 or 28 or 30;

    /// <summary>Appends the family.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("AF "u8);
        line.Append(Family);
    }
}

/// <summary>The values of a loopback header.</summary>
/// <param name="Family">The address family.</param>
public readonly record struct NullLoopbackHeader(uint Family)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = NullLoopbackView.Size;

    /// <summary>The values of a header that was read.</summary>
    public static NullLoopbackHeader From(NullLoopbackView view) => new(view.Family);

    /// <summary>Writes the header in network order.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Bytes.Put32(Bytes.Room(destination, Size), 0, Family);
        return Size;
    }
}
