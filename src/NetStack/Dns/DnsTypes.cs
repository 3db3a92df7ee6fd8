using NetStack.Wire;

namespace NetStack.Dns;

/// <summary>Which addresses are wanted.</summary>
public enum DnsFamily
{
    /// <summary>Both.</summary>
    Any = 0,

    /// <summary>IPv4.</summary>
    V4,

    /// <summary>IPv6.</summary>
    V6,
}

/// <summary>How a lookup ended.</summary>
public enum DnsStatus
{
    /// <summary>There are addresses.</summary>
    Success = 0,

    /// <summary>The name does not exist (NXDOMAIN), or cannot.</summary>
    NotFound,

    /// <summary>The name exists, but has no address of the family.</summary>
    NoData,

    /// <summary>No server could or would tell: it may be tried again.</summary>
    ServerFailure,

    /// <summary>No server answered: it may be tried again.</summary>
    Timeout,

    /// <summary>No server is known, or too many lookups are under way: it may be tried again.</summary>
    Unavailable,
}

/// <summary>A DNS server.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Interface">The interface it is reached by, needed for a link-local address; null lets routing decide.</param>
public readonly record struct DnsServer(IpAddress Address, ushort Port = 53, int? Interface = null);

/// <summary>Settings of a resolver, as in resolv.conf. Not to be changed once it is made.</summary>
public sealed class DnsOptions
{
    /// <summary>The servers, the first asked first. Empty for those that DHCP leases and router advertisements tell.</summary>
    public IList<DnsServer> Servers { get; } = [];

    /// <summary>Domains that are appended to names; null for those that DHCP leases tell.</summary>
    public IReadOnlyList<string>? SearchDomains { get; set; }

    /// <summary>Names that are not asked for, like those in a hosts file. Letters count as equal whatever their case.</summary>
    public IDictionary<string, IpAddress[]> Hosts { get; } = new Dictionary<string, IpAddress[]>(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether names that are not in <see cref="Hosts"/> do not exist: no server is asked.</summary>
    public bool HostsOnly { get; set; }

    /// <summary>Dots from which on a name is tried as it is before the search domains are appended, 0 to 15.</summary>
    public int Dots { get; set; } = 1;

    /// <summary>How often each server is asked, 1 to 10.</summary>
    public int Attempts { get; set; } = 2;

    /// <summary>How long a server may take at the first round; twice as long at each further one, 30 s at most.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether each query begins with the next server, to spread load.</summary>
    public bool Rotate { get; set; }

    /// <summary>The UDP payload a server may send, in bytes (RFC 6891 section 6.2.3), 512 to 4,096; 1,232 is never fragmented.</summary>
    public int UdpPayloadSize { get; set; } = 1232;

    /// <summary>Whether the case of letters in queries is random, which servers echo and forgers must guess (draft-vixie-dnsext-dns0x20).
    /// Some servers do not echo it.</summary>
    public bool RandomizesCase { get; set; }

    /// <summary>Answers kept; 0 for none.</summary>
    public int CacheSize { get; set; } = 1024;

    /// <summary>The longest an answer is kept (RFC 8767 section 4 says a week at most).</summary>
    public TimeSpan MaxTimeToLive { get; set; } = TimeSpan.FromDays(1);

    /// <summary>The longest it is kept that there is nothing (RFC 2308 section 5 says one to three hours).</summary>
    public TimeSpan MaxNegativeTimeToLive { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The most lookups that may be under way.</summary>
    public int MaxLookups { get; set; } = 1024;

    internal void Validate()
    {
        foreach (DnsServer server in Servers)
        {
            if (server.Address.IsNone || server.Address.IsMulticast || server.Address.IsUnspecified || server.Port == 0) throw new ArgumentException($"{server} is no server.", nameof(Servers));
        }
        ArgumentOutOfRangeException.ThrowIfNegative(Dots, nameof(Dots));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Dots, 15, nameof(Dots));
        ArgumentOutOfRangeException.ThrowIfLessThan(Attempts, 1, nameof(Attempts));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Attempts, 10, nameof(Attempts));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Timeout, TimeSpan.Zero, nameof(Timeout));
        ArgumentOutOfRangeException.ThrowIfLessThan(UdpPayloadSize, 512, nameof(UdpPayloadSize));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(UdpPayloadSize, 4096, nameof(UdpPayloadSize));
        ArgumentOutOfRangeException.ThrowIfNegative(CacheSize, nameof(CacheSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxLookups, 1, nameof(MaxLookups));
    }
}

/// <summary>Why a resolver dropped a message.</summary>
public enum DnsDropReason
{
    /// <summary>It is no DNS response.</summary>
    NotResponse = 0,

    /// <summary>Its id is another one's: late, or forged.</summary>
    WrongId,

    /// <summary>It answers another question.</summary>
    WrongQuestion,

    /// <summary>It came from, or after, a server that is not asked now.</summary>
    WrongServer,

    /// <summary>It answers rightly, but what it says cannot be.</summary>
    Malformed,
}

/// <summary>How often a resolver dropped a message, by reason.</summary>
public sealed class DnsDrops : ReasonCounters
{
    internal DnsDrops()
        : base(Enum.GetNames<DnsDropReason>())
    {
    }

    /// <summary>How often for a reason.</summary>
    public long this[DnsDropReason reason] => Get((int)reason);

    internal void Add(DnsDropReason reason) => Count((int)reason);
}
