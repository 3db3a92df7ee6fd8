namespace NetStack.Link;

/// <summary>Why a frame was dropped between the device and IP, or on the way down.</summary>
public enum LinkDropReason
{
    /// <summary>The interface or its link is down.</summary>
    InterfaceDown,

    /// <summary>The link header is not whole, or the frame is empty.</summary>
    TooShort,

    /// <summary>The frame begins with another link type than the interface has.</summary>
    WrongLinkType,

    /// <summary>The destination MAC is not ours, nor broadcast, nor a group the interface must receive.</summary>
    NotForUs,

    /// <summary>The source MAC is a group address.</summary>
    BadSource,

    /// <summary>The source MAC is our own: the frame came back.</summary>
    OwnFrame,

    /// <summary>A VLAN tag other than a priority tag (VLAN 0).</summary>
    Vlan,

    /// <summary>Neither IPv4, nor IPv6, nor ARP, nor an EtherType at all.</summary>
    UnknownEtherType,

    /// <summary>An ARP packet that is not whole, not for Ethernet and IPv4, or has impossible addresses.</summary>
    BadArp,

    /// <summary>The interface's transmit queue was full.</summary>
    QueueFull,

    /// <summary>A held packet made room for a newer one.</summary>
    PendingReplaced,

    /// <summary>The neighbour's address could not be found.</summary>
    NeighbourUnreachable,

    /// <summary>The neighbour table, or the queue of held packets, is full.</summary>
    NeighbourTableFull,

    /// <summary>No buffer was free to deliver a packet to ourselves.</summary>
    NoLoopbackBuffer,

    /// <summary>A super-segment could not be cut: it is no TCP segment of ours.</summary>
    NotCuttable,
}

/// <summary>Frames an interface dropped, by reason.</summary>
public sealed class LinkDrops : ReasonCounters
{
    internal LinkDrops() : base(Enum.GetNames<LinkDropReason>())
    {
    }

    /// <summary>How often for one reason.</summary>
    public long this[LinkDropReason reason] => Get((int)reason);

    internal void Add(LinkDropReason reason) => Count((int)reason);
}
