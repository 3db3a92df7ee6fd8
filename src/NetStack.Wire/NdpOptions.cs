namespace NetStack.Wire;

/// <summary>Neighbour discovery option types (IANA) that this library knows by name.</summary>
public enum NdpOptionType : byte
{
    /// <summary>The sender's link-layer address (RFC 4861 section 4.6.1).</summary>
    SourceLinkAddress = 1,

    /// <summary>The target's link-layer address (RFC 4861 section 4.6.1).</summary>
    TargetLinkAddress = 2,

    /// <summary>Prefix information (RFC 4861 section 4.6.2).</summary>
    PrefixInformation = 3,

    /// <summary>The packet a redirect is about (RFC 4861 section 4.6.3).</summary>
    RedirectedHeader = 4,

    /// <summary>MTU of the link (RFC 4861 section 4.6.4).</summary>
    Mtu = 5,

    /// <summary>A nonce, by which a host tells its own solicitations (RFC 3971 section 5.3.2, RFC 7527).</summary>
    Nonce = 14,

    /// <summary>Route information (RFC 4191).</summary>
    RouteInformation = 24,

    /// <summary>Recursive DNS servers (RFC 8106).</summary>
    DnsServers = 25,

    /// <summary>DNS search list (RFC 8106).</summary>
    DnsSearchList = 31,
}

/// <summary>A prefix as a router advertises it (RFC 4861 section 4.6.2).</summary>
/// <param name="Prefix">The prefix.</param>
/// <param name="PrefixLength">How many of its leading bits are valid, 0 to 128.</param>
/// <param name="IsOnLink">Whether addresses of this prefix are on the link.</param>
/// <param name="IsAutonomous">Whether hosts form addresses from it (RFC 4862).</param>
/// <param name="ValidLifetime">For how long it is valid, in seconds; 0xFFFFFFFF is for ever.</param>
/// <param name="PreferredLifetime">For how long addresses formed from it are preferred, in seconds.</param>
public readonly record struct NdpPrefix(IpAddress Prefix, byte PrefixLength, bool IsOnLink, bool IsAutonomous, uint ValidLifetime, uint PreferredLifetime)
{
    internal const int DataSize = 30;

    internal static NdpPrefix Read(ReadOnlySpan<byte> data) =>
        new(IpAddress.ReadV6(data[14..]), data[0], (data[1] & 0x80) != 0, (data[1] & 0x40) != 0, Bytes.U32(data, 2), Bytes.U32(data, 6));

    internal void Write(Span<byte> data)
    {
        data[0] = PrefixLength;
        data[1] = (byte)((IsOnLink ? 0x80 : 0) | (IsAutonomous ? 0x40 : 0));
        Bytes.Put32(data, 2, ValidLifetime);
        Bytes.Put32(data, 6, PreferredLifetime);
        Bytes.PutAddress(data, 14, Prefix, 16);
    }
}

/// <summary>Steps through neighbour discovery options (RFC 4861 section 4.6): type, length in units of 8 bytes, content. It stops
/// at the end or at an option that cannot be.</summary>
/// <param name="options">The options, cut to what is there.</param>
public ref struct NdpOptionReader(ReadOnlySpan<byte> options)
{
    private ReadOnlySpan<byte> _rest = options;

    /// <summary>Type of the present option.</summary>
    public NdpOptionType Type { get; private set; }

    /// <summary>The present option's bytes after type and length.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>Whether an option has length 0 or runs past the end.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next option; false at the end and where none can be read.</summary>
    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        int size = _rest.Length < 2 ? 0 : _rest[1] * 8;
        if (size == 0 || size > _rest.Length)
        {
            IsMalformed = true;
            _rest = default;
            return false;
        }
        Type = (NdpOptionType)_rest[0];
        Data = _rest[2..size];
        _rest = _rest[size..];
        return true;
    }

    /// <summary>The present option as a prefix; false where it is none.</summary>
    public readonly bool TryGetPrefix(out NdpPrefix prefix)
    {
        bool isPrefix = Type == NdpOptionType.PrefixInformation && Data.Length == NdpPrefix.DataSize;
        prefix = isPrefix ? NdpPrefix.Read(Data) : default;
        return isPrefix;
    }
}

/// <summary>Writes neighbour discovery options behind a message's fixed part.</summary>
/// <param name="buffer">Room for them.</param>
public ref struct NdpOptionsBuilder(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes of options so far.</summary>
    public int Length { get; private set; }

    /// <summary>Appends any option, padded with zeros to a multiple of 8 bytes.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="data">Its content, at most 2038 bytes.</param>
    /// <exception cref="ArgumentException">It is too long, or there is too little room.</exception>
    public void Add(NdpOptionType type, scoped ReadOnlySpan<byte> data)
    {
        if (data.Length > 255 * 8 - 2) throw new ArgumentException("An option holds at most 2038 bytes.", nameof(data));
        int size = (data.Length + 2 + 7) / 8 * 8;
        Span<byte> room = Bytes.Room(_buffer[Length..], size);
        room[0] = (byte)type;
        room[1] = (byte)(size / 8);
        data.CopyTo(room[2..]);
        Length += size;
    }

    /// <summary>Appends a link-layer address.</summary>
    /// <param name="type">The source's or the target's.</param>
    /// <param name="address">The address.</param>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public void AddLinkAddress(NdpOptionType type, MacAddress address)
    {
        Span<byte> data = stackalloc byte[MacAddress.Size];
        address.Write(data);
        Add(type, data);
    }

    /// <summary>Appends the MTU of the link.</summary>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public void AddMtu(uint mtu)
    {
        Span<byte> data = stackalloc byte[6];
        data.Clear();
        Bytes.Put32(data, 2, mtu);
        Add(NdpOptionType.Mtu, data);
    }

    /// <summary>Appends a prefix.</summary>
    /// <exception cref="ArgumentException">There is too little room, or the prefix is not of IPv6.</exception>
    public void AddPrefix(NdpPrefix prefix)
    {
        Span<byte> data = stackalloc byte[NdpPrefix.DataSize];
        data.Clear();
        prefix.Write(data);
        Add(NdpOptionType.PrefixInformation, data);
    }
}
