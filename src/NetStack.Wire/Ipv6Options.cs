namespace NetStack.Wire;

/// <summary>IPv6 option types (IANA) that this library knows by name.</summary>
public enum Ipv6OptionType : byte
{
    /// <summary>One byte of padding.</summary>
    Pad1 = 0,

    /// <summary>Two or more bytes of padding.</summary>
    PadN = 1,

    /// <summary>Router alert (RFC 2711).</summary>
    RouterAlert = 5,

    /// <summary>Jumbo payload (RFC 2675).</summary>
    JumboPayload = 0xC2,
}

/// <summary>What to do with a packet whose option is not known: the top two bits of its type (RFC 8200 section 4.2).</summary>
public enum Ipv6UnknownOptionAction : byte
{
    /// <summary>Go on with the next option.</summary>
    Skip,

    /// <summary>Drop the packet.</summary>
    Discard,

    /// <summary>Drop it and send a parameter problem, code 2.</summary>
    DiscardAndReport,

    /// <summary>Drop it, and send a parameter problem unless the packet went to a multicast group.</summary>
    DiscardAndReportUnicast,
}

/// <summary>
/// Steps through the options of a hop-by-hop or destination options header (RFC 8200 section 4.2); padding is given like any
/// other. It stops at the end or at an option that runs past it.
/// </summary>
/// <param name="options">The options, cut to what is there.</param>
public ref struct Ipv6OptionReader(ReadOnlySpan<byte> options)
{
    private readonly ReadOnlySpan<byte> _options = options;
    private int _next;

    /// <summary>Type of the present option.</summary>
    public Ipv6OptionType Type { get; private set; }

    /// <summary>Where the present option begins, in bytes from the first option; a parameter problem points there.</summary>
    public int Offset { get; private set; }

    /// <summary>The present option's bytes after type and length.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>Whether an option runs past the end.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>What to do with the packet if this type is not known.</summary>
    public readonly Ipv6UnknownOptionAction UnknownAction => (Ipv6UnknownOptionAction)((byte)Type >> 6);

    /// <summary>Goes to the next option; false at the end and where none can be read.</summary>
    public bool MoveNext()
    {
        if (_next >= _options.Length) return false;
        ReadOnlySpan<byte> rest = _options[_next..];
        int size = rest[0] == 0 ? 1 : rest.Length < 2 ? int.MaxValue : 2 + rest[1];
        if (size > rest.Length)
        {
            IsMalformed = true;
            _next = _options.Length;
            return false;
        }
        Type = (Ipv6OptionType)rest[0];
        Offset = _next;
        Data = size == 1 ? default : rest[2..size];
        _next += size;
        return true;
    }
}
