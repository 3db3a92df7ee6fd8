using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>An interface as IP sees it.</summary>
internal interface IIpInterface
{
    /// <summary>Its number, from 1; it does not change.</summary>
    int Index { get; }

    /// <summary>Whether it takes packets.</summary>
    bool IsUp { get; }

    /// <summary>Whether packets come back to this host instead of leaving it.</summary>
    bool IsLoopback { get; }

    /// <summary>The largest IP packet, in bytes; at least 68, and 1280 where IPv6 is used.</summary>
    int Mtu { get; }

    /// <summary>The largest IPv6 packet, in bytes, where a router said less than the link takes (RFC 4861 section 4.6.4).</summary>
    int MtuV6 => Mtu;

    /// <summary>The hop limit that a router said packets should get (RFC 4861 section 4.2); 0 where none did.</summary>
    byte HopLimitV6 => 0;

    /// <summary>Bytes that <see cref="Output"/> wants free, and zero, in front of the IP header.</summary>
    int LinkHeaderLength { get; }

    /// <summary>Whether the device fills in transport checksums: see <see cref="TransmitOffload"/>.</summary>
    bool HasChecksumOffload { get; }

    /// <summary>The longest TCP super-segment that the device cuts, in bytes with all headers; 0 where it cuts none.</summary>
    int MaxSegmentationBytes { get; }

    /// <summary>
    /// Sends a packet to a neighbour, or holds it until the neighbour is resolved. The body passes to the interface whatever the
    /// outcome. A multicast or broadcast next hop is mapped to its link-layer address.
    /// </summary>
    /// <remarks>IP cuts a super-segment into many packets where the device cannot: the stack asks for more output only while the
    /// queue has room for such a train.</remarks>
    /// <param name="nextHop">The neighbour, or the destination itself where it is on the link.</param>
    /// <param name="frame">The link header's room, then the packet.</param>
    /// <param name="type">IPv4 or IPv6.</param>
    /// <param name="now">The present.</param>
    SendOutcome Output(IpAddress nextHop, ref TransmitFrame frame, EtherType type, Instant now);

    /// <summary>Says whether the interface is to receive what the link delivers to a group. Called when the first member on this host
    /// joins and the last one leaves; routers are told by IGMP or MLD.</summary>
    void SetGroup(IpAddress group, bool isMember);
}
