namespace NetStack.Wire;

/// <summary>An ARP or RARP packet over private bytes (RFC 826, RFC 903).</summary>
public readonly ref struct ArpView
{
    /// <summary>Bytes in the fixed part.</summary>
    public const int MinSize = 8;

    /// <summary>Bytes in a packet for Ethernet and IPv4.</summary>
    public const int EthernetIpv4Size = 28;

    private readonly ReadOnlySpan<byte> _bytes;

    private ArpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a packet; false when its fixed part is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ArpView view)
    {
        view = new ArpView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Hardware type; 1 is Ethernet.</summary>
    public ushort HardwareType => Bytes.U16(_bytes, 0);

    /// <summary>Protocol type: an EtherType.</summary>
    public ushort ProtocolType => Bytes.U16(_bytes, 2);

    /// <summary>Bytes in a hardware address.</summary>
    public byte HardwareSize => _bytes[4];

    /// <summary>Bytes in a protocol address.</summary>
    public byte ProtocolSize => _bytes[5];

    /// <summary>Operation: 1 request, 2 reply, 3 and 4 the reverse ones.</summary>
    public ushort Operation => Bytes.U16(_bytes, 6);

    /// <summary>All bytes by the announced address sizes.</summary>
    public int HeaderLength => MinSize + 2 * (HardwareSize + ProtocolSize);

    /// <summary>Whether the addresses are of Ethernet and IPv4 by type and size.</summary>
    public bool IsEthernetIpv4 => HardwareType == 1 && ProtocolType == (ushort)EtherType.Ipv4 && HardwareSize == 6 && ProtocolSize == 4;

    /// <summary>Whether all addresses are there.</summary>
    public bool IsWhole => _bytes.Length >= HeaderLength;

    /// <summary>Sender MAC; only where <see cref="IsEthernetIpv4"/> and <see cref="IsWhole"/>, as the next three.</summary>
    public MacAddress SenderMac => MacAddress.Read(_bytes[8..]);

    /// <summary>Sender address.</summary>
    public IpAddress SenderIp => IpAddress.ReadV4(_bytes[14..]);

    /// <summary>Target MAC.</summary>
    public MacAddress TargetMac => MacAddress.Read(_bytes[18..]);

    /// <summary>Target address.</summary>
    public IpAddress TargetIp => IpAddress.ReadV4(_bytes[24..]);

    /// <summary>Appends the operation and who asks for whom.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append("ARP, "u8);
        AppendOperationTo(ref line);
    }

    /// <summary>Appends who asks for whom.</summary>
    public void AppendOperationTo(ref LineWriter line)
    {
        if (!IsEthernetIpv4 || !IsWhole)
        {
            line.Append("op "u8);
            line.Append(Operation);
            line.Append(", htype "u8);
            line.Append(HardwareType);
            line.Append(", ptype 0x"u8);
            line.AppendHex(ProtocolType, 4);
            return;
        }
        switch (Operation)
        {
            case 1:
                line.Append("Request who-has "u8);
                line.Append(TargetIp);
                line.Append(" tell "u8);
                line.Append(SenderIp);
                break;
            case 2:
                line.Append("Reply "u8);
                line.Append(SenderIp);
                line.Append(" is-at "u8);
                line.Append(SenderMac);
                break;
            case 3:
                line.Append("Reverse Request who-is "u8);
                line.Append(TargetMac);
                line.Append(" tell "u8);
                line.Append(SenderMac);
                break;
            case 4:
                line.Append("Reverse Reply "u8);
                line.Append(TargetMac);
                line.Append(" at "u8);
                line.Append(TargetIp);
                break;
            default:
                line.Append("op "u8);
                line.Append(Operation);
                break;
        }
    }
}

/// <summary>The values of an ARP packet for Ethernet and IPv4.</summary>
/// <param name="Operation">Operation: 1 request, 2 reply.</param>
/// <param name="SenderMac">Sender MAC.</param>
/// <param name="SenderIp">Sender address.</param>
/// <param name="TargetMac">Target MAC; zero in a request.</param>
/// <param name="TargetIp">Target address.</param>
public readonly record struct ArpHeader(ushort Operation, MacAddress SenderMac, IpAddress SenderIp, MacAddress TargetMac, IpAddress TargetIp)
{
    /// <summary>Bytes in the packet.</summary>
    public const int Size = ArpView.EthernetIpv4Size;

    /// <summary>The values of a whole packet for Ethernet and IPv4 that was read.</summary>
    public static ArpHeader From(ArpView view) => new(view.Operation, view.SenderMac, view.SenderIp, view.TargetMac, view.TargetIp);

    /// <summary>Writes the packet.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or an address of the other family.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 0, 1);
        Bytes.Put16(room, 2, (int)EtherType.Ipv4);
        room[4] = 6;
        room[5] = 4;
        Bytes.Put16(room, 6, Operation);
        SenderMac.Write(room[8..]);
        Bytes.PutAddress(room, 14, SenderIp, 4);
        TargetMac.Write(room[18..]);
        Bytes.PutAddress(room, 24, TargetIp, 4);
        return Size;
    }
}
