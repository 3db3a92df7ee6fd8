using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Multicast;

/// <summary>
/// Groups this host is in: IGMPv3 (RFC 3376) and MLDv2 (RFC 3810) as a host speaks them, with older queriers IGMPv1, IGMPv2
/// (RFC 2236) and MLDv1 (RFC 2710).
/// </summary>
/// <remarks>Thread rule: the stack's thread. Delays are drawn from the seed.</remarks>
public sealed partial class MulticastLayer : ITransport, IStackPart, IGroupMembers
{
    private readonly IpLayer _ip;
    private readonly IIpTables _tables;
    private readonly MulticastOptions _options;
    private readonly Dictionary<(int Interface, IpAddress Group), HostGroup> _byKey = [];
    private readonly List<HostGroup> _groups = [];
    private readonly List<LinkQuerier> _links = [];
    private SeededRandom _random;
    private Instant? _next;
    private bool _isNextKnown;

    internal MulticastLayer(IpLayer ip, IIpTables tables, MulticastOptions options, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Robustness, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Robustness, 7);
        _ip = ip;
        _tables = tables;
        _options = options;
        _random = new SeededRandom(seed);
    }

    /// <summary>What was done.</summary>
    public MulticastCounters Counters { get; } = new();

    /// <inheritdoc/>
    Instant? IStackPart.NextDeadline
    {
        get
        {
            if (!_isNextKnown) _next = FindNext();
            _isNextKnown = true;
            return _next;
        }
    }

    /// <inheritdoc/>
    bool IGroupMembers.IsMember(int nic, IpAddress group) => IsMember(nic, group);

    /// <summary>Whether anybody here is in a group on an interface; every host is in the group of all.</summary>
    internal bool IsMember(int nic, IpAddress group) =>
        group == AddressScope.AllHosts || group == AddressScope.AllNodes || (_byKey.TryGetValue((nic, group), out HostGroup? joined) && joined.IsJoined);

    /// <summary>Whether a member takes datagrams of a group from a source.</summary>
    internal bool Accepts(object owner, int nic, IpAddress group, IpAddress source) =>
        _byKey.TryGetValue((nic, group), out HostGroup? joined) && joined.Accepts(owner, source);

    /// <summary>Joins a group for whoever speaks to it: neighbour discovery, mDNS.</summary>
    /// <param name="owner">The member: each counts once for a group and an interface.</param>
    /// <param name="nic">The interface.</param>
    /// <param name="group">The group.</param>
    /// <param name="now">The present.</param>
    internal GroupResult Join(object owner, int nic, IpAddress group, Instant now) =>
        SetFilter(owner, nic, group, SourceFilterMode.Exclude, default, now);

    /// <summary>Leaves a group.</summary>
    internal GroupResult Leave(object owner, int nic, IpAddress group, Instant now) =>
        SetFilter(owner, nic, group, SourceFilterMode.Include, default, now);

    /// <summary>Sets from whom a member wants a group's datagrams; from nobody ends its membership.</summary>
    internal GroupResult SetFilter(
        object owner, int nic, IpAddress group, SourceFilterMode mode, ReadOnlySpan<IpAddress> sources, Instant now)
    {
        if (!group.IsMulticast) return GroupResult.InvalidGroup;
        if (_tables.InterfaceAt(nic) is not { } link) return GroupResult.InvalidInterface;
        if (sources.Length > _options.MaxSources) return GroupResult.InvalidSources;
        foreach (IpAddress source in sources)
        {
            if (source.IsV4 != group.IsV4 || source.IsNone || source.IsMulticast || source.IsUnspecified) return GroupResult.InvalidSources;
        }
        bool isMember = mode == SourceFilterMode.Exclude || sources.Length > 0;
        if (!_byKey.TryGetValue((nic, group), out HostGroup? joined))
        {
            if (!isMember) return GroupResult.Success;
            if (_groups.Count >= _options.MaxGroups) return GroupResult.TooManyGroups;
            joined = new HostGroup(nic, group);
            _byKey.Add((nic, group), joined);
            _groups.Add(joined);
        }
        bool wasJoined = joined.IsJoined;
        joined.Set(owner, mode, sources, LinkOf(nic, group.IsV6).Robustness, now);
        if (joined.IsJoined != wasJoined) link.SetGroup(group, joined.IsJoined);
        if (!IsReported(joined)) joined.CancelChanges();
        if (joined.IsOver) Remove(joined);
        _isNextKnown = false;
        return GroupResult.Success;
    }

    /// <summary>Ends every membership of a member.</summary>
    internal void LeaveAll(object owner, Instant now)
    {
        for (int i = _groups.Count - 1; i >= 0; i--)
        {
            if (_groups[i].HasMember(owner)) Leave(owner, _groups[i].Interface, _groups[i].Address, now);
        }
    }

    /// <summary>Reports every group of an interface anew: its link came up.</summary>
    internal void OnLinkUp(int nic, Instant now)
    {
        foreach (HostGroup group in _groups)
        {
            if (group.Interface == nic && IsReported(group) && group.IsJoined) group.Restate(LinkOf(nic, group.Address.IsV6).Robustness, now);
        }
        _isNextKnown = false;
    }

    /// <inheritdoc/>
    void IStackPart.OnDeadline(Instant now)
    {
        if (((IStackPart)this).NextDeadline is not { } due || due > now) return;
        foreach (LinkQuerier link in _links)
        {
            if (link.Expire(now)) CancelPending(link);
            if (link.GeneralDue <= now)
            {
                link.GeneralDue = null;
                AnswerGeneral(link, now);
            }
            AnswerGroups(link, now);
            ReportChanges(link, now);
        }
        for (int i = _groups.Count - 1; i >= 0; i--)
        {
            if (_groups[i].IsOver) Remove(_groups[i]);
        }
        _isNextKnown = false;
    }

    /// <inheritdoc/>
    bool IStackPart.TransmitOne(Instant now) => false;

    /// <inheritdoc/>
    void ITransport.OnError(in IcmpErrorReport error, Instant now)
    {
    }

    /// <inheritdoc/>
    bool ITransport.IsExpected(in IcmpErrorReport error) => false;

    /// <inheritdoc/>
    void ITransport.OnAddressRemoved(IpAddress address, Instant now)
    {
    }

    /// <summary>Whether routers are told of a group: not of the group of all, nor of one that stays on this host or its loopback.</summary>
    private bool IsReported(HostGroup group)
    {
        if (group.Address == AddressScope.AllHosts || group.Address == AddressScope.AllNodes) return false;
        if (group.Address.IsV6 && ((int)(group.Address.Value >> 112) & 15) <= 1) return false;
        return _tables.InterfaceAt(group.Interface) is { IsLoopback: false };
    }

    private LinkQuerier LinkOf(int nic, bool isV6)
    {
        foreach (LinkQuerier known in _links)
        {
            if (known.Interface == nic && known.IsV6 == isV6) return known;
        }
        LinkQuerier link = new(nic, isV6, _options.Robustness);
        _links.Add(link);
        return link;
    }

    private void Remove(HostGroup group)
    {
        _byKey.Remove((group.Interface, group.Address));
        _groups.Remove(group);
    }

    private Instant? FindNext()
    {
        Instant? next = null;
        foreach (LinkQuerier link in _links) next = Instant.Earliest(next, link.NextDeadline);
        foreach (HostGroup group in _groups) next = Instant.Earliest(next, Instant.Earliest(group.ChangeDue, group.AnswerDue));
        return next;
    }

    /// <summary>A random moment until a delay is over.</summary>
    private Instant Within(Instant now, TimeSpan most) => now.AddNanoseconds((long)((UInt128)_random.Next() * (ulong)(most.Ticks * 100) >> 64));
}
