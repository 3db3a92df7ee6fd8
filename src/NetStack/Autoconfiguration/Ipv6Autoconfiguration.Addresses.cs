using NetStack.Wire;

namespace NetStack.Autoconfiguration;

/// <remarks>Addresses from advertised prefixes: stable ones (RFC 4862 section 5.5.3, RFC 7217) and temporary ones (RFC 8981).</remarks>
public sealed partial class Ipv6Autoconfiguration
{
    private static readonly TimeSpan TemporaryValidLifetime = TimeSpan.FromDays(2); // RFC 8981 section 3.8
    private static readonly TimeSpan TemporaryPreferredLifetime = TimeSpan.FromDays(1);

    private TimeSpan _baseReachable;
    private Instant? _nextSuccession;

    /// <summary>How long before its end a temporary address gets a successor: REGEN_ADVANCE of RFC 8981 section 3.8.</summary>
    private TimeSpan RegenerateAdvance =>
        TimeSpan.FromSeconds(2) + IdentifierRetries * _nic.Options.Ipv6.DuplicateAddressDetectTransmits * _nic.RetransTimer;

    private bool TakeAutonomous(IpPrefix prefix, IpAddress router, uint preferredSeconds, uint validSeconds, Instant now)
    {
        Instant preferredUntil = Until(preferredSeconds, now);
        Instant validUntil = Until(validSeconds, now);
        bool isKnown = false;
        int count = 0;
        for (int i = 0; i < _nic.AddressTable.List.Count; i++)
        {
            InterfaceAddress address = _nic.AddressTable.List[i];
            if (address.Origin is not (AddressOrigin.Autoconfigured or AddressOrigin.Temporary)) continue;
            count++;
            if (address.Prefix != prefix) continue;
            address.AdvertisedBy = router;
            if (address.Origin == AddressOrigin.Temporary)
            {
                RefreshTemporary(address, preferredUntil, validUntil, now);
                continue;
            }
            isKnown = true;
            _nic.AddressTable.SetLifetimes(address, preferredUntil, ValidUntilOf(address, validSeconds, validUntil, now), now);
        }
        if (isKnown || validSeconds == 0) return true;
        if (count + (_nic.Options.Ipv6.TemporaryAddresses ? 2 : 1) > MaxAddresses) return false;
        AddStable(prefix, preferredUntil, validUntil, router, 0, now);
        if (_nic.Options.Ipv6.TemporaryAddresses) AddFirstTemporary(prefix, preferredUntil, validUntil, router, now);
        return true;
    }

    /// <summary>RFC 4862 section 5.5.3 e: an unauthenticated advertisement cannot cut what is left below two hours.</summary>
    private static Instant ValidUntilOf(InterfaceAddress address, uint validSeconds, Instant advertised, Instant now)
    {
        if (advertised > address.ValidUntil || validSeconds > TwoHours.TotalSeconds) return advertised;
        Instant floor = now + TwoHours;
        return address.ValidUntil <= floor ? address.ValidUntil : floor;
    }

    private void AddStable(IpPrefix prefix, Instant preferredUntil, Instant validUntil, IpAddress router, int attempt, Instant now)
    {
        IpAddress made = InterfaceIdentifier.Combine(prefix, InterfaceIdentifier.FromMac(_nic.Mac));
        if (_nic.Options.Ipv6.StablePrivacy) (made, attempt) = StableAddress(prefix, attempt);
        Add(new InterfaceAddress(_nic, made, prefix.Length, AddressOrigin.Autoconfigured)
        {
            PreferredUntil = preferredUntil,
            ValidUntil = validUntil,
            AdvertisedBy = router,
            Attempt = attempt,
        }, now);
    }

    /// <summary>A temporary address whose ends no advertisement can move past: RFC 8981 sections 3.4 and 3.5.</summary>
    private void AddFirstTemporary(IpPrefix prefix, Instant preferredUntil, Instant validUntil, IpAddress router, Instant now)
    {
        TimeSpan desync = _nic.Stack.RandomTime(TimeSpan.Zero, TemporaryPreferredLifetime * 0.4); // MAX_DESYNC_FACTOR
        Instant preferredLimit = now + (TemporaryPreferredLifetime - desync);
        if (Instant.Min(preferredUntil, preferredLimit) <= now + RegenerateAdvance) return; // it would be replaced at once
        AddTemporary(prefix, (preferredUntil, validUntil), (preferredLimit, now + TemporaryValidLifetime), router, 0, now);
    }

    private void AddTemporary(IpPrefix prefix, (Instant Preferred, Instant Valid) until, (Instant Preferred, Instant Valid) limit, IpAddress router, int attempt, Instant now)
    {
        ulong identifier = _nic.Stack.RandomBits();
        while (InterfaceIdentifier.IsReserved(identifier)) identifier = _nic.Stack.RandomBits();
        Add(new InterfaceAddress(_nic, InterfaceIdentifier.Combine(prefix, identifier), prefix.Length, AddressOrigin.Temporary)
        {
            PreferredUntil = Instant.Min(until.Preferred, limit.Preferred),
            ValidUntil = Instant.Min(until.Valid, limit.Valid),
            Limit = limit,
            AdvertisedBy = router,
            Attempt = attempt,
        }, now);
        UpdateSuccession();
    }

    private void Add(InterfaceAddress made, Instant now)
    {
        if (_nic.AddressTable.Find(made.Address) is null) _nic.AddressTable.Add(made, Detects, now); // it may have been added by hand
    }

    private void RefreshTemporary(InterfaceAddress address, Instant preferredUntil, Instant validUntil, Instant now)
    {
        Instant preferred = address.IsSucceeded ? Instant.Min(preferredUntil, address.PreferredUntil) : Instant.Min(preferredUntil, address.Limit.Preferred);
        _nic.AddressTable.SetLifetimes(address, preferred, Instant.Min(validUntil, address.Limit.Valid), now);
        UpdateSuccession();
    }

    /// <summary>Makes the successors that are due (RFC 8981 section 3.4).</summary>
    private void SucceedTemporary(Instant now)
    {
        for (int i = _nic.AddressTable.List.Count - 1; i >= 0; i--)
        {
            InterfaceAddress address = _nic.AddressTable.List[i];
            if (!NeedsSuccessor(address) || address.PreferredUntil > now + RegenerateAdvance) continue;
            address.IsSucceeded = true;
            InterfaceAddress? stable = StableOf(address.Prefix);
            if (stable is not null && stable.PreferredUntil > now) AddFirstTemporary(address.Prefix, stable.PreferredUntil, stable.ValidUntil, address.AdvertisedBy, now);
        }
        UpdateSuccession();
    }

    private InterfaceAddress? StableOf(IpPrefix prefix)
    {
        foreach (InterfaceAddress address in _nic.AddressTable)
        {
            if (address.Origin == AddressOrigin.Autoconfigured && address.Prefix == prefix) return address;
        }
        return null;
    }

    private void UpdateSuccession()
    {
        _nextSuccession = null;
        foreach (InterfaceAddress address in _nic.AddressTable)
        {
            if (NeedsSuccessor(address)) _nextSuccession = Instant.Earliest(_nextSuccession, address.PreferredUntil + -RegenerateAdvance);
        }
    }

    private static bool NeedsSuccessor(InterfaceAddress address) =>
        address is { Origin: AddressOrigin.Temporary, IsSucceeded: false, State: AddressState.Preferred or AddressState.Tentative };
}
