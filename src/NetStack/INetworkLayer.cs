using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>IP as the link layer sees it from below.</summary>
internal interface INetworkLayer
{
    /// <summary>Takes an IP packet.</summary>
    /// <param name="nic">Where it came in.</param>
    /// <param name="frame">The frame; the caller keeps it.</param>
    /// <param name="networkOffset">Where in the frame the IP header begins, in bytes.</param>
    /// <param name="isLinkGroup">Whether the link delivered it to a group or to everybody.</param>
    /// <param name="now">The present.</param>
    void Receive(NetInterface nic, in InboundFrame frame, int networkOffset, bool isLinkGroup, Instant now);

    /// <summary>A packet of ours, or one that was forwarded, could not be delivered to its neighbour: its sender is to hear of it.</summary>
    /// <param name="nic">The interface it should have left by.</param>
    /// <param name="packet">The packet's private headers, from the IP header on.</param>
    /// <param name="now">The present.</param>
    void OnUnresolved(NetInterface nic, ReadOnlySpan<byte> packet, Instant now);

    /// <summary>An address can no longer be used: what is bound to it ends.</summary>
    void OnAddressRemoved(IpAddress address, Instant now);

    /// <summary>An interface joined its first, or left its last, membership of a group: listeners on the link may have to be told.</summary>
    void OnGroupChanged(NetInterface nic, IpAddress group, bool isMember, Instant now);
}
