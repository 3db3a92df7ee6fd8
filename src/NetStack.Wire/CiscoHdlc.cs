namespace NetStack.Wire;

/// <summary>A Cisco HDLC header over private bytes (described in RFC 1547 section 4.3.1, and by the pcap link type 104).</summary>
public readonly ref struct CiscoHdlcView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 4;

    /// <summary>The protocol number of SLARP, keepalives among it; elsewhere that of reverse ARP.</summary>
    public const ushort Slarp = 0x8035;

    private readonly ReadOnlySpan<byte> _bytes;

    private CiscoHdlcView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out CiscoHdlcView view)
    {
        view = new CiscoHdlcView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>0x0F for one receiver, 0x8F for all.</summary>
    public byte Address => _bytes[0];

    /// <summary>Control, 0.</summary>
    public byte Control => _bytes[1];

    /// <summary>What follows: an EtherType, or one of Cisco's own numbers.</summary>
    public ushort Protocol => Bytes.U16(_bytes, 2);

    /// <summary>Appends the protocol.</summary>
    public void AppendTo(ref LineWriter line)
    {
        if (Protocol == Slarp)
        {
            line.Append("SLARP"u8);
            return;
        }
        line.Append("CHDLC, proto "u8);
        NumberText.AppendEtherType(ref line, Protocol);
    }
}
