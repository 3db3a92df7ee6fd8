using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>What happens to packets that match a route.</summary>
public enum RouteKind
{
    /// <summary>They leave by an interface, to the destination itself or to a gateway.</summary>
    Unicast,

    /// <summary>They vanish without a word.</summary>
    Blackhole,

    /// <summary>They are refused as host unreachable.</summary>
    Unreachable,

    /// <summary>They are refused as administratively prohibited.</summary>
    Prohibit,
}

/// <summary>Who put a route there.</summary>
public enum RouteOrigin
{
    /// <summary>The stack's owner.</summary>
    Static,

    /// <summary>It came with an address: the prefix is on-link.</summary>
    Connected,

    /// <summary>A router advertisement (RFC 4861 section 6.3).</summary>
    RouterAdvertisement,

    /// <summary>A DHCP server (RFC 2131, RFC 3442).</summary>
    Dhcp,
}

/// <summary>A route. What it says does not change; to change it, replace it.</summary>
/// <param name="destination">What it is for.</param>
/// <param name="kind">What happens.</param>
public sealed class Route(IpPrefix destination, RouteKind kind = RouteKind.Unicast)
{
    /// <summary>What it is for.</summary>
    public IpPrefix Destination { get; } = destination;

    /// <summary>What happens to packets that match.</summary>
    public RouteKind Kind { get; } = kind;

    /// <summary>The interface they leave by; null unless the kind is <see cref="RouteKind.Unicast"/>.</summary>
    public NetInterface? Interface { get; init; }

    /// <summary>The router they go to, which must be on-link; none where the destinations are on-link themselves.</summary>
    public IpAddress Gateway { get; init; }

    /// <summary>Among routes to the same prefix the one with the lowest metric is taken.</summary>
    public int Metric { get; init; }

    /// <summary>The source address that packets by this route get unless they have one; none leaves it to RFC 6724.</summary>
    public IpAddress PreferredSource { get; init; }

    /// <summary>Who put it there.</summary>
    public RouteOrigin Origin { get; init; }

    /// <summary>When it expires; <see cref="Instant.MaxValue"/> for never.</summary>
    public Instant ValidUntil { get; internal set; } = Instant.MaxValue;

    /// <summary>Whether it can be taken now: its interface is up. A route of a downed interface stays listed and comes back.</summary>
    public bool IsUsable => Interface?.IsUp ?? true;

    /// <summary>Whether the gateway did not answer lately: another route of the same metric is better (RFC 4861 section 6.3.6).</summary>
    internal bool IsGatewaySuspect { get; set; }

    /// <summary>In the order routes were added.</summary>
    internal long Sequence { get; set; }

    /// <summary>As <c>ip route</c> prints it.</summary>
    public override string ToString()
    {
        string text = Kind == RouteKind.Unicast ? $"{Destination}" : $"{Kind.ToString().ToLowerInvariant()} {Destination}";
        if (!Gateway.IsNone) text += $" via {Gateway}";
        if (Interface is not null) text += $" dev {Interface.Name}";
        return $"{text} metric {Metric}";
    }
}
