namespace NetStack.Wire;

/// <summary>One MPLS label stack entry over private bytes (RFC 3032).</summary>
public readonly ref struct MplsView
{
    /// <summary>Bytes in an entry.</summary>
    public const int Size = 4;

    private readonly uint _entry;

    private MplsView(uint entry) => _entry = entry;

    /// <summary>Reads an entry; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MplsView view)
    {
        view = bytes.Length < Size ? default : new MplsView(Bytes.U32(bytes, 0));
        return bytes.Length >= Size;
    }

    /// <summary>The label, 20 bits.</summary>
    public uint Label => _entry >> 12;

    /// <summary>Traffic class, 0 to 7 (RFC 5462).</summary>
    public byte TrafficClass => (byte)(_entry >> 9 & 7);

    /// <summary>Whether this is the last entry.</summary>
    public bool IsBottom => (_entry & 0x100) != 0;

    /// <summary>Time to live.</summary>
    public byte Ttl => (byte)_entry;

    /// <summary>Appends label, class, bottom and time to live.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("MPLS (label "u8);
        line.Append(Label);
        line.Append(", tc "u8);
        line.Append(TrafficClass);
        if (IsBottom) line.Append(", [S]"u8);
        line.Append(", ttl "u8);
        line.Append(Ttl);
        line.Append(')');
    }
}

/// <summary>The values of a label stack entry.</summary>
/// <param name="Label">The label, 20 bits.</param>
/// <param name="TrafficClass">Traffic class, 0 to 7.</param>
/// <param name="IsBottom">Whether this is the last entry.</param>
/// <param name="Ttl">Time to live.</param>
public readonly record struct MplsHeader(uint Label, byte TrafficClass, bool IsBottom, byte Ttl)
{
    /// <summary>Bytes in an entry.</summary>
    public const int Size = MplsView.Size;

    /// <summary>The values of an entry that was read.</summary>
    public static MplsHeader From(MplsView view) => new(view.Label, view.TrafficClass, view.IsBottom, view.Ttl);

    /// <summary>Writes the entry.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Bytes.Put32(Bytes.Room(destination, Size), 0, Label << 12 | (uint)(TrafficClass & 7) << 9 | (IsBottom ? 0x100u : 0) | Ttl);
        return Size;
    }
}
