using System.Globalization;
using NetStack.Wire;

namespace NetStack.Dns;

/// <remarks>Lookups: which names are asked for, and what their answers come to.</remarks>
internal sealed partial class DnsClient
{
    private readonly HashSet<DnsLookup> _lookups = [];
    private readonly Queue<DnsQuery> _ended = new();

    /// <summary>Whom new queries ask.</summary>
    internal DnsServer[] Servers { get; set; } = [];

    /// <summary>Begins a lookup. One that needs no query is completed at once.</summary>
    /// <param name="lookup">The lookup.</param>
    /// <param name="search">Domains to append.</param>
    /// <param name="now">The present.</param>
    internal void Begin(DnsLookup lookup, IReadOnlyList<string> search, Instant now)
    {
        if (Local(lookup) is { } known)
        {
            Complete(lookup, known.Status, known.Addresses);
            return;
        }
        if (Count >= _options.MaxLookups)
        {
            Complete(lookup, DnsStatus.Unavailable, []);
            return;
        }
        _lookups.Add(lookup);
        AddCandidates(lookup, search);
        Advance(lookup, now);
    }

    /// <summary>Ends a lookup without a word. Queries that nobody else waits for end, too.</summary>
    internal void Cancel(DnsLookup lookup)
    {
        if (!_lookups.Remove(lookup)) return;
        foreach (DnsQuery query in lookup.Queries)
        {
            query.Waiters.Remove(lookup);
            if (query.Waiters.Count == 0) End(query);
        }
        lookup.Queries.Clear();
        lookup.Complete(DnsStatus.Unavailable, []);
    }

    /// <summary>Ends every lookup; each is told.</summary>
    internal void EndAll()
    {
        foreach (DnsLookup lookup in _lookups.ToArray())
        {
            Cancel(lookup);
            _completed.Enqueue(lookup);
        }
    }

    /// <summary>Takes a query that is over, so that its socket can be closed.</summary>
    internal bool TryTakeEnded(out DnsQuery? query) => _ended.TryDequeue(out query);

    /// <summary>What no server need be asked for: addresses, hosts that are set, and names that RFC 6761 and RFC 7686 reserve.</summary>
    private DnsOutcome? Local(DnsLookup lookup)
    {
        string name = lookup.Name.EndsWith('.') ? lookup.Name[..^1] : lookup.Name;
        if (IpAddress.TryParse(lookup.Name, out IpAddress literal)) return OfFamily([literal], lookup.Family);
        if (_options.Hosts.TryGetValue(name, out IpAddress[]? addresses)) return OfFamily(addresses, lookup.Family);
        if (IsUnder(name, "localhost")) return OfFamily([IpAddress.V6(1), IpAddress.V4(0x7F00_0001)], lookup.Family);
        return _options.HostsOnly || IsUnder(name, "invalid") || IsUnder(name, "onion") ? DnsOutcome.Failure(DnsStatus.NotFound) : null;
    }

    private static DnsOutcome OfFamily(IpAddress[] addresses, DnsFamily family)
    {
        IpAddress[] fit = [.. addresses.Where(a => family == DnsFamily.Any || a.IsV4 == (family == DnsFamily.V4))];
        return fit.Length == 0 ? DnsOutcome.Failure(DnsStatus.NoData) : new DnsOutcome(DnsStatus.Success, fit);
    }

    private static bool IsUnder(string name, string domain) =>
        name.EndsWith(domain, StringComparison.OrdinalIgnoreCase) && (name.Length == domain.Length || name[^(domain.Length + 1)] == '.');

    /// <summary>A name with a dot at its end stands for itself; one with few dots is looked for in the search domains first.</summary>
    private void AddCandidates(DnsLookup lookup, IReadOnlyList<string> search)
    {
        if (ToAscii(lookup.Name) is not { Length: > 0 } name || name == ".") return;
        bool isAbsolute = name[^1] == '.';
        bool goesFirst = isAbsolute || name.Count(c => c == '.') >= _options.Dots;
        if (goesFirst) AddCandidate(lookup, name);
        if (isAbsolute) return;
        foreach (string domain in search) AddCandidate(lookup, $"{name}.{domain}");
        if (!goesFirst) AddCandidate(lookup, name);
    }

    private static void AddCandidate(DnsLookup lookup, string name)
    {
        Span<byte> encoded = stackalloc byte[DnsName.MaxSize];
        if (DnsName.TryEncode(name, encoded, out int length)) lookup.Candidates.Add(encoded[..length].ToArray());
    }

    private static string? ToAscii(string name)
    {
        if (System.Text.Ascii.IsValid(name)) return name;
        try
        {
            return new IdnMapping().GetAscii(name);
        }
        catch (ArgumentException)
        {
            return null; // no name that could be registered
        }
    }

    /// <summary>Goes on with a lookup as far as it can without an answer.</summary>
    private void Advance(DnsLookup lookup, Instant now)
    {
        while (lookup.Queries.Count == 0)
        {
            bool isLast = lookup.Candidate + 1 >= lookup.Candidates.Count;
            bool isHopeless = lookup.Failure >= DnsStatus.Timeout; // the servers are away, whatever the name
            if (lookup.Found.Count > 0 || isLast || isHopeless)
            {
                _lookups.Remove(lookup);
                DnsStatus failure = lookup.Failure == DnsStatus.Success ? DnsStatus.NotFound : lookup.Failure;
                Complete(lookup, lookup.Found.Count > 0 ? DnsStatus.Success : failure, [.. lookup.Found]);
                return;
            }
            byte[] name = lookup.Candidates[++lookup.Candidate];
            if (lookup.Family != DnsFamily.V4) Want(lookup, name, DnsType.Aaaa, now);
            if (lookup.Family != DnsFamily.V6) Want(lookup, name, DnsType.A, now);
        }
    }

    /// <summary>Takes an answer from the cache, waits for one that is under way, or asks.</summary>
    private void Want(DnsLookup lookup, byte[] name, DnsType type, Instant now)
    {
        DnsKey key = DnsKey.Of(name, type);
        if (Cache.TryGet(key, now, out DnsOutcome known))
        {
            Take(lookup, known);
            return;
        }
        if (!_active.TryGetValue(key, out DnsQuery? query))
        {
            if (Servers.Length == 0)
            {
                Take(lookup, DnsOutcome.Failure(DnsStatus.Unavailable));
                return;
            }
            query = new DnsQuery(key, [.. name], Servers, _options.Rotate ? _rotation++ & int.MaxValue : 0);
            _active.Add(key, query);
            Ask(query, now);
        }
        query.Waiters.Add(lookup);
        lookup.Queries.Add(query);
    }

    private static void Take(DnsLookup lookup, DnsOutcome outcome)
    {
        if (outcome.Status == DnsStatus.Success) lookup.Found.AddRange(outcome.Addresses);
        else if (outcome.Status > lookup.Failure) lookup.Failure = outcome.Status; // the order of their gravity
    }

    private void Complete(DnsLookup lookup, DnsStatus status, IpAddress[] addresses)
    {
        lookup.Complete(status, addresses);
        _completed.Enqueue(lookup);
    }
}
