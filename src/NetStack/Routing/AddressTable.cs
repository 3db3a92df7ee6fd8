using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>The addresses of one interface: their lifetimes, and what must happen when they come and go.</summary>
internal sealed class AddressTable(NetInterface nic)
{
    private readonly List<InterfaceAddress> _addresses = [];

    internal IReadOnlyList<InterfaceAddress> List => _addresses;

    /// <summary>When <see cref="OnDeadline"/> is due next.</summary>
    internal Instant? NextDeadline { get; private set; }

    public List<InterfaceAddress>.Enumerator GetEnumerator() => _addresses.GetEnumerator();

    internal InterfaceAddress? Find(IpAddress address)
    {
        foreach (InterfaceAddress candidate in _addresses)
        {
            if (candidate.Address == address) return candidate;
        }
        return null;
    }

    /// <summary>Takes an address in and begins to detect duplicates, or to announce it.</summary>
    internal void Add(InterfaceAddress added, bool detect, Instant now)
    {
        _addresses.Add(added);
        nic.Stack.OnAddressAdded(added);
        if (added.Address.IsV6 && nic.HasNeighbours) nic.JoinGroup(AddressScope.SolicitedNode(added.Address), now);
        if (added.HasPrefixRoute)
            nic.Stack.Routes.Add(new Route(added.Prefix) { Interface = nic, Origin = RouteOrigin.Connected, ValidUntil = added.ValidUntil });
        added.State = detect ? AddressState.Tentative : AddressState.Preferred;
        if (nic.HasNeighbours) added.Detection.Start(added, now);
        UpdateDeadline();
        if (!detect) nic.OnAddressChanged(added, now);
    }

    /// <summary>Takes an address away; what is bound to it ends.</summary>
    internal void Remove(InterfaceAddress removed, Instant now)
    {
        if (!_addresses.Remove(removed)) return;
        if (removed.Address.IsV6 && nic.HasNeighbours) nic.LeaveGroup(AddressScope.SolicitedNode(removed.Address), now);
        if (removed.HasPrefixRoute && !SharesPrefixRoute(removed))
            nic.Stack.Routes.RemoveAll(r => r.Origin == RouteOrigin.Connected && r.Interface == nic && r.Destination == removed.Prefix);
        bool wasUsable = removed.IsUsable;
        removed.State = AddressState.Removed;
        UpdateDeadline();
        nic.Stack.OnAddressRemoved(removed, wasUsable, now);
        nic.OnAddressChanged(removed, now);
    }

    /// <summary>Begins detection anew for every address, when the link came back (RFC 4862 section 5.4, RFC 5227 section 2.1).</summary>
    internal void RestartDetection(Instant now)
    {
        foreach (InterfaceAddress address in _addresses)
        {
            if (address.State == AddressState.Tentative || address.IsUsable) address.Detection.Start(address, now);
        }
        UpdateDeadline();
    }

    internal void StopDetection()
    {
        foreach (InterfaceAddress address in _addresses) address.Detection.Stop();
        UpdateDeadline();
    }

    /// <summary>Another host uses one of the addresses.</summary>
    internal void OnConflict(InterfaceAddress address, Instant now)
    {
        nic.AddressConflicts++;
        bool wasUsable = address.IsUsable;
        if (address.Detection.IsLost(address, now))
        {
            address.Detection.Stop();
            address.State = AddressState.Duplicate;
            if (wasUsable) nic.Stack.OnAddressUnusable(address.Address, now);
            nic.OnAddressChanged(address, now);
        }
        UpdateDeadline();
    }

    internal void OnDeadline(Instant now)
    {
        if (NextDeadline is not { } due || due > now) return;
        for (int i = _addresses.Count - 1; i >= 0; i--)
        {
            if (i >= _addresses.Count) continue; // what the last one set off took addresses away
            InterfaceAddress address = _addresses[i];
            if (address.ValidUntil <= now)
            {
                Remove(address, now);
                continue;
            }
            if (address.PreferredUntil <= now && address.State == AddressState.Preferred) SetState(address, AddressState.Deprecated, now);
            if (address.Detection.OnDeadline(address, now)) SetState(address, address.PreferredUntil <= now ? AddressState.Deprecated : AddressState.Preferred, now);
        }
        UpdateDeadline();
    }

    /// <summary>Takes new lifetimes, as a router advertised them.</summary>
    internal void SetLifetimes(InterfaceAddress address, Instant preferredUntil, Instant validUntil, Instant now)
    {
        address.PreferredUntil = preferredUntil;
        address.ValidUntil = validUntil;
        if (address.State == AddressState.Deprecated && preferredUntil > now) SetState(address, AddressState.Preferred, now);
        else if (address.State == AddressState.Preferred && preferredUntil <= now) SetState(address, AddressState.Deprecated, now);
        UpdateDeadline();
    }

    private void SetState(InterfaceAddress address, AddressState state, Instant now)
    {
        address.State = state;
        nic.OnAddressChanged(address, now);
    }

    private bool SharesPrefixRoute(InterfaceAddress removed)
    {
        foreach (InterfaceAddress address in _addresses)
        {
            if (address.HasPrefixRoute && address.Prefix == removed.Prefix) return true;
        }
        return false;
    }

    private void UpdateDeadline()
    {
        Instant? next = null;
        foreach (InterfaceAddress address in _addresses)
        {
            if (address.ValidUntil < Instant.MaxValue) next = Instant.Earliest(next, address.ValidUntil);
            if (address.PreferredUntil < Instant.MaxValue && address.State == AddressState.Preferred) next = Instant.Earliest(next, address.PreferredUntil);
            next = Instant.Earliest(next, address.Detection.Deadline);
        }
        NextDeadline = next;
    }
}
