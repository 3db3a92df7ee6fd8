namespace NetStack.Wire;

/// <summary>DHCPv4 options (RFC 2132, IANA) that this library knows by name.</summary>
public enum Dhcpv4Option : byte
{
    /// <summary>Nothing; one byte.</summary>
    Pad = 0,

    /// <summary>Subnet mask.</summary>
    SubnetMask = 1,

    /// <summary>Routers, the best first.</summary>
    Routers = 3,

    /// <summary>DNS servers, the best first.</summary>
    DnsServers = 6,

    /// <summary>The client's host name.</summary>
    HostName = 12,

    /// <summary>The client's domain.</summary>
    DomainName = 15,

    /// <summary>MTU of the interface.</summary>
    InterfaceMtu = 26,

    /// <summary>Broadcast address.</summary>
    BroadcastAddress = 28,

    /// <summary>The address a client would like.</summary>
    RequestedAddress = 50,

    /// <summary>For how long the address is granted, in seconds.</summary>
    LeaseTime = 51,

    /// <summary>Which of the file and server name fields hold options.</summary>
    Overload = 52,

    /// <summary>What the message is.</summary>
    MessageType = 53,

    /// <summary>Which server.</summary>
    ServerIdentifier = 54,

    /// <summary>What a client would like to know.</summary>
    ParameterRequestList = 55,

    /// <summary>Why, in words.</summary>
    Message = 56,

    /// <summary>The largest message that is taken, in bytes.</summary>
    MaximumMessageSize = 57,

    /// <summary>T1: seconds until the client asks its server to keep the address.</summary>
    RenewalTime = 58,

    /// <summary>T2: seconds until it asks any server.</summary>
    RebindingTime = 59,

    /// <summary>The vendor's class of the client.</summary>
    VendorClass = 60,

    /// <summary>Who the client is (RFC 2132 section 9.14, RFC 4361).</summary>
    ClientIdentifier = 61,

    /// <summary>Domains to search (RFC 3397).</summary>
    DomainSearch = 119,

    /// <summary>Routes without classes (RFC 3442).</summary>
    ClasslessRoutes = 121,

    /// <summary>The end; one byte.</summary>
    End = 255,
}

/// <summary>
/// Steps through the options of a message: those of the options field, then those of the file field and the server name field where
/// the overload option says so (RFC 2132 section 9.3). A field ends at its end marker, at its end, or at an option that runs past it.
/// </summary>
public ref struct Dhcpv4OptionReader
{
    private readonly Dhcpv4View _message;
    private ReadOnlySpan<byte> _rest;
    private int _overload;
    private int _field; // 0 options, 1 file, 2 server name

    internal Dhcpv4OptionReader(Dhcpv4View message)
    {
        _message = message;
        _rest = message.OptionBytes;
    }

    /// <summary>The present option and its content.</summary>
    public Item Current { get; private set; }

    /// <summary>Whether an option ran past the end of its field.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The reader itself.</summary>
    public readonly Dhcpv4OptionReader GetEnumerator() => this;

    /// <summary>Goes to the next option that is neither padding nor an end marker.</summary>
    public bool MoveNext()
    {
        do
        {
            while (!_rest.IsEmpty)
            {
                Dhcpv4Option option = (Dhcpv4Option)_rest[0];
                if (option == Dhcpv4Option.End) break;
                if (option == Dhcpv4Option.Pad)
                {
                    _rest = _rest[1..];
                    continue;
                }
                if (_rest.Length < 2 || _rest[1] > _rest.Length - 2)
                {
                    IsMalformed = true;
                    break;
                }
                Current = new Item(option, _rest.Slice(2, _rest[1]));
                _rest = _rest[(2 + _rest[1])..];
                if (option == Dhcpv4Option.Overload && _field == 0 && Current.Data.Length == 1) _overload = Current.Data[0];
                return true;
            }
        }
        while (NextField());
        return false;
    }

    private bool NextField()
    {
        _rest = default;
        while (_field < 2)
        {
            _field++;
            if ((_overload & _field) == 0) continue;
            _rest = _field == 1 ? _message.File : _message.ServerName;
            return true;
        }
        return false;
    }

    /// <summary>An option.</summary>
    public readonly ref struct Item
    {
        internal Item(Dhcpv4Option option, ReadOnlySpan<byte> data)
        {
            Option = option;
            Data = data;
        }

        /// <summary>Which.</summary>
        public Dhcpv4Option Option { get; }

        /// <summary>Its content, or a piece of it (RFC 3396).</summary>
        public ReadOnlySpan<byte> Data { get; }
    }
}

/// <summary>Steps through the routes of a classless route option (RFC 3442): prefix length, as much of the prefix as counts, router.</summary>
/// <param name="data">The option's content.</param>
public ref struct Dhcpv4RouteReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    /// <summary>The present destination; bits after its length are zero.</summary>
    public IpAddress Destination { get; private set; }

    /// <summary>Bits of the destination, 0 to 32.</summary>
    public int PrefixLength { get; private set; }

    /// <summary>The router; 0.0.0.0 where the destination is on the link.</summary>
    public IpAddress Router { get; private set; }

    /// <summary>Whether a route could not be; what went before it was read.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next route.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        int length = _rest[0];
        int size = (length + 7) / 8;
        if (length > 32 || _rest.Length < 1 + size + 4)
        {
            IsMalformed = true;
            _rest = default;
            return false;
        }
        uint value = 0;
        for (int i = 0; i < size; i++) value |= (uint)_rest[1 + i] << (24 - 8 * i);
        Destination = IpAddress.V4(length == 0 ? 0 : value & uint.MaxValue << (32 - length));
        PrefixLength = length;
        Router = IpAddress.ReadV4(_rest[(1 + size)..]);
        _rest = _rest[(1 + size + 4)..];
        return true;
    }
}

/// <summary>Writes DHCPv4 options behind a message's fixed part.</summary>
/// <param name="buffer">Room for them.</param>
public ref struct Dhcpv4OptionsBuilder(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes of options so far.</summary>
    public int Length { get; private set; }

    /// <summary>Appends an option; one of more than 255 bytes in pieces (RFC 3396 section 5).</summary>
    /// <param name="option">Which.</param>
    /// <param name="data">Its content.</param>
    /// <exception cref="ArgumentException">There is too little room, or the option has no content.</exception>
    public void Add(Dhcpv4Option option, scoped ReadOnlySpan<byte> data)
    {
        if (option is Dhcpv4Option.Pad or Dhcpv4Option.End) throw new ArgumentException($"{option} has no content.", nameof(option));
        do
        {
            ReadOnlySpan<byte> piece = data[..Math.Min(data.Length, 255)];
            data = data[piece.Length..];
            Span<byte> room = Bytes.Room(_buffer[Length..], 2 + piece.Length);
            room[0] = (byte)option;
            room[1] = (byte)piece.Length;
            piece.CopyTo(room[2..]);
            Length += room.Length;
        }
        while (!data.IsEmpty);
    }

    /// <summary>Appends what the message is.</summary>
    public void AddMessageType(Dhcpv4MessageType type) => Add(Dhcpv4Option.MessageType, [(byte)type]);

    /// <summary>Appends an option that is an IPv4 address.</summary>
    public void AddAddress(Dhcpv4Option option, IpAddress address)
    {
        Span<byte> data = stackalloc byte[4];
        Bytes.PutAddress(data, 0, address, 4);
        Add(option, data);
    }

    /// <summary>Appends an option that is a 32-bit number.</summary>
    public void AddNumber(Dhcpv4Option option, uint value)
    {
        Span<byte> data = stackalloc byte[4];
        Bytes.Put32(data, 0, value);
        Add(option, data);
    }

    /// <summary>Appends an option that is a 16-bit number.</summary>
    public void AddShort(Dhcpv4Option option, ushort value)
    {
        Span<byte> data = stackalloc byte[2];
        Bytes.Put16(data, 0, value);
        Add(option, data);
    }

    /// <summary>Appends the end marker, and zeros up to a size.</summary>
    /// <param name="size">Bytes of options there are to be at least; 60 make a message of BOOTP's 300, which some relays want.</param>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public void End(int size = 60)
    {
        Bytes.Room(_buffer[Length..], Math.Max(1, size - Length))[0] = (byte)Dhcpv4Option.End;
        Length = Math.Max(Length + 1, size);
    }
}
