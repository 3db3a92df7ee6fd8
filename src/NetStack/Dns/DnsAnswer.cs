using NetStack.Wire;

namespace NetStack.Dns;

/// <summary>What the records of a response say about a question.</summary>
internal enum DnsAnswerKind
{
    /// <summary>They cannot be.</summary>
    Malformed = 0,

    /// <summary>There are addresses.</summary>
    Addresses,

    /// <summary>The name is an alias of one that the response says nothing of.</summary>
    Alias,

    /// <summary>There is nothing.</summary>
    Nothing,

    /// <summary>The server refers to others: it does not resolve.</summary>
    Referral,
}

/// <summary>An answer, read from a response (RFC 1034 section 5.3.3, RFC 2308). Only records on the way from the question on count:
/// what else a server sends along is not believed (RFC 5452 section 6).</summary>
internal ref struct DnsAnswer
{
    internal const int MaxAliases = 16;
    private const int MaxAddresses = 64;

    private Span<byte> _target;

    internal DnsAnswerKind Kind { get; private set; }

    internal List<IpAddress> Addresses { get; private set; }

    /// <summary>For how long it holds, in seconds; 0 where nothing says.</summary>
    internal uint TimeToLive { get; private set; }

    /// <summary>Aliases passed.</summary>
    internal int Aliases { get; private set; }

    /// <summary>The name at the end of the aliases.</summary>
    internal readonly ReadOnlySpan<byte> Target => _target;

    /// <summary>The upper bits of the response code, which EDNS carries (RFC 6891 section 6.1.3).</summary>
    internal byte ExtendedCode { get; private set; }

    /// <summary>Reads a response.</summary>
    /// <param name="message">The response; its question is the one asked.</param>
    /// <param name="name">The name asked for.</param>
    /// <param name="type">A or AAAA.</param>
    /// <param name="scratch">Room for a name.</param>
    internal static DnsAnswer Read(DnsView message, ReadOnlySpan<byte> name, DnsType type, Span<byte> scratch)
    {
        name.CopyTo(scratch);
        DnsAnswer answer = new() { _target = scratch[..name.Length], Addresses = [], TimeToLive = uint.MaxValue };
        while (answer.FollowOne(message, type, scratch))
        {
            if (++answer.Aliases > MaxAliases) return answer;
        }
        answer.Collect(message, type);
        return answer;
    }

    /// <summary>Takes an alias of the target, where there is no address for it; each walk goes over the whole answer, as records may
    /// be in any order.</summary>
    private bool FollowOne(DnsView message, DnsType type, Span<byte> scratch)
    {
        uint time = 0;
        DnsName alias = default;
        for (DnsReader reader = message.Records; reader.MoveNext();)
        {
            if (reader.Section != DnsSection.Answer || reader.Class != 1 || !reader.Name.Matches(_target)) continue;
            if (reader.Type == type) return false;
            if (reader.Type == DnsType.Cname && alias.Size == 0 && reader.TryGetTarget(out alias)) time = reader.TimeToLive;
        }
        if (alias.Size == 0) return false;
        TimeToLive = Math.Min(TimeToLive, time);
        _target = scratch[..alias.CopyTo(scratch)];
        return true;
    }

    private void Collect(DnsView message, DnsType type)
    {
        bool refers = false;
        uint? negative = null;
        DnsReader reader = message.Records;
        while (reader.MoveNext())
        {
            if (reader.Section == DnsSection.Answer && reader.Type == type && reader.Name.Matches(_target) && reader.TryGetAddress(out IpAddress address))
            {
                TimeToLive = Math.Min(TimeToLive, reader.TimeToLive);
                if (Addresses.Count < MaxAddresses && !Addresses.Contains(address)) Addresses.Add(address);
            }
            else if (reader.Section == DnsSection.Authority)
            {
                refers |= reader.Type == DnsType.Ns;
                if (reader.TryGetNegativeTime(out uint seconds)) negative = seconds;
            }
            else if (reader.Section == DnsSection.Additional && reader.Type == DnsType.Opt)
            {
                ExtendedCode = (byte)(reader.TimeToLive >> 24);
            }
        }
        if (reader.IsMalformed) return;
        if (Addresses.Count > 0) Kind = DnsAnswerKind.Addresses;
        else if (message.ResponseCode == DnsResponseCode.NameError || negative is not null) Kind = DnsAnswerKind.Nothing;
        else if (Aliases > 0) Kind = DnsAnswerKind.Alias;
        else Kind = refers && (message.Flags & (DnsFlags.RecursionAvailable | DnsFlags.Authoritative)) == 0 ? DnsAnswerKind.Referral : DnsAnswerKind.Nothing;
        if (Kind == DnsAnswerKind.Nothing) TimeToLive = Math.Min(TimeToLive, negative ?? 0);
    }
}
