namespace NetStack.Routing;

/// <summary>Why a packet for others was not passed on.</summary>
public enum ForwardDropReason
{
    /// <summary>Its source or destination may not leave its link or host, or is none.</summary>
    Scope,

    /// <summary>Its hop limit was used up.</summary>
    HopLimit,

    /// <summary>There is no route, or one that says unreachable.</summary>
    NoRoute,

    /// <summary>A route prohibits it.</summary>
    Prohibited,

    /// <summary>A route swallows it.</summary>
    Blackhole,

    /// <summary>It is longer than the next link takes, and may not be cut.</summary>
    TooBig,

    /// <summary>Several segments came as one frame: a device of a forwarding stack must not coalesce.</summary>
    Coalesced,

    /// <summary>The frame came without its bytes by handle.</summary>
    NoBody,
}

/// <summary>What a stack passed on, and what not.</summary>
public sealed class ForwardCounters : ReasonCounters
{
    internal ForwardCounters() : base(Enum.GetNames<ForwardDropReason>())
    {
    }

    /// <summary>Packets that were passed on.</summary>
    public long Forwarded { get; internal set; }

    /// <summary>Fragments that forwarding made.</summary>
    public long Fragments { get; internal set; }

    /// <summary>How often a packet was dropped for one reason.</summary>
    public long this[ForwardDropReason reason] => Get((int)reason);

    internal void Add(ForwardDropReason reason) => Count((int)reason);
}
