namespace NetStack.Wire;

/// <summary>Writes a DNS message: a header, then questions and records in the order of the sections. A name equal to the one that was
/// written last is written as a pointer to it (RFC 1035 section 4.1.4).</summary>
public ref struct DnsWriter
{
    private readonly Span<byte> _buffer;
    private DnsHeader _header;
    private DnsSection _section;
    private int _nameAt;

    /// <summary>Begins a message.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="header">The header; its counts are those of what is added.</param>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public DnsWriter(Span<byte> buffer, DnsHeader header)
    {
        _buffer = buffer;
        _header = new DnsHeader(header.Id, header.Flags) { OperationCode = header.OperationCode, ResponseCode = header.ResponseCode };
        Length = _header.Write(buffer);
    }

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>The message so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>Adds a question.</summary>
    /// <param name="name">About whom: a name without compression.</param>
    /// <param name="type">What is asked.</param>
    /// <param name="classCode">The class; 1 is the Internet.</param>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public void AddQuestion(scoped ReadOnlySpan<byte> name, DnsType type, ushort classCode = 1)
    {
        Enter(DnsSection.Question);
        AddName(name);
        Span<byte> room = Take(4);
        Bytes.Put16(room, 0, (ushort)type);
        Bytes.Put16(room, 2, classCode);
        _header = _header with { QuestionCount = (ushort)(_header.QuestionCount + 1) };
        _header.Write(_buffer);
    }

    /// <summary>Adds a record.</summary>
    /// <param name="section">Its section; not one before the last record's.</param>
    /// <param name="name">Whose it is: a name without compression.</param>
    /// <param name="type">Its type.</param>
    /// <param name="timeToLive">For how long it may be kept, in seconds.</param>
    /// <param name="data">Its data, at most 65,535 bytes.</param>
    /// <param name="classCode">The class; 1 is the Internet.</param>
    /// <exception cref="ArgumentException">There is too little room, or the section was left before.</exception>
    public void AddRecord(DnsSection section, scoped ReadOnlySpan<byte> name, DnsType type, uint timeToLive, scoped ReadOnlySpan<byte> data, ushort classCode = 1)
    {
        if (section == DnsSection.Question || data.Length > ushort.MaxValue) throw new ArgumentException("That is no record.", nameof(section));
        Enter(section);
        AddName(name);
        Span<byte> room = Take(10 + data.Length);
        Bytes.Put16(room, 0, (ushort)type);
        Bytes.Put16(room, 2, classCode);
        Bytes.Put32(room, 4, timeToLive);
        Bytes.Put16(room, 8, data.Length);
        data.CopyTo(room[10..]);
        _header = section switch
        {
            DnsSection.Answer => _header with { AnswerCount = (ushort)(_header.AnswerCount + 1) },
            DnsSection.Authority => _header with { AuthorityCount = (ushort)(_header.AuthorityCount + 1) },
            _ => _header with { AdditionalCount = (ushort)(_header.AdditionalCount + 1) },
        };
        _header.Write(_buffer);
    }

    /// <summary>Adds an address.</summary>
    /// <inheritdoc cref="AddRecord"/>
    public void AddAddress(DnsSection section, scoped ReadOnlySpan<byte> name, IpAddress address, uint timeToLive)
    {
        Span<byte> data = stackalloc byte[16];
        int length = address.Write(data);
        AddRecord(section, name, address.IsV4 ? DnsType.A : DnsType.Aaaa, timeToLive, data[..length]);
    }

    /// <summary>Adds the pseudo-record of EDNS version 0 without options (RFC 6891 section 6.1).</summary>
    /// <param name="payloadSize">Bytes of a UDP payload that the sender can take.</param>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public void AddEdns(ushort payloadSize) => AddRecord(DnsSection.Additional, [0], DnsType.Opt, 0, default, payloadSize);

    private void Enter(DnsSection section)
    {
        if (section < _section) throw new ArgumentException($"The section {section} was left before.", nameof(section));
        _section = section;
    }

    private void AddName(scoped ReadOnlySpan<byte> name)
    {
        if (_nameAt is > 0 and < 0x4000 && DnsName.TryRead(Written, _nameAt, out DnsName last, out _) && name.Length > 2 && last.Matches(name, exactCase: true))
        {
            Bytes.Put16(Take(2), 0, 0xC000 | _nameAt);
            return;
        }
        _nameAt = Length;
        name.CopyTo(Take(name.Length));
    }

    private Span<byte> Take(int size)
    {
        Span<byte> room = Bytes.Room(_buffer[Length..], size);
        Length += size;
        return room;
    }
}
