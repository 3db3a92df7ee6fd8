namespace NetStack.Wire;

/// <summary>An ICMP message over private bytes (RFC 792).</summary>
public readonly ref struct IcmpView
{
    /// <summary>Echo reply.</summary>
    public const byte EchoReply = 0;

    /// <summary>Destination unreachable.</summary>
    public const byte DestinationUnreachable = 3;

    /// <summary>Redirect.</summary>
    public const byte Redirect = 5;

    /// <summary>Echo request.</summary>
    public const byte EchoRequest = 8;

    /// <summary>Time exceeded.</summary>
    public const byte TimeExceeded = 11;

    /// <summary>Parameter problem.</summary>
    public const byte ParameterProblem = 12;

    /// <summary>Bytes in type, code and checksum.</summary>
    public const int MinSize = 4;

    /// <summary>Bytes in front of an echo's data, or of the packet quoted in an error.</summary>
    public const int FullSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private IcmpView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when type, code and checksum are not there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out IcmpView view)
    {
        view = new IcmpView(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Type.</summary>
    public byte Type => _bytes[0];

    /// <summary>Code.</summary>
    public byte Code => _bytes[1];

    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 2);

    /// <summary>Whether this is an echo request (8) or reply (0).</summary>
    public bool IsEcho => Type is EchoRequest or EchoReply;

    /// <summary>Whether this quotes the packet it complains of; 4 is the old source quench.</summary>
    public bool IsError => Type is DestinationUnreachable or 4 or Redirect or TimeExceeded or ParameterProblem;

    /// <summary>Whether the first eight bytes are there.</summary>
    public bool IsWhole => _bytes.Length >= FullSize;

    /// <summary>Echo identifier; only where <see cref="IsWhole"/>.</summary>
    public ushort Identifier => Bytes.U16(_bytes, 4);

    /// <summary>Echo sequence number; only where <see cref="IsWhole"/>.</summary>
    public ushort Sequence => Bytes.U16(_bytes, 6);

    /// <summary>Next-hop MTU of "fragmentation needed" (RFC 1191); only where <see cref="IsWhole"/>.</summary>
    public ushort NextHopMtu => Bytes.U16(_bytes, 6);

    /// <summary>Octet at fault of a parameter problem; only where <see cref="IsWhole"/>.</summary>
    public byte Pointer => _bytes[4];

    /// <summary>Gateway of a redirect; only where <see cref="IsWhole"/>.</summary>
    public IpAddress Gateway => IpAddress.ReadV4(_bytes[4..]);

    /// <summary>The packet quoted in an error, or as much of it as is there.</summary>
    public ReadOnlySpan<byte> Quoted => IsError && IsWhole ? _bytes[FullSize..] : default;

    /// <summary>Appends what the message says.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="length">Bytes of the message by the enclosing lengths.</param>
    public void AppendTo(ref LineWriter line, int length)
    {
        line.Append("ICMP "u8);
        if (IsEcho && IsWhole)
        {
            line.Append(Type == EchoRequest ? "echo request, id "u8 : "echo reply, id "u8);
            line.Append(Identifier);
            line.Append(", seq "u8);
            line.Append(Sequence);
        }
        else
        {
            IcmpText.Append(ref line, this);
        }
        line.Append(", length "u8);
        line.Append(length);
    }
}

/// <summary>The values of the first eight bytes of an ICMP message.</summary>
/// <param name="Type">Type.</param>
/// <param name="Code">Code.</param>
/// <param name="Rest">The four bytes after the checksum: identifier and sequence number of an echo.</param>
/// <param name="Checksum">Checksum as on the wire.</param>
public readonly record struct IcmpHeader(byte Type, byte Code, uint Rest, ushort Checksum = 0)
{
    /// <summary>Bytes written.</summary>
    public const int Size = IcmpView.FullSize;

    /// <summary>An echo request (8) or reply (0).</summary>
    public static IcmpHeader Echo(byte type, ushort identifier, ushort sequence) => new(type, 0, (uint)identifier << 16 | sequence);

    /// <summary>Destination unreachable; code 2 is the protocol, 3 the port (RFC 1122 section 3.2.2.1).</summary>
    public static IcmpHeader Unreachable(byte code) => new(IcmpView.DestinationUnreachable, code, 0);

    /// <summary>Fragmentation needed and don't fragment set (RFC 1191 section 4).</summary>
    /// <param name="mtu">MTU of the next hop, in bytes.</param>
    public static IcmpHeader FragmentationNeeded(ushort mtu) => new(IcmpView.DestinationUnreachable, 4, mtu);

    /// <summary>Time exceeded: code 0 in transit, 1 in reassembly.</summary>
    public static IcmpHeader TimeExceeded(byte code) => new(IcmpView.TimeExceeded, code, 0);

    /// <summary>Parameter problem.</summary>
    /// <param name="pointer">Octet at fault, from the start of the quoted packet.</param>
    public static IcmpHeader ParameterProblem(byte pointer) => new(IcmpView.ParameterProblem, 0, (uint)pointer << 24);

    /// <summary>The values of a message that was read and has eight bytes.</summary>
    public static IcmpHeader From(IcmpView view) => new(view.Type, view.Code, (uint)view.Identifier << 16 | view.Sequence, view.Checksum);

    /// <summary>Writes the eight bytes; the checksum as it is in the value.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Type;
        room[1] = Code;
        Bytes.Put16(room, 2, Checksum);
        Bytes.Put32(room, 4, Rest);
        return Size;
    }

    /// <summary>Writes the eight bytes in front of a message's data and fills in the checksum over both.</summary>
    /// <param name="message">The whole message; what an echo or error carries is there already, from byte 8 on.</param>
    /// <returns>Bytes in the message.</returns>
    /// <exception cref="ArgumentException">There are fewer than eight bytes.</exception>
    public int WriteWithChecksum(Span<byte> message)
    {
        (this with { Checksum = 0 }).Write(message);
        Bytes.Put16(message, 2, Memory.InternetChecksum.Compute(message));
        return message.Length;
    }
}
