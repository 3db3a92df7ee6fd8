namespace NetStack.Wire;

/// <summary>A VXLAN header over private bytes (RFC 7348).</summary>
public readonly ref struct VxlanView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 8;

    /// <summary>The UDP port that announces VXLAN.</summary>
    public const ushort Port = 4789;

    private readonly ReadOnlySpan<byte> _bytes;

    private VxlanView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out VxlanView view)
    {
        view = new VxlanView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>The flags byte; 0x08 says the network identifier is valid.</summary>
    public byte Flags => _bytes[0];

    /// <summary>Whether the network identifier is valid, as it must be (RFC 7348 section 5).</summary>
    public bool HasVni => (Flags & 0x08) != 0;

    /// <summary>VXLAN network identifier, 24 bits.</summary>
    public uint Vni => Bytes.U24(_bytes, 4);

    /// <summary>Appends flags and identifier.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append(HasVni ? "VXLAN, flags [I] (0x"u8 : "VXLAN, flags [.] (0x"u8);
        line.AppendHex(Flags, 2);
        line.Append("), vni "u8);
        line.Append(Vni);
    }
}

/// <summary>The values of a VXLAN header.</summary>
/// <param name="Vni">VXLAN network identifier, 24 bits.</param>
public readonly record struct VxlanHeader(uint Vni)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = VxlanView.Size;

    /// <summary>The values of a header that was read.</summary>
    public static VxlanHeader From(VxlanView view) => new(view.Vni);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = 0x08;
        Bytes.Put32(room, 4, Vni << 8);
        return Size;
    }
}
