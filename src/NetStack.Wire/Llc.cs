namespace NetStack.Wire;

/// <summary>An 802.2 LLC header, with SNAP where it follows, over private bytes.</summary>
public readonly ref struct LlcView
{
    /// <summary>Bytes in the smallest header: two service access points and one control byte.</summary>
    public const int MinSize = 3;

    /// <summary>Bytes in an LLC header with SNAP.</summary>
    public const int SnapSize = 8;

    private const byte SnapSap = 0xAA;
    private const byte IpSap = 0x06;
    private const uint BridgeTunnel = 0x0000F8;

    private readonly ReadOnlySpan<byte> _bytes;

    private LlcView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when its fixed part, or an announced SNAP part, is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out LlcView view)
    {
        view = new LlcView(bytes);
        return bytes.Length >= MinSize && (!view.IsSnap || bytes.Length >= SnapSize);
    }

    /// <summary>Destination service access point.</summary>
    public byte Dsap => _bytes[0];

    /// <summary>Source service access point.</summary>
    public byte Ssap => _bytes[1];

    /// <summary>First control byte.</summary>
    public byte Control => _bytes[2];

    /// <summary>Whether a SNAP header follows.</summary>
    public bool IsSnap => _bytes[0] == SnapSap && _bytes[1] == SnapSap && _bytes[2] == 3;

    /// <summary>Whether control takes two bytes: information and supervisory formats.</summary>
    public bool HasLongControl => (_bytes[2] & 3) != 3;

    /// <summary>Second control byte; only where all <see cref="HeaderLength"/> bytes are there, and 0 where there is none.</summary>
    public byte SecondControl => HasLongControl ? _bytes[3] : (byte)0;

    /// <summary>Header bytes.</summary>
    public int HeaderLength => IsSnap ? SnapSize : HasLongControl ? 4 : MinSize;

    /// <summary>SNAP organisation code; 0 means an EtherType follows.</summary>
    public uint Organisation => Bytes.U24(_bytes, 3);

    /// <summary>SNAP protocol identifier.</summary>
    public ushort ProtocolId => Bytes.U16(_bytes, 6);

    /// <summary>Whether the SNAP protocol identifier is an EtherType: RFC 1042, or the bridge tunnel of IEEE 802.1H.</summary>
    public bool HasEtherType => IsSnap && Organisation is 0 or BridgeTunnel;

    /// <summary>Whether IPv4 follows without SNAP (RFC 948): unnumbered information between the access points for IP.</summary>
    public bool IsPlainIpv4 => _bytes[0] == IpSap && _bytes[1] == IpSap && _bytes[2] == 3;

    /// <summary>Appends the access points, and what SNAP says.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("LLC, dsap 0x"u8);
        line.AppendHex(Dsap, 2);
        line.Append(", ssap 0x"u8);
        line.AppendHex(Ssap, 2);
        line.Append(", ctrl 0x"u8);
        line.AppendHex(Control, 2);
        if (!IsSnap) return;
        line.Append(": oui 0x"u8);
        line.AppendHex(Organisation, 6);
        line.Append(HasEtherType ? ", ethertype "u8 : ", pid 0x"u8);
        if (HasEtherType) NumberText.AppendEtherType(ref line, ProtocolId);
        else line.AppendHex(ProtocolId, 4);
    }
}

/// <summary>The values of an LLC header without SNAP.</summary>
/// <param name="Dsap">Destination service access point.</param>
/// <param name="Ssap">Source service access point.</param>
/// <param name="Control">First control byte; a second follows unless its low two bits are set.</param>
/// <param name="SecondControl">Second control byte, of information and supervisory formats.</param>
public readonly record struct LlcHeader(byte Dsap, byte Ssap, byte Control, byte SecondControl = 0)
{
    /// <summary>Bytes in the header: 3 or 4.</summary>
    public int Size => (Control & 3) == 3 ? LlcView.MinSize : 4;

    /// <summary>The values of a header that was read and has all its <see cref="LlcView.HeaderLength"/> bytes.</summary>
    public static LlcHeader From(LlcView view) => new(view.Dsap, view.Ssap, view.Control, view.SecondControl);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Dsap;
        room[1] = Ssap;
        room[2] = Control;
        if (Size > LlcView.MinSize) room[3] = SecondControl;
        return Size;
    }
}

/// <summary>The values of an LLC header with SNAP (RFC 1042).</summary>
/// <param name="Organisation">Organisation code, 24 bits; 0 for an EtherType.</param>
/// <param name="ProtocolId">What follows.</param>
public readonly record struct SnapHeader(uint Organisation, ushort ProtocolId)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = LlcView.SnapSize;

    /// <summary>The values of a header that was read and is SNAP.</summary>
    public static SnapHeader From(LlcView view) => new(view.Organisation, view.ProtocolId);

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put32(room, 0, 0xAAAA0300 | Organisation >> 16);
        Bytes.Put16(room, 4, (int)Organisation);
        Bytes.Put16(room, 6, ProtocolId);
        return Size;
    }
}
