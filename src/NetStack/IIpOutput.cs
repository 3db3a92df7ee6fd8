using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>How packets to one destination leave, as routing, source selection and path MTU say now.</summary>
/// <param name="Source">The source address to use (RFC 6724 unless it was given).</param>
/// <param name="Interface">The interface they leave by.</param>
/// <param name="Mtu">The largest IP packet that passes the path, in bytes.</param>
/// <param name="MaxSegmentationBytes">The most payload bytes that may be handed down as one super-segment; 0 where the interface
/// cuts none and cannot be served by the software cutter.</param>
internal readonly record struct IpPath(IpAddress Source, int Interface, int Mtu, int MaxSegmentationBytes);

/// <summary>What became of something handed down to be sent.</summary>
internal enum SendOutcome
{
    /// <summary>It is on its way: queued on an interface, or waiting for its neighbour's link-layer address.</summary>
    Sent = 0,

    /// <summary>No route, or the interface is down.</summary>
    Unreachable,

    /// <summary>The interface's queue is full; try again when there is room.</summary>
    NoRoom,

    /// <summary>It is larger than the path takes and must not be fragmented.</summary>
    TooLong,

    /// <summary>The source is not an address of ours, or is not yet usable (tentative).</summary>
    BadSource,

    /// <summary>It is for a broadcast address, and <see cref="IpSend.AllowBroadcast"/> does not say that this is meant.</summary>
    BroadcastDenied,
}

/// <summary>What IP is asked to put around a transport header and its payload.</summary>
internal readonly record struct IpSend(IpAddress Source, IpAddress Destination, IpProtocol Protocol)
{
    /// <summary>The interface to leave by; null lets routing decide.</summary>
    internal int? Interface { get; init; }

    /// <summary>TOS or traffic class, ECN bits included.</summary>
    internal byte TrafficClass { get; init; }

    /// <summary>TTL or hop limit; 0 for the stack's default.</summary>
    internal byte HopLimit { get; init; }

    /// <summary>Whether routers, and we, must not fragment it.</summary>
    internal bool DontFragment { get; init; }

    /// <summary>Whether the datagram carries a router alert (RFC 2113, RFC 2711), as IGMP and MLD want.</summary>
    internal bool HasRouterAlert { get; init; }

    /// <summary>Whether the destination may be a broadcast address.</summary>
    internal bool AllowBroadcast { get; init; }

    /// <summary>Whether members on this host do not get a multicast datagram of ours.</summary>
    internal bool NoMulticastLoop { get; init; }

    /// <summary>Where in the transport header its checksum field lies, in bytes; -1 where there is none. IP computes the checksum
    /// over pseudo-header, header and payload, or asks the device to.</summary>
    internal int ChecksumOffset { get; init; } = -1;

    /// <summary>The folded sum that the payload was verified with when it was received; null for a payload of our own. The checksum
    /// is made of it, and the device is not asked to: it would sum what is in memory by then. Not with a segment size.</summary>
    internal ushort? BodySum { get; init; }

    /// <summary>Payload bytes of each segment to be cut (TCP only); 0 for no cutting.</summary>
    internal int SegmentSize { get; init; }
}

/// <summary>IP as transports see it from above.</summary>
internal interface IIpOutput
{
    /// <summary>Finds how packets to a destination leave.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="source">An address of ours that must be the source, or none.</param>
    /// <param name="boundInterface">The interface they must leave by, or null.</param>
    /// <param name="path">The way.</param>
    /// <returns>False where there is none.</returns>
    bool TryFindPath(IpAddress destination, IpAddress source, int? boundInterface, out IpPath path);

    /// <summary>Whether an address is one of ours and may be a source.</summary>
    bool IsLocalAddress(IpAddress address);

    /// <summary>
    /// Sends. The body passes to IP whatever the outcome: whoever may have to send it again shares it first.
    /// </summary>
    /// <param name="send">What to put around it.</param>
    /// <param name="transportHeader">The transport header with a zero checksum field; it is copied.</param>
    /// <param name="body">The payload, or an empty body.</param>
    /// <param name="now">The present.</param>
    SendOutcome Send(in IpSend send, ReadOnlySpan<byte> transportHeader, PacketBody body, Instant now);

    /// <summary>A sign from above that the neighbour on the way to a destination is reachable (RFC 4861 section 7.3.1).</summary>
    void ConfirmReachable(IpAddress destination, Instant now);
}
