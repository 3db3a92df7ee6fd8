namespace NetStack.Wire;

/// <summary>A UDP header over private bytes (RFC 768).</summary>
public readonly ref struct UdpView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private UdpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out UdpView view)
    {
        view = new UdpView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>Source port.</summary>
    public ushort SourcePort => Bytes.U16(_bytes, 0);

    /// <summary>Destination port.</summary>
    public ushort DestinationPort => Bytes.U16(_bytes, 2);

    /// <summary>Length as claimed, header included; 0 in an IPv6 jumbogram.</summary>
    public ushort Length => Bytes.U16(_bytes, 4);

    /// <summary>Checksum as on the wire; 0 is none over IPv4.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 6);

    /// <summary>Appends the payload length.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="payloadLength">Payload bytes by the enclosing lengths.</param>
    public void AppendTo(ref LineWriter line, int payloadLength)
    {
        line.Append("UDP, length "u8);
        line.Append(payloadLength);
    }
}

/// <summary>The values of a UDP header.</summary>
/// <param name="SourcePort">Source port.</param>
/// <param name="DestinationPort">Destination port.</param>
/// <param name="Length">Length, header included.</param>
/// <param name="Checksum">Checksum as on the wire.</param>
public readonly record struct UdpHeader(ushort SourcePort, ushort DestinationPort, ushort Length, ushort Checksum = 0)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = UdpView.Size;

    /// <summary>The values of a header that was read.</summary>
    public static UdpHeader From(UdpView view) => new(view.SourcePort, view.DestinationPort, view.Length, view.Checksum);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 0, SourcePort);
        Bytes.Put16(room, 2, DestinationPort);
        Bytes.Put16(room, 4, Length);
        Bytes.Put16(room, 6, Checksum);
        return Size;
    }
}
