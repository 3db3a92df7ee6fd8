namespace NetStack.Wire;

/// <summary>An 802.1Q or 802.1ad tag over private bytes, from the tag control information on.</summary>
public readonly ref struct VlanView
{
    /// <summary>Bytes from the tag control information to the next type field, included.</summary>
    public const int Size = 4;

    private readonly ReadOnlySpan<byte> _bytes;

    private VlanView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a tag; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out VlanView view)
    {
        view = new VlanView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>VLAN identifier, 0 to 4095.</summary>
    public ushort Id => (ushort)(Bytes.U16(_bytes, 0) & 0xFFF);

    /// <summary>Priority code point, 0 to 7.</summary>
    public byte Priority => (byte)(_bytes[0] >> 5);

    /// <summary>Drop eligible indicator.</summary>
    public bool DropEligible => (_bytes[0] & 0x10) != 0;

    /// <summary>What follows: an EtherType or an 802.3 length.</summary>
    public ushort TypeOrLength => Bytes.U16(_bytes, 2);

    /// <summary>Appends identifier and priority.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("vlan "u8);
        line.Append(Id);
        line.Append(", p "u8);
        line.Append(Priority);
        if (DropEligible) line.Append(", DEI"u8);
    }
}

/// <summary>The values of a tag.</summary>
/// <param name="Id">VLAN identifier, 0 to 4095.</param>
/// <param name="Priority">Priority code point, 0 to 7.</param>
/// <param name="DropEligible">Drop eligible indicator.</param>
/// <param name="EtherType">What follows.</param>
public readonly record struct VlanHeader(ushort Id, byte Priority, bool DropEligible, EtherType EtherType)
{
    /// <summary>Bytes written, after the type field that announces the tag.</summary>
    public const int Size = VlanView.Size;

    /// <summary>The values of a tag that was read.</summary>
    public static VlanHeader From(VlanView view) => new(view.Id, view.Priority, view.DropEligible, (EtherType)view.TypeOrLength);

    /// <summary>Writes the tag.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 0, Priority << 13 | (DropEligible ? 0x1000 : 0) | (Id & 0xFFF));
        Bytes.Put16(room, 2, (int)EtherType);
        return Size;
    }
}
