namespace NetStack.Wire;

/// <summary>A Linux cooked capture header, v1 or v2, over private bytes (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2).</summary>
public readonly ref struct LinuxSllView
{
    /// <summary>Bytes in a v1 header.</summary>
    public const int Size1 = 16;

    /// <summary>Bytes in a v2 header.</summary>
    public const int Size2 = 20;

    private readonly ReadOnlySpan<byte> _bytes;

    private LinuxSllView(ReadOnlySpan<byte> bytes, int version)
    {
        _bytes = bytes;
        Version = version;
    }

    /// <summary>Reads a header of a version, 1 or 2; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int version, out LinuxSllView view)
    {
        view = new LinuxSllView(bytes, version);
        return bytes.Length >= view.HeaderLength;
    }

    /// <summary>1 or 2.</summary>
    public int Version { get; }

    /// <summary>Header bytes.</summary>
    public int HeaderLength => Version == 2 ? Size2 : Size1;

    /// <summary>0 to us, 1 broadcast, 2 multicast, 3 to somebody else, 4 from us.</summary>
    public ushort PacketType => Version == 2 ? _bytes[10] : Bytes.U16(_bytes, 0);

    /// <summary>ARPHRD_ number of the device.</summary>
    public ushort ArpHardware => Bytes.U16(_bytes, Version == 2 ? 8 : 2);

    /// <summary>The protocol field: an EtherType, or a small number of Linux's own (1: 802.3, 4: 802.2 LLC).</summary>
    public ushort Protocol => Bytes.U16(_bytes, Version == 2 ? 0 : 14);

    /// <summary>Interface index; 0 in v1.</summary>
    public uint InterfaceIndex => Version == 2 ? Bytes.U32(_bytes, 4) : 0;

    /// <summary>Bytes in the sender's link-layer address as claimed; at most the first 8 are there.</summary>
    public int AddressLength => Version == 2 ? _bytes[11] : Bytes.U16(_bytes, 4);

    /// <summary>The sender's MAC address, or null where the address has not six bytes.</summary>
    public MacAddress? Address => AddressLength == MacAddress.Size ? MacAddress.Read(_bytes[(Version == 2 ? 12 : 6)..]) : null;

    /// <summary>Appends the direction.</summary>
    public void AppendTo(ref LineWriter line) =>
        line.Append(PacketType switch { 0 => "In"u8, 1 => "B"u8, 2 => "M"u8, 3 => "P"u8, 4 => "Out"u8, _ => "?"u8 });
}

/// <summary>The values of a cooked capture header.</summary>
/// <param name="Version">1 or 2.</param>
/// <param name="PacketType">0 to us, 1 broadcast, 2 multicast, 3 to somebody else, 4 from us.</param>
/// <param name="ArpHardware">ARPHRD_ number of the device.</param>
/// <param name="Protocol">An EtherType, or a small number of Linux's own.</param>
/// <param name="InterfaceIndex">Interface index; v2 only.</param>
/// <param name="Address">The sender's MAC address, if there is one.</param>
public readonly record struct LinuxSllHeader(int Version, ushort PacketType, ushort ArpHardware, ushort Protocol, uint InterfaceIndex = 0, MacAddress? Address = null)
{
    /// <summary>Bytes in the header.</summary>
    public int Size => Version == 2 ? LinuxSllView.Size2 : LinuxSllView.Size1;

    /// <summary>The values of a header that was read.</summary>
    public static LinuxSllHeader From(LinuxSllView view) => new(view.Version, view.PacketType, view.ArpHardware, view.Protocol, view.InterfaceIndex, view.Address);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        if (Version == 2)
        {
            Bytes.Put16(room, 0, Protocol);
            Bytes.Put32(room, 4, InterfaceIndex);
            Bytes.Put16(room, 8, ArpHardware);
            room[10] = (byte)PacketType;
            if (Address is not null) room[11] = MacAddress.Size;
        }
        else
        {
            Bytes.Put16(room, 0, PacketType);
            Bytes.Put16(room, 2, ArpHardware);
            if (Address is not null) Bytes.Put16(room, 4, MacAddress.Size);
            Bytes.Put16(room, 14, Protocol);
        }
        Address?.Write(room[(Version == 2 ? 12 : 6)..]);
        return Size;
    }
}
