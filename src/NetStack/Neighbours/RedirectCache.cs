using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>Better first hops that routers told of (RFC 4861 section 8.3). Bounded: the oldest goes; and one whose target does not
/// answer is forgotten.</summary>
internal sealed class RedirectCache
{
    private const int Capacity = 64;

    private readonly Dictionary<IpAddress, IpAddress> _targets = [];
    private readonly Queue<IpAddress> _order = new();

    internal int Count => _targets.Count;

    /// <summary>The next hop for a destination whose route says <paramref name="nextHop"/>.</summary>
    internal IpAddress Apply(IpAddress destination, IpAddress nextHop) =>
        _targets.Count > 0 && _targets.TryGetValue(destination, out IpAddress target) ? target : nextHop;

    internal void Set(IpAddress destination, IpAddress target)
    {
        if (!_targets.ContainsKey(destination))
        {
            if (_order.Count == Capacity) _targets.Remove(_order.Dequeue());
            _order.Enqueue(destination);
        }
        _targets[destination] = target;
    }

    /// <summary>Forgets what leads to a neighbour that does not answer (RFC 4861 section 7.3.3).</summary>
    internal void RemoveTarget(IpAddress target)
    {
        if (_targets.Count == 0 || !_targets.ContainsValue(target)) return;
        for (int i = _order.Count; i > 0; i--)
        {
            IpAddress destination = _order.Dequeue();
            if (_targets[destination] == target) _targets.Remove(destination);
            else _order.Enqueue(destination);
        }
    }

    internal void Clear()
    {
        _targets.Clear();
        _order.Clear();
    }
}
