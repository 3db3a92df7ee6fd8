namespace NetStack.Ip;

/// <summary>Why IP dropped a packet that came in.</summary>
public enum IpDropReason
{
    /// <summary>The frame ends before the packet does, or before its header.</summary>
    Truncated = 0,

    /// <summary>The version is neither 4 nor 6.</summary>
    BadVersion,

    /// <summary>The IPv4 header length is below 20.</summary>
    BadHeaderLength,

    /// <summary>The IPv4 total length is shorter than the header.</summary>
    BadTotalLength,

    /// <summary>The IPv4 header checksum is wrong.</summary>
    BadHeaderChecksum,

    /// <summary>The source cannot be one: a group, a broadcast address, one of ours, loopback from outside.</summary>
    MartianSource,

    /// <summary>The destination cannot be on a wire: loopback, unspecified, reserved.</summary>
    MartianDestination,

    /// <summary>A unicast packet that the link delivered to a group (RFC 1122 section 3.3.6).</summary>
    UnicastInLinkGroup,

    /// <summary>It is for somebody else, and this host does not forward.</summary>
    NotForUs,

    /// <summary>It is for a group that nobody here joined.</summary>
    NotMember,

    /// <summary>An IPv4 option, or the option list, cannot be.</summary>
    BadOption,

    /// <summary>It carries a source route.</summary>
    SourceRoute,

    /// <summary>A fragment without bytes, or one in the middle whose length is no multiple of 8.</summary>
    BadFragmentLength,

    /// <summary>A fragment that ends past 65535, or disagrees with the datagram's end.</summary>
    BadFragmentOffset,

    /// <summary>A fragment that another repeats, or that brings nothing new under the overlap policy.</summary>
    DuplicateFragment,

    /// <summary>Its datagram had overlapping fragments.</summary>
    OverlappingFragments,

    /// <summary>Its datagram had too many fragments.</summary>
    TooManyFragments,

    /// <summary>A datagram, counted once, whose fragments had to make room for others.</summary>
    ReassemblyEvicted,

    /// <summary>No private memory was free for a fragment.</summary>
    ReassemblyMemory,

    /// <summary>A datagram, counted once, whose fragments did not all come in time.</summary>
    ReassemblyTimeout,

    /// <summary>Fragments marked "congestion experienced" and fragments that are not ECN-capable (RFC 3168 section 5.3).</summary>
    InconsistentEcn,

    /// <summary>The first fragment does not hold all headers (RFC 7112).</summary>
    IncompleteHeaderChain,

    /// <summary>A jumbogram (RFC 2675).</summary>
    Jumbogram,

    /// <summary>An extension header or an option in it cannot be, or stands where it must not.</summary>
    BadExtensionHeader,

    /// <summary>An unknown option whose type says that it is to be dropped (RFC 8200 section 4.2).</summary>
    UnknownOption,

    /// <summary>A routing header of type 0 or an unknown type with segments left (RFC 5095).</summary>
    RoutingHeader,

    /// <summary>More extension headers, or longer ones, than the settings allow.</summary>
    TooManyExtensionHeaders,

    /// <summary>Nothing follows the headers.</summary>
    NoPayload,

    /// <summary>Nobody here speaks the protocol.</summary>
    UnknownProtocol,

    /// <summary>The queue of our own multicast datagrams is full.</summary>
    LoopQueueFull,
}

/// <summary>How often IP dropped what came in, by reason.</summary>
public sealed class IpDropCounters : ReasonCounters
{
    internal IpDropCounters()
        : base(Enum.GetNames<IpDropReason>())
    {
    }

    /// <summary>How often for a reason.</summary>
    public long this[IpDropReason reason] => Get((int)reason);

    internal void Add(IpDropReason reason) => Count((int)reason);
}
