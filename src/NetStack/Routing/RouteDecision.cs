using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>Whether there is a way to a destination, and if not, why.</summary>
internal enum RouteOutcome
{
    /// <summary>There is.</summary>
    Found = 0,

    /// <summary>No route, or a route of kind unreachable.</summary>
    Unreachable,

    /// <summary>A route of kind prohibit.</summary>
    Prohibited,

    /// <summary>A route of kind blackhole.</summary>
    Blackhole,

    /// <summary>There is a way, but no address of ours to send from, or the one that was asked for is not usable.</summary>
    NoSource,
}

/// <summary>The way to a destination.</summary>
/// <param name="Interface">The interface to leave by.</param>
/// <param name="NextHop">The neighbour to hand it to: a gateway, or the destination itself.</param>
/// <param name="Source">The source address.</param>
internal readonly record struct RouteDecision(NetInterface Interface, IpAddress NextHop, IpAddress Source);
