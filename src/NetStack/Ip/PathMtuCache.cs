using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>What was learnt of the path to a destination.</summary>
/// <param name="Mtu">The largest packet that passes, in bytes.</param>
/// <param name="IsFloor">Whether the path takes less than we go down to: an IPv4 packet must be open to fragmentation then.</param>
internal readonly record struct PathMtu(int Mtu, bool IsFloor);

/// <summary>
/// Path MTUs below those of the interfaces, by destination (RFC 1191, RFC 8201). An entry ends after its lifetime, so that a path
/// that grew is found out; a message that lowers it begins the lifetime anew.
/// </summary>
internal sealed class PathMtuCache(int capacity, TimeSpan lifetime)
{
    /// <summary>The least path MTU that is believed of an IPv4 path, in bytes: lower ones would cost more than they are worth to
    /// whoever forges them.</summary>
    internal const int FloorV4 = 552;

    /// <summary>The least path MTU of an IPv6 path, in bytes (RFC 8201 section 4).</summary>
    internal const int FloorV6 = 1280;

    private readonly Dictionary<IpAddress, Entry> _entries = [];
    private readonly Stack<Entry> _free = new();
    private Entry? _oldest;
    private Entry? _newest;

    /// <summary>Destinations that are known.</summary>
    internal int Count => _entries.Count;

    /// <summary>When the oldest entry ends.</summary>
    internal Instant? NextDeadline => _oldest?.Ends;

    /// <summary>What is known of a destination.</summary>
    internal bool TryGet(IpAddress destination, out PathMtu known)
    {
        known = default;
        if (_entries.Count == 0 || !_entries.TryGetValue(destination, out Entry? entry)) return false;
        known = entry.Known;
        return true;
    }

    /// <summary>Learns that packets above <paramref name="mtu"/> bytes do not pass. A value that is no lower than what is known
    /// changes nothing; nor does one that no IPv6 link may have.</summary>
    /// <returns>The path MTU from now on; <paramref name="current"/> where nothing changed.</returns>
    internal int Lower(IpAddress destination, int mtu, int current, Instant now)
    {
        if (destination.IsV6 && mtu < FloorV6) return current;
        PathMtu next = new(Math.Max(mtu, Math.Min(FloorV4, current)), mtu < FloorV4);
        bool isKnown = _entries.TryGetValue(destination, out Entry? entry);
        if (next.Mtu > current || (next.Mtu == current && (!next.IsFloor || (isKnown && entry!.Known.IsFloor)))) return current;
        if (isKnown)
        {
            Unlink(entry!);
        }
        else
        {
            if (_entries.Count >= capacity) Remove(_oldest!);
            entry = _free.TryPop(out Entry? free) ? free : new Entry();
            entry.Destination = destination;
            _entries.Add(destination, entry);
        }
        entry!.Known = next;
        entry.Ends = now + lifetime;
        Link(entry);
        return next.Mtu;
    }

    /// <summary>Forgets entries whose lifetime is over.</summary>
    internal void Expire(Instant now)
    {
        while (_oldest is { } entry && entry.Ends <= now) Remove(entry);
    }

    private void Remove(Entry entry)
    {
        Unlink(entry);
        _entries.Remove(entry.Destination);
        _free.Push(entry);
    }

    private void Link(Entry entry)
    {
        entry.Older = _newest;
        entry.Newer = null;
        if (_newest is null) _oldest = entry;
        else _newest.Newer = entry;
        _newest = entry;
    }

    private void Unlink(Entry entry)
    {
        if (entry.Older is null) _oldest = entry.Newer;
        else entry.Older.Newer = entry.Newer;
        if (entry.Newer is null) _newest = entry.Older;
        else entry.Newer.Older = entry.Older;
    }

    private sealed class Entry
    {
        internal IpAddress Destination;
        internal PathMtu Known;
        internal Instant Ends;
        internal Entry? Older;
        internal Entry? Newer;
    }
}
