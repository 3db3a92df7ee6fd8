using NetStack.Wire;

namespace NetStack;

/// <remarks>
/// Which addresses are ours and how packets leave. The host model is weak (RFC 1122 section 3.3.4.2): a packet for any usable
/// address of ours is taken on whatever interface it comes in, link-local IPv6 and loopback addresses excepted; and a socket may
/// send from any. Who wants the strong model binds to an interface, which restricts routes and sources to it.
/// </remarks>
public sealed partial class NetworkStack
{
    /// <summary>The routes.</summary>
    public RouteTable Routes { get; } = new();

    /// <summary>Orders destinations by RFC 6724 section 6, the best first, for whoever must try one after another.</summary>
    public void OrderDestinations(Span<IpAddress> destinations) => DestinationOrder.Sort(this, destinations);

    /// <summary>The way to a destination.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="source">An address of ours that must be the source; none to choose one, unspecified to send without one.</param>
    /// <param name="bound">The interface to leave by; null for any.</param>
    /// <param name="decision">The way, where there is one.</param>
    internal RouteOutcome FindRoute(IpAddress destination, IpAddress source, NetInterface? bound, out RouteDecision decision)
    {
        decision = default;
        if (IsDeliveredHere(destination, bound))
        {
            decision = new RouteDecision(Loopback, destination, source.IsNone ? destination : source);
            return source.IsNone || source.IsUnspecified || FindLocal(source) is not null || AddressScope.IsLoopback(source) ? RouteOutcome.Found : RouteOutcome.NoSource;
        }
        NetInterface? nic;
        IpAddress nextHop = destination;
        IpAddress preferred = default;
        if (NeedsInterface(destination))
        {
            nic = bound ?? InterfaceOf(source) ?? DefaultInterface(destination);
            if (nic is null || !nic.IsUp) return RouteOutcome.Unreachable;
        }
        else
        {
            Route? route = Routes.Lookup(destination, bound);
            RouteOutcome outcome = OutcomeOf(route);
            if (outcome != RouteOutcome.Found) return outcome;
            nic = route!.Interface!;
            nextHop = nic.Redirects.Apply(destination, route.Gateway.IsNone ? destination : route.Gateway);
            preferred = route.PreferredSource;
        }
        if (source.IsNone) source = UsablePreferred(preferred) ? preferred : SourceSelection.Select(nic, destination, nextHop, PrefersTemporary(nic));
        else if (!source.IsUnspecified && FindLocal(source, nic) is null) source = default;
        decision = new RouteDecision(nic, nextHop, source);
        return source.IsNone ? RouteOutcome.NoSource : RouteOutcome.Found;
    }

    /// <summary>The usable address of ours that a value is, on any interface; null when it is none.</summary>
    internal InterfaceAddress? FindLocal(IpAddress address) => FindLocal(address, null);

    /// <summary>As above; a link-local IPv6 address must be one of <paramref name="nic"/>, unless that is null.</summary>
    internal InterfaceAddress? FindLocal(IpAddress address, NetInterface? nic)
    {
        if ((_localBits & BitOf(address)) == 0) return null;
        if (nic?.AddressTable.Find(address) is { IsUsable: true } own) return own;
        bool isScoped = nic is not null && !nic.IsLoopback && address.IsV6 && address.IsLinkLocal;
        if (isScoped || !_local.TryGetValue(address, out InterfaceAddress? found)) return null;
        return found.IsUsable ? found : FindOther(address);
    }

    private static ulong BitOf(IpAddress address) => 1UL << (int)((ulong)address.Value & 63);

    /// <summary>Whether packets to an address go to ourselves.</summary>
    private bool IsDeliveredHere(IpAddress destination, NetInterface? bound)
    {
        if (AddressScope.IsLoopback(destination)) return true;
        return FindLocal(destination, bound) is not null;
    }

    /// <summary>Destinations that routes say nothing of: groups, 255.255.255.255, and link-local IPv6.</summary>
    private static bool NeedsInterface(IpAddress destination) =>
        destination.IsMulticast || destination.IsLimitedBroadcast || (destination.IsV6 && AddressScope.IsLinkLocal(destination));

    private static RouteOutcome OutcomeOf(Route? route) => route?.Kind switch
    {
        RouteKind.Unicast => RouteOutcome.Found,
        RouteKind.Blackhole => RouteOutcome.Blackhole,
        RouteKind.Prohibit => RouteOutcome.Prohibited,
        _ => RouteOutcome.Unreachable,
    };

    private NetInterface? InterfaceOf(IpAddress source) =>
        source.IsNone || source.IsUnspecified ? null : FindLocal(source) is { Interface.IsLoopback: false } local ? local.Interface : null;

    /// <summary>Where groups go when nobody says: by a route of that name, or the default one, or the first interface that is up.</summary>
    private NetInterface? DefaultInterface(IpAddress destination)
    {
        if (Routes.Lookup(destination) is { Interface: { } nic }) return nic;
        foreach (NetInterface candidate in _interfaces)
        {
            if (!candidate.IsLoopback && candidate.IsUp) return candidate;
        }
        return AddressScope.IsLinkLocal(destination) ? null : Loopback;
    }

    private bool UsablePreferred(IpAddress preferred) => !preferred.IsNone && FindLocal(preferred) is not null;

    private static bool PrefersTemporary(NetInterface nic) => nic.Options.Ipv6.TemporaryAddresses;

    /// <summary>An address that two interfaces have is listed under one; the other is found here.</summary>
    private InterfaceAddress? FindOther(IpAddress address)
    {
        foreach (NetInterface nic in _interfaces)
        {
            if (nic.AddressTable.Find(address) is { IsUsable: true } found) return found;
        }
        return null;
    }
}
