using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>
/// The routes of both families: the longest prefix wins, then the lowest metric, then a gateway that answers, then the oldest.
/// </summary>
/// <remarks>Thread rule of <see cref="NetworkStack"/>. Changing it costs a sort; a lookup costs a binary search and allocates nothing.</remarks>
public sealed class RouteTable
{
    private readonly List<Route> _routes = [];
    private readonly PrefixIndex _v4 = new();
    private readonly PrefixIndex _v6 = new();
    private long _sequence;

    /// <summary>All routes, in the order in which they are searched for a match within one prefix.</summary>
    public IReadOnlyList<Route> Routes => _routes;

    /// <summary>Adds a route. The same destination, metric, gateway and interface replace what was there.</summary>
    /// <exception cref="ArgumentException">A unicast route without an interface, another with one, or a gateway of another family.</exception>
    public void Add(Route route)
    {
        ArgumentNullException.ThrowIfNull(route);
        if (route.Kind == RouteKind.Unicast != route.Interface is not null) throw new ArgumentException("Exactly unicast routes have an interface.", nameof(route));
        if (!route.Gateway.IsNone && route.Gateway.IsV4 != route.Destination.Network.IsV4) throw new ArgumentException("The gateway is of another family.", nameof(route));
        _routes.RemoveAll(r => r.Destination == route.Destination && r.Metric == route.Metric && r.Gateway == route.Gateway && r.Interface == route.Interface);
        route.Sequence = ++_sequence;
        _routes.Add(route);
        Index();
    }

    /// <summary>Removes a route.</summary>
    /// <returns>False when it was not there.</returns>
    public bool Remove(Route route)
    {
        bool removed = _routes.Remove(route);
        if (removed) Index();
        return removed;
    }

    /// <summary>Removes every route that a condition holds for.</summary>
    internal void RemoveAll(Predicate<Route> condition)
    {
        if (_routes.RemoveAll(condition) > 0) Index();
    }

    /// <summary>The route for a destination.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="bound">The interface the packets must leave by; null for any.</param>
    /// <returns>Null when there is none.</returns>
    public Route? Lookup(IpAddress destination, NetInterface? bound = null) =>
        destination.IsNone ? null : (destination.IsV4 ? _v4 : _v6).Lookup(_routes, destination.Value, destination.Size * 8, bound);

    /// <summary>Notes whether a gateway answers.</summary>
    internal void SetGatewaySuspect(NetInterface nic, IpAddress gateway, bool isSuspect)
    {
        foreach (Route route in _routes)
        {
            if (route.Gateway == gateway && route.Interface == nic) route.IsGatewaySuspect = isSuspect;
        }
    }

    private void Index()
    {
        _routes.Sort(static (a, b) =>
        {
            int order = a.Destination.Network.Size - b.Destination.Network.Size;
            if (order == 0) order = a.Destination.Network.Value.CompareTo(b.Destination.Network.Value);
            if (order == 0) order = a.Destination.Length - b.Destination.Length;
            if (order == 0) order = a.Metric.CompareTo(b.Metric);
            return order != 0 ? order : a.Sequence.CompareTo(b.Sequence);
        });
        int firstV6 = _routes.FindIndex(r => r.Destination.Network.IsV6);
        if (firstV6 < 0) firstV6 = _routes.Count;
        _v4.Build(_routes, 0, firstV6);
        _v6.Build(_routes, firstV6, _routes.Count);
    }

    /// <summary>
    /// The distinct prefixes of one family, sorted by first address and then by length, each with the prefix that encloses it. The
    /// last one that begins at or before an address either holds it or lies, as that one does, in every prefix that does.
    /// </summary>
    private sealed class PrefixIndex
    {
        private readonly List<Group> _groups = [];

        internal void Build(List<Route> routes, int start, int end)
        {
            _groups.Clear();
            for (int i = start; i < end;)
            {
                IpPrefix prefix = routes[i].Destination;
                int first = i;
                while (i < end && routes[i].Destination == prefix) i++;
                int parent = _groups.Count - 1;
                while (parent >= 0 && !Holds(_groups[parent], prefix.Network.Value, prefix.Network.Size * 8)) parent = _groups[parent].Parent;
                _groups.Add(new Group(prefix.Network.Value, prefix.Length, parent, first, i));
            }
        }

        internal Route? Lookup(List<Route> routes, UInt128 address, int bits, NetInterface? bound)
        {
            int low = 0;
            for (int high = _groups.Count; low < high;)
            {
                int middle = (low + high) / 2;
                if (_groups[middle].Network <= address) low = middle + 1;
                else high = middle;
            }
            for (int at = low - 1; at >= 0; at = _groups[at].Parent)
            {
                if (Holds(_groups[at], address, bits) && Best(routes, _groups[at], bound) is { } route) return route;
            }
            return null;
        }

        private static Route? Best(List<Route> routes, in Group group, NetInterface? bound)
        {
            Route? best = null;
            for (int i = group.First; i < group.End; i++)
            {
                Route route = routes[i];
                if (!route.IsUsable || (bound is not null && route.Interface is not null && route.Interface != bound)) continue;
                if (best is not null && route.Metric > best.Metric) break;
                best ??= route;
                if (!route.IsGatewaySuspect) return route;
            }
            return best;
        }

        private static bool Holds(in Group group, UInt128 address, int bits) =>
            group.Length == 0 || (address ^ group.Network) >> (bits - group.Length) == 0;

        private readonly record struct Group(UInt128 Network, int Length, int Parent, int First, int End);
    }
}
