using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Neighbours;

/// <remarks>Which entries there are, and the packets they hold.</remarks>
internal sealed partial class NeighbourTable
{
    /// <summary>Sets a neighbour by hand; it is never checked and never goes.</summary>
    internal void SetPermanent(IpAddress address, MacAddress mac, Instant now)
    {
        if (!_byAddress.TryGetValue(address, out NeighbourEntry? entry)) entry = Create(address, int.MaxValue);
        if (entry is null) throw new InvalidOperationException("Every place of the neighbour table holds a permanent entry.");
        entry.Mac = mac;
        Enter(entry, NeighbourState.Permanent, Instant.MaxValue);
        SendPending(entry, now);
    }

    internal bool Remove(IpAddress address, Instant now)
    {
        if (!_byAddress.TryGetValue(address, out NeighbourEntry? entry)) return false;
        Remove(entry, now);
        return true;
    }

    /// <summary>Forgets all that was learnt, when the link goes down.</summary>
    internal void Clear(Instant now)
    {
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (i < _entries.Count && _entries[i].State != NeighbourState.Permanent) Remove(_entries[i], now);
        }
        NextDeadline = null;
    }

    internal NeighbourInfo[] List(Instant now)
    {
        foreach (NeighbourEntry entry in _entries) Age(entry, now);
        return [.. _entries.Select(e => new NeighbourInfo(e.Address, e.HasMac ? e.Mac : default, e.State, e.IsRouter))];
    }

    internal NeighbourState? StateOf(IpAddress address, Instant now)
    {
        if (!_byAddress.TryGetValue(address, out NeighbourEntry? entry)) return null;
        Age(entry, now);
        return entry.State;
    }

    /// <summary>A new entry in no state yet, for which another whose rank is at most <paramref name="highestRank"/> may go.</summary>
    private NeighbourEntry? Create(IpAddress address, int highestRank)
    {
        if (_entries.Count >= options.Capacity && !EvictOne(highestRank))
        {
            nic.Drops.Add(LinkDropReason.NeighbourTableFull);
            return null;
        }
        if (!_free.TryPop(out NeighbourEntry? entry)) entry = new NeighbourEntry();
        entry.Address = address;
        entry.State = NeighbourState.Failed; // until it enters another
        entry.IsRouter = false;
        entry.WasUsed = false;
        entry.LastUse = ++_uses;
        entry.Deadline = Instant.MaxValue;
        _entries.Add(entry);
        _byAddress.Add(address, entry);
        return entry;
    }

    private bool EvictOne(int highestRank)
    {
        NeighbourEntry? victim = null;
        foreach (NeighbourEntry entry in _entries)
        {
            int rank = entry.Rank;
            if (rank > highestRank || rank == int.MaxValue) continue;
            if (victim is null || rank < victim.Rank || (rank == victim.Rank && entry.LastUse < victim.LastUse)) victim = entry;
        }
        if (victim is null) return false;
        Evict(victim);
        return true;
    }

    /// <summary>Drops what an entry holds without a word, and the entry.</summary>
    private void Evict(NeighbourEntry entry)
    {
        while (_pending.TryTake(entry, out TransmitFrame frame, out _))
        {
            frame.Body.Release();
            nic.Drops.Add(LinkDropReason.NeighbourTableFull);
        }
        Forget(entry);
    }

    /// <summary>Asking for too many addresses at once: the one asked for longest makes room.</summary>
    private void DropOldestIncomplete(Instant now)
    {
        NeighbourEntry? oldest = null;
        foreach (NeighbourEntry entry in _entries)
        {
            if (entry.State == NeighbourState.Incomplete && (oldest is null || entry.LastUse < oldest.LastUse)) oldest = entry;
        }
        if (oldest is null) return;
        Enter(oldest, NeighbourState.Failed, now);
        while (_pending.TryTake(oldest, out TransmitFrame frame, out _))
        {
            frame.Body.Release();
            nic.Drops.Add(LinkDropReason.NeighbourTableFull);
        }
    }

    private void Remove(NeighbourEntry entry, Instant now)
    {
        Enter(entry, NeighbourState.Failed, now + nic.RetransTimer); // so that nothing that hears of it asks again at once
        IpAddress address = entry.Address;
        DropPending(entry, now);
        if (_byAddress.TryGetValue(address, out NeighbourEntry? still)) Forget(still);
    }

    private void Forget(NeighbourEntry entry)
    {
        if (entry.State == NeighbourState.Incomplete) _incomplete--;
        entry.State = NeighbourState.Failed;
        _byAddress.Remove(entry.Address);
        _entries.Remove(entry);
        _free.Push(entry);
    }

    private void SendPending(NeighbourEntry entry, Instant now)
    {
        MacAddress mac = entry.Mac;
        if (entry.PendingCount > 0 && entry.State == NeighbourState.Stale) Enter(entry, NeighbourState.Delay, now + options.DelayFirstProbeTime);
        while (_pending.TryTake(entry, out TransmitFrame frame, out EtherType type)) nic.Enqueue(mac, ref frame, type);
    }

    /// <summary>Tells the senders of what an entry holds that the destination cannot be reached.</summary>
    private void DropPending(NeighbourEntry entry, Instant now)
    {
        IpAddress address = entry.Address; // an ICMP error may drive the entry out and put another in its place
        for (int i = entry.PendingCount; i > 0 && entry.Address == address && _pending.TryTake(entry, out TransmitFrame frame, out EtherType type); i--)
        {
            nic.Drops.Add(LinkDropReason.NeighbourUnreachable);
            nic.Stack.OnUnresolved(nic, ref frame, type, now);
        }
    }

    /// <summary>The IP source of a frame of ours, from its private headers.</summary>
    private static IpAddress SourceOf(in TransmitFrame frame, int at)
    {
        ReadOnlySpan<byte> ip = frame.Headers.Bytes[at..];
        if (Ipv4View.TryRead(ip, out Ipv4View v4) && v4.Version == 4) return v4.Source;
        return Ipv6View.TryRead(ip, out Ipv6View v6) && v6.Version == 6 ? v6.Source : default;
    }
}
