using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>One neighbour. Reused from the table's free list.</summary>
internal sealed class NeighbourEntry
{
    internal IpAddress Address;
    internal MacAddress Mac;
    internal NeighbourState State;
    internal bool IsRouter;

    /// <summary>Whether we ever sent to it, as against what a neighbour told of itself unasked.</summary>
    internal bool WasUsed;

    /// <summary>Counts on with every use in the table: the lowest is the least recently used.</summary>
    internal long LastUse;

    /// <summary>When the state's next step is due; <see cref="Instant.MaxValue"/> when there is none.</summary>
    internal Instant Deadline;

    /// <summary>Until when <see cref="NeighbourState.Reachable"/> lasts.</summary>
    internal Instant ReachableUntil;

    /// <summary>Solicitations sent in this state.</summary>
    internal int Solicits;

    /// <summary>The source that solicitations carry: that of the packet that set them off (RFC 4861 section 7.2.2).</summary>
    internal IpAddress SolicitSource;

    /// <summary>Held packets, oldest first, as places in <see cref="PendingFrames"/>; -1 for none.</summary>
    internal int PendingHead = -1;

    internal int PendingTail = -1;
    internal int PendingCount;

    /// <summary>Whether its MAC address may be sent to.</summary>
    internal bool HasMac => State is not (NeighbourState.Incomplete or NeighbourState.Failed);

    /// <summary>How dear it is: the lowest goes first when room is needed.</summary>
    internal int Rank => State switch
    {
        NeighbourState.Failed => 0,
        NeighbourState.Stale when !WasUsed => 1,
        NeighbourState.Incomplete => 2,
        NeighbourState.Stale => 3,
        NeighbourState.Delay or NeighbourState.Probe => 4,
        NeighbourState.Reachable => 5,
        _ => int.MaxValue,
    };
}
