namespace NetStack.Wire;

/// <summary>
/// Steps through the questions and records of a DNS message (RFC 1035 section 4.1). It stops at the end, or at one that cannot be:
/// the counts of the header are claims. Nothing is allocated.
/// </summary>
/// <param name="message">The message.</param>
public ref struct DnsReader(DnsView message)
{
    private readonly DnsView _view = message;
    private int _next = DnsView.Size;
    private int _dataAt;
    private int _done; // of the present section

    /// <summary>Which section the present one is in.</summary>
    public DnsSection Section { get; private set; }

    /// <summary>Whose record it is, or about whom is asked.</summary>
    public DnsName Name { get; private set; }

    /// <summary>Its type.</summary>
    public DnsType Type { get; private set; }

    /// <summary>Its class, 1 for the Internet; of an OPT record the sender's UDP payload size.</summary>
    public ushort Class { get; private set; }

    /// <summary>For how long it may be kept, in seconds, 0 where the top bit is set (RFC 2181 section 8); of an OPT record the extended
    /// code and flags as they are.</summary>
    public uint TimeToLive { get; private set; }

    /// <summary>Its data; nothing of a question.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>Whether a name or a length could not be, or records are missing.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Goes to the next question or record.</summary>
    public bool MoveNext()
    {
        if (IsMalformed || _view.Message.IsEmpty) return false;
        while (_done == CountOf(Section))
        {
            if (Section == DnsSection.Additional) return false;
            Section++;
            _done = 0;
        }
        _done++;
        IsMalformed = !TryReadOne();
        return !IsMalformed;
    }

    /// <summary>The present record as an address; false where it is none.</summary>
    public readonly bool TryGetAddress(out IpAddress address)
    {
        address = default;
        if (Class != 1) return false;
        if (Type == DnsType.A && Data.Length == 4) address = IpAddress.ReadV4(Data);
        else if (Type == DnsType.Aaaa && Data.Length == 16) address = IpAddress.ReadV6(Data);
        return !address.IsNone;
    }

    /// <summary>The name that the present record holds: CNAME, NS, PTR, and the targets of MX and SRV. False where it holds none.</summary>
    public readonly bool TryGetTarget(out DnsName target)
    {
        target = default;
        int before = Type switch
        {
            DnsType.Cname or DnsType.Ns or DnsType.Ptr => 0,
            DnsType.Mx => 2,
            DnsType.Srv => 6,
            _ => -1,
        };
        return before >= 0 && Data.Length > before && DnsName.TryRead(_view.Message, _dataAt + before, out target, out int end) && end == _dataAt + Data.Length;
    }

    /// <summary>For how long an answer that there is nothing may be kept, as the present SOA record says: the lesser of its own time and
    /// its last field (RFC 2308 section 5). False where it is no SOA record.</summary>
    /// <param name="seconds">The time in seconds.</param>
    public readonly bool TryGetNegativeTime(out uint seconds)
    {
        seconds = 0;
        if (Type != DnsType.Soa || Data.Length < 22) return false;
        seconds = Math.Min(TimeToLive, Positive(Bytes.U32(Data, Data.Length - 4)));
        return true;
    }

    private readonly int CountOf(DnsSection section) => Bytes.U16(_view.Message, 4 + 2 * (int)section);

    private bool TryReadOne()
    {
        ReadOnlySpan<byte> message = _view.Message;
        if (!DnsName.TryRead(message, _next, out DnsName name, out int at)) return false;
        int fixedSize = Section == DnsSection.Question ? 4 : 10;
        if (at + fixedSize > message.Length) return false;
        Name = name;
        Type = (DnsType)Bytes.U16(message, at);
        Class = Bytes.U16(message, at + 2);
        TimeToLive = 0;
        Data = default;
        _next = at + fixedSize;
        if (Section == DnsSection.Question) return true;
        uint time = Bytes.U32(message, at + 4);
        TimeToLive = Type == DnsType.Opt ? time : Positive(time);
        int length = Bytes.U16(message, at + 8);
        if (_next + length > message.Length) return false;
        _dataAt = _next;
        Data = message.Slice(_next, length);
        _next += length;
        return true;
    }

    private static uint Positive(uint time) => time > int.MaxValue ? 0 : time;
}
