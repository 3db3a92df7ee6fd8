namespace NetStack.Wire;

/// <summary>DNS record types (IANA) that this library knows by name.</summary>
public enum DnsType : ushort
{
    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>A name server of a zone.</summary>
    Ns = 2,

    /// <summary>The canonical name of an alias.</summary>
    Cname = 5,

    /// <summary>The start of a zone of authority, which also bounds negative answers (RFC 2308).</summary>
    Soa = 6,

    /// <summary>A pointer to a name, as reverse lookups want it.</summary>
    Ptr = 12,

    /// <summary>A mail exchanger.</summary>
    Mx = 15,

    /// <summary>Text.</summary>
    Txt = 16,

    /// <summary>An IPv6 address (RFC 3596).</summary>
    Aaaa = 28,

    /// <summary>Where a service is (RFC 2782).</summary>
    Srv = 33,

    /// <summary>The pseudo-record of EDNS (RFC 6891).</summary>
    Opt = 41,

    /// <summary>In a question: any type.</summary>
    Any = 255,
}

/// <summary>DNS response codes (RFC 1035 section 4.1.1, RFC 2136).</summary>
public enum DnsResponseCode : byte
{
    /// <summary>No error; the answer may be empty nevertheless.</summary>
    NoError = 0,

    /// <summary>The server did not understand the query.</summary>
    FormatError = 1,

    /// <summary>The server could not find out.</summary>
    ServerFailure = 2,

    /// <summary>The name does not exist (NXDOMAIN).</summary>
    NameError = 3,

    /// <summary>The server does not do this kind of query.</summary>
    NotImplemented = 4,

    /// <summary>The server does not want to answer.</summary>
    Refused = 5,
}

/// <summary>Flags of a DNS header in place, without operation and response code (RFC 1035 section 4.1.1, RFC 4035).</summary>
[Flags]
public enum DnsFlags : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Checking disabled.</summary>
    CheckingDisabled = 0x0010,

    /// <summary>Authentic data.</summary>
    AuthenticData = 0x0020,

    /// <summary>The server resolves for others.</summary>
    RecursionAvailable = 0x0080,

    /// <summary>The server is to resolve, not to refer.</summary>
    RecursionDesired = 0x0100,

    /// <summary>The message was cut to fit.</summary>
    Truncated = 0x0200,

    /// <summary>The server is an authority for the name.</summary>
    Authoritative = 0x0400,

    /// <summary>This is a response.</summary>
    Response = 0x8000,
}

/// <summary>The sections of a DNS message.</summary>
public enum DnsSection
{
    /// <summary>What is asked.</summary>
    Question = 0,

    /// <summary>The answer.</summary>
    Answer,

    /// <summary>Who is the authority.</summary>
    Authority,

    /// <summary>What else may be of use.</summary>
    Additional,
}

/// <summary>A DNS message over private bytes (RFC 1035 section 4), without the length that goes first over TCP.</summary>
public readonly ref struct DnsView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 12;

    private DnsView(ReadOnlySpan<byte> bytes) => Message = bytes;

    /// <summary>Reads a message; false when its header is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out DnsView view)
    {
        view = new DnsView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>By which a response is matched with its query.</summary>
    public ushort Id => Bytes.U16(Message, 0);

    /// <summary>The flags.</summary>
    public DnsFlags Flags => (DnsFlags)(Bytes.U16(Message, 2) & 0x87B0);

    /// <summary>Whether this is a response.</summary>
    public bool IsResponse => (Message[2] & 0x80) != 0;

    /// <summary>Whether the message was cut.</summary>
    public bool IsTruncated => (Message[2] & 0x02) != 0;

    /// <summary>What is to be done; 0 is a query.</summary>
    public byte OperationCode => (byte)(Message[2] >> 3 & 15);

    /// <summary>The response code, without the upper bits that EDNS adds.</summary>
    public DnsResponseCode ResponseCode => (DnsResponseCode)(Message[3] & 15);

    /// <summary>Questions, as claimed.</summary>
    public ushort QuestionCount => Bytes.U16(Message, 4);

    /// <summary>Answer records, as claimed.</summary>
    public ushort AnswerCount => Bytes.U16(Message, 6);

    /// <summary>Authority records, as claimed.</summary>
    public ushort AuthorityCount => Bytes.U16(Message, 8);

    /// <summary>Additional records, as claimed.</summary>
    public ushort AdditionalCount => Bytes.U16(Message, 10);

    /// <summary>The questions and records, in order.</summary>
    public DnsReader Records => new(this);

    /// <summary>Appends id, flags, counts and the first question, much as tcpdump does.</summary>
    /// <param name="line">Where to.</param>
    /// <param name="length">Bytes of the message by the enclosing lengths.</param>
    public void AppendTo(ref LineWriter line, int length)
    {
        line.Append(Id);
        if (IsResponse)
        {
            AppendCode(ref line);
            line.Append((Flags & DnsFlags.Authoritative) != 0 ? "*"u8 : default);
            line.Append((Flags & DnsFlags.RecursionAvailable) != 0 ? default : "-"u8);
            line.Append(IsTruncated ? "|"u8 : default);
            line.Append(' ');
            line.Append(AnswerCount);
            line.Append('/');
            line.Append(AuthorityCount);
            line.Append('/');
            line.Append(AdditionalCount);
        }
        else
        {
            line.Append((Flags & DnsFlags.RecursionDesired) != 0 ? "+"u8 : default);
        }
        DnsReader reader = Records;
        if (reader.MoveNext() && reader.Section == DnsSection.Question)
        {
            line.Append(' ');
            DnsText.AppendType(ref line, reader.Type);
            line.Append("? "u8);
            reader.Name.AppendTo(ref line);
        }
        line.Append(" ("u8);
        line.Append(length);
        line.Append(')');
    }

    private void AppendCode(ref LineWriter line) => line.Append(ResponseCode switch
    {
        DnsResponseCode.NoError => default,
        DnsResponseCode.FormatError => " FormErr"u8,
        DnsResponseCode.ServerFailure => " ServFail"u8,
        DnsResponseCode.NameError => " NXDomain"u8,
        DnsResponseCode.NotImplemented => " NotImp"u8,
        DnsResponseCode.Refused => " Refused"u8,
        _ => " Resp?"u8,
    });
}

/// <summary>The values of a DNS header.</summary>
/// <param name="Id">By which a response is matched with its query.</param>
/// <param name="Flags">The flags.</param>
public readonly record struct DnsHeader(ushort Id, DnsFlags Flags)
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = DnsView.Size;

    /// <summary>What is to be done, 0 to 15; 0 is a query.</summary>
    public byte OperationCode { get; init; }

    /// <summary>The response code.</summary>
    public DnsResponseCode ResponseCode { get; init; }

    /// <summary>Questions.</summary>
    public ushort QuestionCount { get; init; }

    /// <summary>Answer records.</summary>
    public ushort AnswerCount { get; init; }

    /// <summary>Authority records.</summary>
    public ushort AuthorityCount { get; init; }

    /// <summary>Additional records.</summary>
    public ushort AdditionalCount { get; init; }

    /// <summary>The values of a header that was read.</summary>
    public static DnsHeader From(DnsView view) => new(view.Id, view.Flags)
    {
        OperationCode = view.OperationCode,
        ResponseCode = view.ResponseCode,
        QuestionCount = view.QuestionCount,
        AnswerCount = view.AnswerCount,
        AuthorityCount = view.AuthorityCount,
        AdditionalCount = view.AdditionalCount,
    };

    /// <summary>Writes the header.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int Write(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        Bytes.Put16(room, 0, Id);
        Bytes.Put16(room, 2, (int)Flags | (OperationCode & 15) << 11 | (int)ResponseCode & 15);
        Bytes.Put16(room, 4, QuestionCount);
        Bytes.Put16(room, 6, AnswerCount);
        Bytes.Put16(room, 8, AuthorityCount);
        Bytes.Put16(room, 10, AdditionalCount);
        return Size;
    }
}
