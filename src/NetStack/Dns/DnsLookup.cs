using NetStack.Wire;

namespace NetStack.Dns;

/// <summary>A name whose addresses are looked up. Made by <see cref="DnsService.Resolve"/>. Thread rule of <see cref="NetworkStack"/>.</summary>
public sealed class DnsLookup
{
    internal DnsLookup(string name, DnsFamily family, Action<DnsLookup>? completed)
    {
        Name = name;
        Family = family;
        Completed = completed;
    }

    /// <summary>The name, as it was given.</summary>
    public string Name { get; }

    /// <summary>Which addresses are wanted.</summary>
    public DnsFamily Family { get; }

    /// <summary>Whether it ended, or was cancelled.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>How it ended; meaningless before.</summary>
    public DnsStatus Status { get; private set; }

    /// <summary>The addresses, the best to try first by RFC 6724 section 6; empty unless it succeeded.</summary>
    public IReadOnlyList<IpAddress> Addresses { get; private set; } = [];

    internal Action<DnsLookup>? Completed { get; }

    /// <summary>The names to try, without compression.</summary>
    internal List<byte[]> Candidates { get; } = [];

    /// <summary>Which of them is tried now.</summary>
    internal int Candidate { get; set; } = -1;

    /// <summary>The queries under way for it.</summary>
    internal List<DnsQuery> Queries { get; } = [];

    /// <summary>What the present candidate brought.</summary>
    internal List<IpAddress> Found { get; } = [];

    /// <summary>The gravest failure of the present candidate and, after it, of all so far.</summary>
    internal DnsStatus Failure { get; set; }

    internal void Complete(DnsStatus status, IpAddress[] addresses)
    {
        IsCompleted = true;
        Status = status;
        Addresses = addresses;
    }
}

/// <summary>What is known of a name and type.</summary>
/// <param name="Status">Whether there is something.</param>
/// <param name="Addresses">What there is.</param>
internal readonly record struct DnsOutcome(DnsStatus Status, IpAddress[] Addresses)
{
    internal static DnsOutcome Failure(DnsStatus status) => new(status, []);
}

/// <summary>What a query is about.</summary>
/// <param name="Name">The name in lower case.</param>
/// <param name="Type">A or AAAA.</param>
internal readonly record struct DnsKey(string Name, DnsType Type)
{
    internal static DnsKey Of(ReadOnlySpan<byte> encoded, DnsType type) =>
        new(DnsName.TryRead(encoded, 0, out DnsName name, out _) ? name.ToString().ToLowerInvariant() : "", type);
}
