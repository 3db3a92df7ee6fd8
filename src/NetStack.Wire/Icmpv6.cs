namespace NetStack.Wire;

/// <summary>An ICMPv6 message over private bytes (RFC 4443).</summary>
public readonly ref struct Icmpv6View
{
    /// <summary>Destination unreachable.</summary>
    public const byte DestinationUnreachable = 1;

    /// <summary>Packet too big.</summary>
    public const byte PacketTooBig = 2;

    /// <summary>Time exceeded.</summary>
    public const byte TimeExceeded = 3;

    /// <summary>Parameter problem.</summary>
    public const byte ParameterProblem = 4;

    /// <summary>Echo request.</summary>
    public const byte EchoRequest = 128;

    /// <summary>Echo reply.</summary>
    public const byte EchoReply = 129;

    /// <summary>Bytes in type, code and checksum.</summary>
    public const int MinSize = 4;

    /// <summary>Bytes in front of an echo's data, or of the packet quoted in an error.</summary>
    public const int FullSize = 8;

    private readonly ReadOnlySpan<byte> _bytes;

    private Icmpv6View(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when type, code and checksum are not there.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Icmpv6View view)
    {
        view = new Icmpv6View(bytes);
        return bytes.Length >= MinSize;
    }

    /// <summary>Type.</summary>
    public byte Type => _bytes[0];

    /// <summary>Code.</summary>
    public byte Code => _bytes[1];

    /// <summary>Checksum as on the wire.</summary>
    public ushort Checksum => Bytes.U16(_bytes, 2);

    /// <summary>Whether this is an echo request (128) or reply (129).</summary>
    public bool IsEcho => Type is EchoRequest or EchoReply;

    /// <summary>Whether this quotes the packet it complains of (RFC 4443 section 2.1: types 1 to 4 are defined).</summary>
    public bool IsError => Type is >= DestinationUnreachable and <= ParameterProblem;

    /// <summary>Whether the first eight bytes are there.</summary>
    public bool IsWhole => _bytes.Length >= FullSize;

    /// <summary>Echo identifier; only where <see cref="IsWhole"/>.</summary>
    public ushort Identifier => Bytes.U16(_bytes, 4);

    /// <summary>Echo sequence number; only where <see cref="IsWhole"/>.</summary>
    public ushort Sequence => Bytes.U16(_bytes, 6);

    /// <summary>MTU of "packet too big"; only where <see cref="IsWhole"/>.</summary>
    public uint Mtu => Bytes.U32(_bytes, 4);

    /// <summary>Octet at fault of a parameter problem; only where <see cref="IsWhole"/>.</summary>
    public uint Pointer => Bytes.U32(_bytes, 4);

    /// <summary>The packet quoted in an error, or as much of it as is there.</summary>
    public ReadOnlySpan<byte> Quoted => IsError && IsWhole ? _bytes[FullSize..] : default;

    /// <summary>Appends what the message says.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="length">Bytes of the message by the enclosing lengths.</param>
    public void AppendTo(ref LineWriter line, int length)
    {
        line.Append("ICMP6, "u8);
        if (IsEcho && IsWhole)
        {
            line.Append(Type == EchoRequest ? "echo request, id "u8 : "echo reply, id "u8);
            line.Append(Identifier);
            line.Append(", seq "u8);
            line.Append(Sequence);
        }
        else if (NdpView.TryRead(_bytes, out NdpView ndp))
        {
            ndp.AppendTo(ref line);
        }
        else if (MldView.TryRead(_bytes, out MldView mld))
        {
            mld.AppendTo(ref line);
        }
        else
        {
            IcmpText.Append(ref line, this);
        }
        line.Append(", length "u8);
        line.Append(length);
    }
}

/// <summary>The values of the first eight bytes of an ICMPv6 message.</summary>
/// <param name="Type">Type.</param>
/// <param name="Code">Code.</param>
/// <param name="Rest">The four bytes after the checksum: identifier and sequence number of an echo, MTU, pointer.</param>
/// <param name="Checksum">Checksum as on the wire.</param>
public readonly record struct Icmpv6Header(byte Type, byte Code, uint Rest, ushort Checksum = 0)
{
    /// <summary>Bytes written.</summary>
    public const int Size = Icmpv6View.FullSize;

    /// <summary>An echo request (128) or reply (129).</summary>
    public static Icmpv6Header Echo(byte type, ushort identifier, ushort sequence) => new(type, 0, (uint)identifier << 16 | sequence);

    /// <summary>Destination unreachable; code 3 is the address, 4 the port (RFC 4443 section 3.1).</summary>
    public static Icmpv6Header Unreachable(byte code) => new(Icmpv6View.DestinationUnreachable, code, 0);

    /// <summary>Packet too big (RFC 4443 section 3.2).</summary>
    /// <param name="mtu">MTU of the next hop, in bytes.</param>
    public static Icmpv6Header PacketTooBig(uint mtu) => new(Icmpv6View.PacketTooBig, 0, mtu);

    /// <summary>Time exceeded: code 0 in transit, 1 in reassembly (RFC 4443 section 3.3).</summary>
    public static Icmpv6Header TimeExceeded(byte code) => new(Icmpv6View.TimeExceeded, code, 0);

    /// <summary>Parameter problem (RFC 4443 section 3.4).</summary>
    /// <param name="code">0 a bad header field, 1 an unknown next header, 2 an unknown option.</param>
    /// <param name="pointer">Octet at fault, from the start of the quoted packet.</param>
    public static Icmpv6Header ParameterProblem(byte code, uint pointer) => new(Icmpv6View.ParameterProblem, code, pointer);

    /// <summary>The values of a message that was read and has eight bytes.</summary>
    public static Icmpv6Header From(Icmpv6View view) => new(view.Type, view.Code, view.Mtu, view.Checksum);

    /// <summary>Writes the eight bytes; the checksum as it is in the value.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination) => new IcmpHeader(Type, Code, Rest, Checksum).Write(destination);

    /// <summary>Writes the eight bytes in front of a message's data and fills in the checksum over pseudo-header and both.</summary>
    /// <param name="message">The whole message; what an echo or error carries is there already, from byte 8 on.</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Final destination address.</param>
    /// <returns>Bytes in the message.</returns>
    /// <exception cref="ArgumentException">There are fewer than eight bytes.</exception>
    public int WriteWithChecksum(Span<byte> message, IpAddress source, IpAddress destination)
    {
        (this with { Checksum = 0 }).Write(message);
        Bytes.Put16(message, 2, PseudoHeader.Checksum(source, destination, IpProtocol.Icmpv6, message));
        return message.Length;
    }
}
