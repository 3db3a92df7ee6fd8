namespace NetStack.Dns;

/// <summary>What servers said, for as long as they said it holds; the one that was not used for longest goes first.</summary>
internal sealed class DnsCache(int capacity)
{
    private readonly Dictionary<DnsKey, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _byUse = new(); // the last used last

    internal int Count => _entries.Count;

    internal bool TryGet(DnsKey key, Instant now, out DnsOutcome outcome)
    {
        outcome = default;
        if (!_entries.TryGetValue(key, out LinkedListNode<Entry>? node)) return false;
        _byUse.Remove(node);
        if (node.Value.ExpiresAt <= now)
        {
            _entries.Remove(key);
            return false;
        }
        _byUse.AddLast(node);
        outcome = node.Value.Outcome;
        return true;
    }

    internal void Add(DnsKey key, DnsOutcome outcome, TimeSpan timeToLive, Instant now)
    {
        if (capacity == 0 || timeToLive <= TimeSpan.Zero) return;
        if (_entries.Remove(key, out LinkedListNode<Entry>? old)) _byUse.Remove(old);
        if (_entries.Count == capacity)
        {
            _entries.Remove(_byUse.First!.Value.Key);
            _byUse.RemoveFirst();
        }
        _entries.Add(key, _byUse.AddLast(new Entry(key, outcome, now + timeToLive)));
    }

    internal void Clear()
    {
        _entries.Clear();
        _byUse.Clear();
    }

    private readonly record struct Entry(DnsKey Key, DnsOutcome Outcome, Instant ExpiresAt);
}
