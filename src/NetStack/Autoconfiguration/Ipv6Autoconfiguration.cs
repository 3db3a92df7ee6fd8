using NetStack.Wire;

namespace NetStack.Autoconfiguration;

/// <summary>
/// How IPv6 configures itself on one interface: the link-local address, the search for routers, and what their advertisements say
/// (RFC 4861 section 6.3, RFC 4862, RFC 7217, RFC 8981, RFC 4191, RFC 8106). Everything learnt is bounded: what is too much is counted.
/// </summary>
public sealed partial class Ipv6Autoconfiguration
{
    internal const int MaxRouters = 16;
    internal const int MaxDnsServers = 8;
    private const int IdentifierRetries = 3; // RFC 7217 section 6, RFC 8981 section 3.8

    private static readonly TimeSpan FirstSolicitationWait = TimeSpan.FromSeconds(1); // MAX_RTR_SOLICITATION_DELAY
    private static readonly TimeSpan SolicitationInterval = TimeSpan.FromSeconds(4); // RTR_SOLICITATION_INTERVAL
    private static readonly TimeSpan MaxSolicitationInterval = TimeSpan.FromHours(1); // RFC 7559 section 2: MRT

    private static readonly IpPrefix LinkLocalPrefix = IpPrefix.Parse("fe80::/64");

    private readonly NetInterface _nic;
    private readonly List<RouterInfo> _routers = [];
    private readonly List<DnsServerInfo> _dnsServers = [];
    private Instant? _nextSolicitation;
    private TimeSpan _solicitationInterval;
    private Instant? _nextExpiry;

    internal Ipv6Autoconfiguration(NetInterface nic)
    {
        _nic = nic;
        HopLimit = nic.Stack.Options.DefaultHopLimit;
        Mtu = nic.Mtu;
    }

    /// <summary>The routers that advertise themselves as default routers.</summary>
    public IReadOnlyList<RouterInfo> Routers => _routers;

    /// <summary>The name servers that routers advertise.</summary>
    public IReadOnlyList<DnsServerInfo> DnsServers => _dnsServers;

    /// <summary>The hop limit that packets sent here get unless they have one: the routers' or the stack's default.</summary>
    public byte HopLimit { get; private set; }

    /// <summary>The largest IPv6 packet on this link, in bytes: the link's own MTU, or less where a router says so.</summary>
    public int Mtu { get; private set; }

    /// <summary>Whether a router said that addresses are to be had by DHCPv6 (the M flag).</summary>
    public bool IsManaged { get; private set; }

    /// <summary>Whether a router said that other settings are to be had by DHCPv6 (the O flag).</summary>
    public bool HasOtherConfiguration { get; private set; }

    internal bool AcceptsAdvertisements => _nic.Options.Ipv6.AcceptRouterAdvertisements && !_nic.Stack.Options.Forwarding;

    internal Instant? NextDeadline => Instant.Earliest(Instant.Earliest(_nextSolicitation, _nextExpiry), _nextSuccession);

    /// <summary>The interface came up: it needs its link-local address, and routers.</summary>
    internal void OnUp(Instant now)
    {
        if (_nic.Options.Ipv6.LinkLocal && LinkLocal() is null) AddLinkLocal(0, now);
        if (AcceptsAdvertisements) BeginSolicitation(now);
    }

    /// <summary>The interface went down: what routers said held for the link as it was.</summary>
    internal void OnDown()
    {
        _nextSolicitation = null;
        _nextExpiry = null;
        _routers.Clear();
        _dnsServers.Clear();
        _nic.Stack.Routes.RemoveAll(r => r.Interface == _nic && r.Origin == RouteOrigin.RouterAdvertisement);
    }

    /// <summary>A router says in a neighbour advertisement that it is none any more (RFC 4861 section 7.2.5).</summary>
    internal void OnRouterCeased(IpAddress router)
    {
        RemoveRouter(router);
        _nic.Redirects.RemoveTarget(router);
    }

    internal void OnAddressChanged(InterfaceAddress address, Instant now)
    {
        if (address.State == AddressState.Duplicate) Retry(address, now);
        else if (address.Origin == AddressOrigin.Temporary) UpdateSuccession();
    }

    internal void OnDeadline(Instant now)
    {
        if (_nextSolicitation <= now) Solicit(now);
        if (_nextExpiry <= now) Expire(now);
        if (_nextSuccession <= now) SucceedTemporary(now);
    }

    private InterfaceAddress? LinkLocal()
    {
        foreach (InterfaceAddress address in _nic.AddressTable)
        {
            if (address.Address.IsV6 && AddressScope.IsLinkLocal(address.Address) && address.State != AddressState.Duplicate) return address;
        }
        return null;
    }

    private void AddLinkLocal(int attempt, Instant now)
    {
        IpAddress address = InterfaceIdentifier.Combine(LinkLocalPrefix, InterfaceIdentifier.FromMac(_nic.Mac));
        if (_nic.Options.Ipv6.StablePrivacy) (address, attempt) = StableAddress(LinkLocalPrefix, attempt);
        InterfaceAddress added = new(_nic, address, 64, AddressOrigin.LinkLocal) { HasPrefixRoute = true, Attempt = attempt };
        _nic.AddressTable.Add(added, Detects, now);
    }

    private bool Detects => _nic.Options.Ipv6.DuplicateAddressDetectTransmits > 0;

    /// <summary>The RFC 7217 address of a prefix; a reserved identifier counts as an attempt.</summary>
    private (IpAddress Address, int Attempt) StableAddress(IpPrefix prefix, int attempt)
    {
        for (; ; attempt++)
        {
            ulong identifier = InterfaceIdentifier.Stable(_nic.Stack.Secret, prefix, _nic.Name, _nic.Mac, attempt);
            if (!InterfaceIdentifier.IsReserved(identifier)) return (InterfaceIdentifier.Combine(prefix, identifier), attempt);
        }
    }

    /// <summary>Another node has an address that we made: make another, a few times. An address made from the MAC has no other
    /// (RFC 4862 section 5.4.5).</summary>
    private void Retry(InterfaceAddress duplicate, Instant now)
    {
        bool isMade = duplicate.Origin is AddressOrigin.LinkLocal or AddressOrigin.Autoconfigured && _nic.Options.Ipv6.StablePrivacy;
        bool isTemporary = duplicate.Origin == AddressOrigin.Temporary;
        if ((!isMade && !isTemporary) || duplicate.Attempt >= IdentifierRetries) return;
        _nic.AddressTable.Remove(duplicate, now);
        if (duplicate.Origin == AddressOrigin.LinkLocal) AddLinkLocal(duplicate.Attempt + 1, now);
        else if (isTemporary) AddTemporary(duplicate.Prefix, (duplicate.PreferredUntil, duplicate.ValidUntil), duplicate.Limit, duplicate.AdvertisedBy, duplicate.Attempt + 1, now);
        else AddStable(duplicate.Prefix, duplicate.PreferredUntil, duplicate.ValidUntil, duplicate.AdvertisedBy, duplicate.Attempt + 1, now);
    }

    private void BeginSolicitation(Instant now)
    {
        _solicitationInterval = SolicitationInterval;
        _nextSolicitation = now + _nic.Stack.RandomTime(TimeSpan.Zero, FirstSolicitationWait);
    }

    /// <summary>Asks for routers, ever more seldom, until one answers (RFC 7559).</summary>
    private void Solicit(Instant now)
    {
        _nic.Ndp.SolicitRouters(LinkLocal() is { IsUsable: true } own ? own.Address : default);
        _nextSolicitation = now + _nic.Stack.RandomTime(_solicitationInterval * 0.9, _solicitationInterval * 1.1);
        _solicitationInterval = Shorter(_solicitationInterval * 2, MaxSolicitationInterval);
    }

    /// <summary>Forgets what was not advertised again in time.</summary>
    private void Expire(Instant now)
    {
        for (int i = _routers.Count - 1; i >= 0; i--)
        {
            if (_routers[i].ValidUntil <= now) RemoveRouter(_routers[i].Address);
        }
        _dnsServers.RemoveAll(s => s.ValidUntil <= now);
        _nic.Stack.Routes.RemoveAll(r => r.Interface == _nic && r.Origin == RouteOrigin.RouterAdvertisement && r.ValidUntil <= now);
        UpdateExpiry();
        if (_routers.Count == 0 && _nextSolicitation is null && AcceptsAdvertisements) BeginSolicitation(now);
    }

    private void UpdateExpiry()
    {
        Instant next = Instant.MaxValue;
        foreach (RouterInfo router in _routers) next = Instant.Min(next, router.ValidUntil);
        foreach (DnsServerInfo server in _dnsServers) next = Instant.Min(next, server.ValidUntil);
        foreach (Route route in _nic.Stack.Routes.Routes)
        {
            if (route.Interface == _nic && route.Origin == RouteOrigin.RouterAdvertisement) next = Instant.Min(next, route.ValidUntil);
        }
        _nextExpiry = next == Instant.MaxValue ? null : next;
    }

    private void RemoveRouter(IpAddress router)
    {
        _routers.RemoveAll(r => r.Address == router);
        _nic.Stack.Routes.RemoveAll(r => r.Interface == _nic && r.Origin == RouteOrigin.RouterAdvertisement && r.Gateway == router && r.Destination == IpPrefix.DefaultV6);
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
