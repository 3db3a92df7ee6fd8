namespace NetStack.Wire;

/// <summary>What a DHCPv4 message is (RFC 2132 section 9.6).</summary>
public enum Dhcpv4MessageType : byte
{
    /// <summary>It does not say: BOOTP.</summary>
    None = 0,

    /// <summary>A client looks for servers.</summary>
    Discover = 1,

    /// <summary>A server offers an address.</summary>
    Offer = 2,

    /// <summary>A client asks for an address, or to keep one.</summary>
    Request = 3,

    /// <summary>A client says that another host has the address.</summary>
    Decline = 4,

    /// <summary>A server grants the address.</summary>
    Ack = 5,

    /// <summary>A server refuses it.</summary>
    Nak = 6,

    /// <summary>A client gives its address back.</summary>
    Release = 7,

    /// <summary>A client that has an address asks for the rest.</summary>
    Inform = 8,
}

/// <summary>A DHCPv4 message over private bytes: BOOTP's fields (RFC 951), then options behind a magic number (RFC 2131 section 2).</summary>
public readonly ref struct Dhcpv4View
{
    /// <summary>Bytes in front of the options.</summary>
    public const int Size = 240;

    /// <summary>The UDP port of clients.</summary>
    public const ushort ClientPort = 68;

    /// <summary>The UDP port of servers and relays.</summary>
    public const ushort ServerPort = 67;

    /// <summary>Operation of a client's message.</summary>
    public const byte Request = 1;

    /// <summary>Operation of a server's message.</summary>
    public const byte Reply = 2;

    internal const uint Magic = 0x63825363;
    internal const int ServerNameAt = 44;
    internal const int FileAt = 108;
    internal const int MagicAt = 236;

    private readonly ReadOnlySpan<byte> _bytes;

    private Dhcpv4View(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a message; false when its fixed part is not whole or the magic number is another.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Dhcpv4View view)
    {
        view = new Dhcpv4View(bytes);
        return bytes.Length >= Size && Bytes.U32(bytes, MagicAt) == Magic;
    }

    /// <summary><see cref="Request"/> or <see cref="Reply"/>.</summary>
    public byte Operation => _bytes[0];

    /// <summary>Hardware type; 1 is Ethernet.</summary>
    public byte HardwareType => _bytes[1];

    /// <summary>Bytes of the hardware address as claimed; at most 16 can be.</summary>
    public byte HardwareLength => _bytes[2];

    /// <summary>Relays it passed.</summary>
    public byte Hops => _bytes[3];

    /// <summary>By which a reply is matched with its request.</summary>
    public uint TransactionId => Bytes.U32(_bytes, 4);

    /// <summary>Seconds since the client began.</summary>
    public ushort Seconds => Bytes.U16(_bytes, 8);

    /// <summary>Whether the client cannot be sent unicast before it has its address.</summary>
    public bool IsBroadcast => (_bytes[10] & 0x80) != 0;

    /// <summary>The address the client has; 0.0.0.0 for none.</summary>
    public IpAddress ClientAddress => IpAddress.ReadV4(_bytes[12..]);

    /// <summary>The address the client gets.</summary>
    public IpAddress YourAddress => IpAddress.ReadV4(_bytes[16..]);

    /// <summary>The server of the next step of booting.</summary>
    public IpAddress NextServer => IpAddress.ReadV4(_bytes[20..]);

    /// <summary>The first relay; 0.0.0.0 for none.</summary>
    public IpAddress RelayAddress => IpAddress.ReadV4(_bytes[24..]);

    /// <summary>The hardware address, cut to the 16 bytes there are.</summary>
    public ReadOnlySpan<byte> HardwareAddress => _bytes.Slice(28, Math.Min(HardwareLength, (byte)16));

    /// <summary>The server's name field, zeros at its end included; it may hold options.</summary>
    public ReadOnlySpan<byte> ServerName => _bytes.Slice(ServerNameAt, FileAt - ServerNameAt);

    /// <summary>The boot file field, zeros at its end included; it may hold options.</summary>
    public ReadOnlySpan<byte> File => _bytes[FileAt..MagicAt];

    /// <summary>The options field.</summary>
    public ReadOnlySpan<byte> OptionBytes => _bytes[Size..];

    /// <summary>The options, those in the file and server name fields too.</summary>
    public Dhcpv4OptionReader Options => new(this);

    /// <summary>What the message is; <see cref="Dhcpv4MessageType.None"/> where it does not say, or says it more than once.</summary>
    public Dhcpv4MessageType MessageType
    {
        get
        {
            Span<byte> scratch = stackalloc byte[4];
            return TryFind(Dhcpv4Option.MessageType, scratch, out ReadOnlySpan<byte> data) && data.Length == 1 ? (Dhcpv4MessageType)data[0] : Dhcpv4MessageType.None;
        }
    }

    /// <summary>Finds an option. One that occurs more than once is one option in pieces (RFC 3396).</summary>
    /// <param name="option">Which.</param>
    /// <param name="scratch">Where pieces are put together; what does not fit makes the option count as absent.</param>
    /// <param name="data">Its content.</param>
    public bool TryFind(Dhcpv4Option option, Span<byte> scratch, out ReadOnlySpan<byte> data)
    {
        data = default;
        int count = 0;
        int length = 0;
        foreach (Dhcpv4OptionReader.Item item in Options)
        {
            if (item.Option != option) continue;
            if (++count == 1)
            {
                data = item.Data;
                continue;
            }
            if (count == 2 && !TryAppend(scratch, ref length, data)) return Absent(out data);
            if (!TryAppend(scratch, ref length, item.Data)) return Absent(out data);
        }
        if (count > 1) data = scratch[..length];
        return count > 0;
    }

    /// <summary>Finds an option that is one IPv4 address, or takes the first of several.</summary>
    public bool TryFindAddress(Dhcpv4Option option, out IpAddress address)
    {
        Span<byte> scratch = stackalloc byte[64];
        bool isThere = TryFind(option, scratch, out ReadOnlySpan<byte> data) && data.Length >= 4;
        address = isThere ? IpAddress.ReadV4(data) : default;
        return isThere;
    }

    /// <summary>Finds an option that is a 32-bit number.</summary>
    public bool TryFindNumber(Dhcpv4Option option, out uint value)
    {
        Span<byte> scratch = stackalloc byte[8];
        bool isThere = TryFind(option, scratch, out ReadOnlySpan<byte> data) && data.Length == 4;
        value = isThere ? Bytes.U32(data, 0) : 0;
        return isThere;
    }

    /// <summary>Appends what the message says, as tcpdump does.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="length">Bytes of the message by the enclosing lengths.</param>
    public void AppendTo(ref LineWriter line, int length)
    {
        line.Append("BOOTP/DHCP, "u8);
        line.Append(Operation == Reply ? "Reply"u8 : "Request"u8);
        if (Operation == Request && HardwareType == 1 && HardwareLength == MacAddress.Size)
        {
            line.Append(" from "u8);
            line.Append(MacAddress.Read(HardwareAddress));
        }
        line.Append(", length "u8);
        line.Append(length);
    }

    private static bool TryAppend(Span<byte> scratch, ref int length, ReadOnlySpan<byte> piece)
    {
        if (piece.Length > scratch.Length - length) return false;
        piece.CopyTo(scratch[length..]);
        length += piece.Length;
        return true;
    }

    private static bool Absent(out ReadOnlySpan<byte> data)
    {
        data = default;
        return false;
    }
}

/// <summary>The values of the fixed part of a DHCPv4 message.</summary>
/// <param name="Operation"><see cref="Dhcpv4View.Request"/> or <see cref="Dhcpv4View.Reply"/>.</param>
/// <param name="TransactionId">By which a reply is matched with its request.</param>
/// <param name="Mac">The client's hardware address.</param>
public readonly record struct Dhcpv4Header(byte Operation, uint TransactionId, MacAddress Mac)
{
    /// <summary>Bytes in front of the options.</summary>
    public const int Size = Dhcpv4View.Size;

    /// <summary>Seconds since the client began.</summary>
    public ushort Seconds { get; init; }

    /// <summary>Whether the client cannot be sent unicast before it has its address.</summary>
    public bool IsBroadcast { get; init; }

    /// <summary>The address the client has; none for 0.0.0.0.</summary>
    public IpAddress ClientAddress { get; init; }

    /// <summary>The address the client gets; none for 0.0.0.0.</summary>
    public IpAddress YourAddress { get; init; }

    /// <summary>The server of the next step of booting; none for 0.0.0.0.</summary>
    public IpAddress NextServer { get; init; }

    /// <summary>The first relay; none for 0.0.0.0.</summary>
    public IpAddress RelayAddress { get; init; }

    /// <summary>The values of a message that was read; the hardware address is all zero where it is not Ethernet's.</summary>
    public static Dhcpv4Header From(Dhcpv4View view) =>
        new(view.Operation, view.TransactionId, view.HardwareType == 1 && view.HardwareLength == MacAddress.Size ? MacAddress.Read(view.HardwareAddress) : default)
        {
            Seconds = view.Seconds,
            IsBroadcast = view.IsBroadcast,
            ClientAddress = view.ClientAddress,
            YourAddress = view.YourAddress,
            NextServer = view.NextServer,
            RelayAddress = view.RelayAddress,
        };

    /// <summary>Writes the fixed part and the magic number.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room, or an address is not of IPv4.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        room[0] = Operation;
        room[1] = 1;
        room[2] = MacAddress.Size;
        Bytes.Put32(room, 4, TransactionId);
        Bytes.Put16(room, 8, Seconds);
        room[10] = (byte)(IsBroadcast ? 0x80 : 0);
        Bytes.PutAddress(room, 12, ClientAddress, 4);
        Bytes.PutAddress(room, 16, YourAddress, 4);
        Bytes.PutAddress(room, 20, NextServer, 4);
        Bytes.PutAddress(room, 24, RelayAddress, 4);
        Mac.Write(room[28..]);
        Bytes.Put32(room, Dhcpv4View.MagicAt, Dhcpv4View.Magic);
        return Size;
    }
}
