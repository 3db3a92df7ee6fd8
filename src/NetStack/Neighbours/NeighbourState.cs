using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>What is known of a neighbour's link-layer address (RFC 4861 section 7.3.2).</summary>
public enum NeighbourState
{
    /// <summary>It is being asked for; nothing is known.</summary>
    Incomplete,

    /// <summary>It worked a short while ago.</summary>
    Reachable,

    /// <summary>It is known, but whether it still works is not; nobody cares until a packet is sent.</summary>
    Stale,

    /// <summary>A packet was sent; upper layers have a while to say that it arrived.</summary>
    Delay,

    /// <summary>It is being probed by unicast.</summary>
    Probe,

    /// <summary>It did not answer.</summary>
    Failed,

    /// <summary>It was set by hand and is not checked.</summary>
    Permanent,
}

/// <summary>A neighbour, as a list shows it.</summary>
/// <param name="Address">Its IP address.</param>
/// <param name="Mac">Its MAC address; all zero while it is not known.</param>
/// <param name="State">What is known of it.</param>
/// <param name="IsRouter">Whether it said that it is a router (RFC 4861).</param>
public readonly record struct NeighbourInfo(IpAddress Address, MacAddress Mac, NeighbourState State, bool IsRouter);
