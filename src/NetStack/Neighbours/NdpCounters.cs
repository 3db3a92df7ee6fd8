namespace NetStack.Neighbours;

/// <summary>Why a neighbour discovery message was dropped (RFC 4861 sections 6.1, 7.1, 8.1).</summary>
public enum NdpDropReason
{
    /// <summary>The hop limit is not 255: it came through a router.</summary>
    HopLimit,

    /// <summary>The code is not 0, the message is too short, or an option has a length that cannot be.</summary>
    Malformed,

    /// <summary>Source, destination or target cannot be in such a message.</summary>
    BadAddress,

    /// <summary>It tells a link-layer address that is none, or none where one must not be told.</summary>
    BadLinkAddress,

    /// <summary>Nobody here has the target, or it is for routers and we are none.</summary>
    NotForUs,

    /// <summary>A router advertisement or redirect, and the interface obeys none.</summary>
    NotAccepted,

    /// <summary>A redirect that is not from the router it speaks of.</summary>
    NotFirstHop,

    /// <summary>Somebody says he has an address that we use.</summary>
    AddressConflict,

    /// <summary>More routers, prefixes, addresses or servers were advertised than are remembered.</summary>
    TooMany,
}

/// <summary>Neighbour discovery messages an interface dropped, by reason.</summary>
public sealed class NdpDrops : ReasonCounters
{
    internal NdpDrops() : base(Enum.GetNames<NdpDropReason>())
    {
    }

    /// <summary>How often for one reason.</summary>
    public long this[NdpDropReason reason] => Get((int)reason);

    internal void Add(NdpDropReason reason) => Count((int)reason);
}
