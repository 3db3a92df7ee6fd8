using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>What became of a packet that asked for its neighbour's MAC address.</summary>
internal enum Resolution
{
    /// <summary>The address is known.</summary>
    Resolved,

    /// <summary>The packet was taken and waits.</summary>
    Held,

    /// <summary>The neighbour does not answer; the packet was not taken.</summary>
    Unreachable,
}

/// <summary>
/// The neighbours of one interface, IPv4 and IPv6 alike: neighbour unreachability detection of RFC 4861 section 7.3 over ARP or
/// NDP. Bounded: when it is full, the least dear and longest unused entry goes; what neighbours say unasked drives out only what
/// failed or was never used, and addresses being asked for never hold more than a quarter (RFC 6583).
/// </summary>
internal sealed partial class NeighbourTable(NetInterface nic, NeighbourOptions options)
{
    private const int RankOfUnasked = 1;

    private readonly Dictionary<IpAddress, NeighbourEntry> _byAddress = new(options.Capacity);
    private readonly List<NeighbourEntry> _entries = new(options.Capacity);
    private readonly Stack<NeighbourEntry> _free = new();
    private readonly PendingFrames _pending = new(options.PendingPerInterface, options.PendingPerNeighbour);
    private long _uses;
    private int _incomplete;

    /// <summary>When <see cref="OnDeadline"/> is due next; may be earlier than need be, never later.</summary>
    internal Instant? NextDeadline { get; private set; }

    internal int Count => _entries.Count;

    internal int PendingCount => _pending.Count;

    /// <summary>ReachableTime of RFC 4861 section 6.3.2: chosen by chance around the base.</summary>
    internal TimeSpan ReachableTime { get; private set; } = nic.Stack.RandomTime(options.BaseReachableTime * 0.5, options.BaseReachableTime * 1.5);

    /// <summary>Takes another base, as a router advertised it.</summary>
    internal void SetBaseReachableTime(TimeSpan time) => ReachableTime = nic.Stack.RandomTime(time * 0.5, time * 1.5);

    /// <summary>Finds a neighbour's MAC address for a packet, or holds the packet while it is asked for.</summary>
    internal Resolution Resolve(IpAddress address, in TransmitFrame frame, EtherType type, Instant now, out MacAddress mac)
    {
        mac = default;
        if (!_byAddress.TryGetValue(address, out NeighbourEntry? entry))
        {
            entry = Create(address, int.MaxValue);
            if (entry is null) return Resolution.Unreachable;
            Ask(entry, frame, now);
        }
        entry.WasUsed = true;
        entry.LastUse = ++_uses;
        Age(entry, now);
        switch (entry.State)
        {
            case NeighbourState.Failed when now < entry.Deadline: // RFC 1122 section 2.3.2.1: at most one request a second
                return Resolution.Unreachable;
            case NeighbourState.Failed:
                Ask(entry, frame, now);
                break;
            case NeighbourState.Stale:
                Enter(entry, NeighbourState.Delay, now + options.DelayFirstProbeTime);
                break;
            default:
                break;
        }
        if (entry.HasMac)
        {
            mac = entry.Mac;
            return Resolution.Resolved;
        }
        _pending.Add(entry, frame, type, nic.Drops);
        return Resolution.Held;
    }

    /// <summary>A neighbour told its MAC address without being asked: by a request or solicitation of its own, or in a router
    /// advertisement or redirect (RFC 4861 sections 7.2.3, 6.3.4, 8.3; RFC 826).</summary>
    internal void OnUnasked(IpAddress address, MacAddress mac, bool mayCreate, Instant now)
    {
        if (!_byAddress.TryGetValue(address, out NeighbourEntry? entry))
        {
            entry = mayCreate ? Create(address, RankOfUnasked) : null;
            if (entry is null) return;
            entry.Mac = mac;
            Enter(entry, NeighbourState.Stale, Instant.MaxValue);
            return;
        }
        if (entry.State == NeighbourState.Permanent || (entry.HasMac && entry.Mac == mac)) return;
        entry.Mac = mac;
        Enter(entry, NeighbourState.Stale, Instant.MaxValue);
        SendPending(entry, now);
    }

    /// <summary>A neighbour advertisement, or an ARP reply, which counts as one that overrides (RFC 4861 section 7.2.5).</summary>
    /// <param name="address">Whose.</param>
    /// <param name="mac">The MAC address in it, or null.</param>
    /// <param name="isSolicited">Whether it answers a solicitation of ours.</param>
    /// <param name="isOverride">Whether it overrides what is known.</param>
    /// <param name="isRouter">Whether it comes from a router; null where the protocol does not say.</param>
    /// <param name="now">The present.</param>
    internal void OnAdvertisement(IpAddress address, MacAddress? mac, bool isSolicited, bool isOverride, bool? isRouter, Instant now)
    {
        if (!_byAddress.TryGetValue(address, out NeighbourEntry? entry) || entry.State == NeighbourState.Permanent) return;
        Age(entry, now);
        if (!entry.HasMac)
        {
            if (mac is null) return;
            entry.Mac = mac.Value;
            SetReachability(entry, isSolicited, now);
            if (isRouter is { } first) entry.IsRouter = first;
            SendPending(entry, now);
            return;
        }
        bool isOther = mac is { } told && told != entry.Mac;
        if (isOther && !isOverride)
        {
            if (entry.State == NeighbourState.Reachable) Enter(entry, NeighbourState.Stale, Instant.MaxValue);
            return;
        }
        if (isOther) entry.Mac = mac!.Value;
        if (isSolicited) SetReachability(entry, true, now);
        else if (isOther) SetReachability(entry, false, now);
        if (isRouter is not { } router) return;
        bool ceased = entry.IsRouter && !router;
        entry.IsRouter = router;
        if (ceased) nic.Autoconfiguration?.OnRouterCeased(address);
    }

    /// <summary>An upper layer knows that what was sent to the neighbour arrived (RFC 4861 section 7.3.1).</summary>
    internal void ConfirmReachable(IpAddress address, Instant now)
    {
        if (!_byAddress.TryGetValue(address, out NeighbourEntry? entry)) return;
        if (entry.State is NeighbourState.Reachable or NeighbourState.Stale or NeighbourState.Delay or NeighbourState.Probe) SetReachability(entry, true, now);
    }

    /// <summary>Whether a request for an address is out, so that an answer proves something.</summary>
    internal bool IsAsking(IpAddress address) =>
        _byAddress.TryGetValue(address, out NeighbourEntry? entry) && entry.State is NeighbourState.Incomplete or NeighbourState.Probe;

    /// <summary>Marks a neighbour that advertised itself as a router.</summary>
    internal void MarkRouter(IpAddress address)
    {
        if (_byAddress.TryGetValue(address, out NeighbourEntry? entry)) entry.IsRouter = true;
    }

    internal void OnDeadline(Instant now)
    {
        if (NextDeadline is not { } due || due > now) return;
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (i < _entries.Count && _entries[i].Deadline <= now) Step(_entries[i], now);
        }
        Instant next = Instant.MaxValue;
        foreach (NeighbourEntry entry in _entries) next = Instant.Min(next, entry.Deadline);
        NextDeadline = next == Instant.MaxValue ? null : next;
    }

    private void Step(NeighbourEntry entry, Instant now)
    {
        switch (entry.State)
        {
            case NeighbourState.Incomplete when entry.Solicits < options.MaxMulticastSolicit:
                Solicit(entry, isUnicast: false, now);
                break;
            case NeighbourState.Delay:
                Enter(entry, NeighbourState.Probe, now);
                Solicit(entry, isUnicast: true, now);
                break;
            case NeighbourState.Probe when entry.Solicits < options.MaxUnicastSolicit:
                Solicit(entry, isUnicast: true, now);
                break;
            case NeighbourState.Incomplete or NeighbourState.Probe:
                Fail(entry, now);
                break;
            default: // a failed one may be asked for again from now on
                entry.Deadline = Instant.MaxValue;
                break;
        }
    }

    private void Ask(NeighbourEntry entry, in TransmitFrame frame, Instant now)
    {
        if (_incomplete >= options.Capacity / 4) DropOldestIncomplete(now);
        Enter(entry, NeighbourState.Incomplete, now);
        entry.SolicitSource = SourceOf(frame, nic.LinkHeaderLength);
        Solicit(entry, isUnicast: false, now);
    }

    private void Solicit(NeighbourEntry entry, bool isUnicast, Instant now)
    {
        entry.Solicits++;
        SetDeadline(entry, now + nic.RetransTimer);
        if (entry.Address.IsV6) nic.Ndp.Solicit(entry.Address, isUnicast ? entry.Mac : null, entry.SolicitSource);
        else nic.Arp.Request(entry.Address, isUnicast ? entry.Mac : null, entry.SolicitSource);
    }

    /// <summary>The neighbour does not answer: what waits for it cannot be delivered, and routers are looked for elsewhere.</summary>
    private void Fail(NeighbourEntry entry, Instant now)
    {
        Enter(entry, NeighbourState.Failed, now + nic.RetransTimer);
        nic.OnNeighbourReachability(entry.Address, isReachable: false);
        DropPending(entry, now);
    }

    private void SetReachability(NeighbourEntry entry, bool isReachable, Instant now)
    {
        bool wasDoubtful = entry.State != NeighbourState.Reachable;
        Enter(entry, isReachable ? NeighbourState.Reachable : NeighbourState.Stale, Instant.MaxValue);
        if (!isReachable) return;
        entry.ReachableUntil = now + ReachableTime;
        if (wasDoubtful) nic.OnNeighbourReachability(entry.Address, isReachable: true);
    }

    private void Enter(NeighbourEntry entry, NeighbourState state, Instant deadline)
    {
        if (entry.State == NeighbourState.Incomplete) _incomplete--;
        if (state == NeighbourState.Incomplete) _incomplete++;
        entry.State = state;
        entry.Solicits = 0;
        SetDeadline(entry, deadline);
    }

    private void SetDeadline(NeighbourEntry entry, Instant deadline)
    {
        entry.Deadline = deadline;
        if (deadline != Instant.MaxValue) NextDeadline = Instant.Earliest(NextDeadline, deadline);
    }

    /// <summary>Reachability ends by itself; nobody need be woken for that.</summary>
    private void Age(NeighbourEntry entry, Instant now)
    {
        if (entry.State == NeighbourState.Reachable && entry.ReachableUntil <= now) Enter(entry, NeighbourState.Stale, Instant.MaxValue);
    }
}
