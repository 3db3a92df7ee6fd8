using NetStack.Wire;

namespace NetStack.Multicast;

/// <summary>A small set of addresses.</summary>
internal sealed class SourceSet
{
    private readonly List<IpAddress> _items = [];

    internal int Count => _items.Count;

    internal IpAddress this[int index] => _items[index];

    internal bool Contains(IpAddress address) => _items.Contains(address);

    internal void Add(IpAddress address)
    {
        if (!_items.Contains(address)) _items.Add(address);
    }

    internal void Remove(IpAddress address) => _items.Remove(address);

    internal void Clear() => _items.Clear();

    internal void Set(SourceSet other)
    {
        _items.Clear();
        _items.AddRange(other._items);
    }

    /// <summary>Keeps what another set, or a list, has too.</summary>
    internal void IntersectWith(IpAddress[] other) => _items.RemoveAll(a => Array.IndexOf(other, a) < 0);
}
