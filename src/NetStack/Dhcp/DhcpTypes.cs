using NetStack.Wire;

namespace NetStack.Dhcp;

/// <summary>The states of a DHCPv4 client (RFC 2131 figure 5).</summary>
public enum DhcpState
{
    /// <summary>It does nothing.</summary>
    Stopped = 0,

    /// <summary>INIT: it waits before it begins.</summary>
    Init,

    /// <summary>SELECTING: it asked for offers.</summary>
    Selecting,

    /// <summary>REQUESTING: it asked for the address of an offer.</summary>
    Requesting,

    /// <summary>REBOOTING: it asked for the address it had before.</summary>
    Rebooting,

    /// <summary>It has a lease and finds out whether another host uses the address (RFC 5227).</summary>
    Checking,

    /// <summary>BOUND: it has the address.</summary>
    Bound,

    /// <summary>RENEWING: it asks its server to keep the address.</summary>
    Renewing,

    /// <summary>REBINDING: it asks any server to keep the address.</summary>
    Rebinding,
}

/// <summary>Settings of a DHCPv4 client. Read once, when it is made.</summary>
public sealed class DhcpOptions
{
    /// <summary>The host name to tell the server, ASCII; null for none.</summary>
    public string? HostName { get; set; }

    /// <summary>The vendor class to tell the server, ASCII; null for none.</summary>
    public string? VendorClass { get; set; }

    /// <summary>Who the client is, type byte included, 2 to 255 bytes. Empty stands for a DUID of the MAC address and the interface's
    /// number (RFC 4361), or for the MAC address alone: see <see cref="UsesDuid"/>.</summary>
    public ReadOnlyMemory<byte> ClientIdentifier { get; set; }

    /// <summary>Whether the client identifies itself as RFC 4361 wants; otherwise by its MAC address, as servers' tables often expect.</summary>
    public bool UsesDuid { get; set; }

    /// <summary>An address the client had before and asks for first (INIT-REBOOT); none for any.</summary>
    public IpAddress PreviousAddress { get; set; }

    /// <summary>The most it waits before it begins, by chance. RFC 2131 section 4.4.1 wants 1 to 10 s where many hosts start at once.</summary>
    public TimeSpan StartDelay { get; set; }

    /// <summary>Whether the address is probed for before it is used (RFC 2131 section 4.4.1, RFC 5227), which takes 4 to 9 s; null for
    /// what <see cref="Neighbours.NeighbourOptions.ProbeIpv4Addresses"/> says.</summary>
    public bool? DetectConflicts { get; set; }

    /// <summary>The metric of its routes.</summary>
    public int RouteMetric { get; set; } = 1024;

    internal void Validate()
    {
        if (ClientIdentifier.Length is 1 or > 255) throw new ArgumentException("A client identifier has 2 to 255 bytes.", nameof(ClientIdentifier));
        if (HostName is { Length: 0 or > 255 } || VendorClass is { Length: 0 or > 255 }) throw new ArgumentException("A name has 1 to 255 characters.", nameof(HostName));
        if (!PreviousAddress.IsNone && !PreviousAddress.IsV4) throw new ArgumentException("The previous address is of IPv4.", nameof(PreviousAddress));
        ArgumentOutOfRangeException.ThrowIfLessThan(StartDelay, TimeSpan.Zero, nameof(StartDelay));
    }
}

/// <summary>A route that a server told.</summary>
/// <param name="Destination">What it is for.</param>
/// <param name="Router">The router; none where the destination is on the link.</param>
public readonly record struct DhcpRoute(IpPrefix Destination, IpAddress Router);

/// <summary>What a server granted.</summary>
public sealed record DhcpLease
{
    /// <summary>The address.</summary>
    public required IpAddress Address { get; init; }

    /// <summary>Bits of its prefix, 1 to 32; by the address's class where the server did not say.</summary>
    public required int PrefixLength { get; init; }

    /// <summary>The server's identifier: its address.</summary>
    public required IpAddress Server { get; init; }

    /// <summary>The routes: the classless ones where there are any, which replace the routers (RFC 3442).</summary>
    public IReadOnlyList<DhcpRoute> Routes { get; init; } = [];

    /// <summary>DNS servers, the best first.</summary>
    public IReadOnlyList<IpAddress> DnsServers { get; init; } = [];

    /// <summary>The client's domain; null for none.</summary>
    public string? DomainName { get; init; }

    /// <summary>Domains to search (RFC 3397).</summary>
    public IReadOnlyList<string> SearchDomains { get; init; } = [];

    /// <summary>MTU of the link, in bytes; 0 where the server did not say. The interface keeps its own.</summary>
    public int Mtu { get; init; }

    /// <summary>The broadcast address; none where the server did not say.</summary>
    public IpAddress BroadcastAddress { get; init; }

    /// <summary>T1: when the server is asked to keep it.</summary>
    public required Instant RenewAt { get; init; }

    /// <summary>T2: when any server is asked.</summary>
    public required Instant RebindAt { get; init; }

    /// <summary>When it ends; <see cref="Instant.MaxValue"/> for never.</summary>
    public required Instant ExpiresAt { get; init; }
}

/// <summary>Why a message to a DHCP client was dropped.</summary>
public enum DhcpDropReason
{
    /// <summary>It is no DHCP message, or its options run past their fields.</summary>
    Malformed = 0,

    /// <summary>It is a client's message.</summary>
    NotReply,

    /// <summary>It answers another request: ours of before, or another host's.</summary>
    WrongTransaction,

    /// <summary>It is for another hardware address.</summary>
    WrongHardwareAddress,

    /// <summary>It echoes another client identifier (RFC 6842).</summary>
    WrongClientIdentifier,

    /// <summary>It is of a type that the client does not wait for.</summary>
    UnexpectedType,

    /// <summary>It does not say which server it is from.</summary>
    NoServer,

    /// <summary>It is from another server than the one that was asked.</summary>
    WrongServer,

    /// <summary>It grants what is no address of a host.</summary>
    BadAddress,

    /// <summary>It does not say for how long.</summary>
    NoLeaseTime,
}

/// <summary>How often a DHCP client dropped a message, by reason.</summary>
public sealed class DhcpDrops : ReasonCounters
{
    internal DhcpDrops()
        : base(Enum.GetNames<DhcpDropReason>())
    {
    }

    /// <summary>How often for a reason.</summary>
    public long this[DhcpDropReason reason] => Get((int)reason);

    internal void Add(DhcpDropReason reason) => Count((int)reason);
}
