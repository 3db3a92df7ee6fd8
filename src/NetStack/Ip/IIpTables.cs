using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>What an address that is no multicast group is to this host.</summary>
internal enum AddressClass
{
    /// <summary>Not one of ours, or not yet (tentative, RFC 4862 section 5.4).</summary>
    NotOurs = 0,

    /// <summary>One of our unicast or anycast addresses.</summary>
    Ours,

    /// <summary>The broadcast address of a subnet of the interface, or 255.255.255.255.</summary>
    Broadcast,
}

/// <summary>How a packet leaves.</summary>
/// <param name="Interface">The interface.</param>
/// <param name="NextHop">The neighbour it is sent to: a router, or the destination itself.</param>
/// <param name="Source">The source address to use: the one that was asked for, or the choice of RFC 6724; none where the
/// interface has no address that fits.</param>
internal readonly record struct IpRoute(IIpInterface Interface, IpAddress NextHop, IpAddress Source);

/// <summary>Interfaces, addresses and routes as IP asks for them.</summary>
internal interface IIpTables
{
    /// <summary>The interface with a number, or null.</summary>
    IIpInterface? InterfaceAt(int index);

    /// <summary>What an address that is no multicast group is to a packet that came in on an interface, or leaves by it.</summary>
    AddressClass Classify(IIpInterface nic, IpAddress address);

    /// <summary>Whether an address is one of ours, on any interface, and may be a source.</summary>
    bool IsLocalAddress(IpAddress address);

    /// <summary>
    /// Finds the way to a destination. For a group, a broadcast and a link-local address the interface is the bound one, or the
    /// one routing chooses. An address of ours leads to the loopback interface.
    /// </summary>
    /// <param name="destination">Where to.</param>
    /// <param name="source">An address that must be the source, or none.</param>
    /// <param name="boundInterface">The interface it must leave by, or null.</param>
    /// <param name="route">The way.</param>
    /// <returns>False where there is none.</returns>
    bool TryRoute(IpAddress destination, IpAddress source, int? boundInterface, out IpRoute route);

    /// <summary>Forwards a packet that is not for us. Called only where forwarding is switched on; the IP header was checked,
    /// the hop limit was not.</summary>
    /// <param name="nic">Where it came in.</param>
    /// <param name="frame">The frame; the caller keeps it.</param>
    /// <param name="networkOffset">Where in the frame the IP header begins, in bytes.</param>
    /// <param name="datagram">The packet: its header is what <see cref="InboundDatagram.NetworkHeader"/> holds, its end is that of
    /// <see cref="InboundDatagram.Bytes"/>.</param>
    /// <param name="now">The present.</param>
    void Forward(IIpInterface nic, in InboundFrame frame, int networkOffset, in InboundDatagram datagram, Instant now);

    /// <summary>A sign from above that the neighbour on the way to a destination is reachable (RFC 4861 section 7.3.1).</summary>
    void ConfirmReachable(IpAddress destination, Instant now);
}
