using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// What IP hands to a transport: a datagram addressed to this host, whole, its IP header checked. The transport header and the
/// payload are not checked yet.
/// </summary>
internal readonly ref struct InboundDatagram
{
    /// <summary>Who sent it, by its IP header.</summary>
    internal IpAddress Source { get; init; }

    /// <summary>Whom it is for: one of our addresses, a group we joined, or a broadcast address.</summary>
    internal IpAddress Destination { get; init; }

    /// <summary>The transport protocol, after extension headers.</summary>
    internal IpProtocol Protocol { get; init; }

    /// <summary>The interface it came in on.</summary>
    internal int Interface { get; init; }

    /// <summary>TOS or traffic class; the low two bits are ECN (RFC 3168).</summary>
    internal byte TrafficClass { get; init; }

    /// <summary>TTL or hop limit as it arrived.</summary>
    internal byte HopLimit { get; init; }

    /// <summary>Whether the destination is not a unicast address of ours, or the link delivered the frame to a group: nothing
    /// with such a destination is answered by an error (RFC 1122 section 3.2.2).</summary>
    internal bool IsGroupAddressed { get; init; }

    /// <summary>Whether the IP header carries a router alert (RFC 2113, RFC 2711).</summary>
    internal bool HasRouterAlert { get; init; }

    /// <summary>Whether the transport checksum needs no look: see <see cref="InboundFrame.IsTransportChecksumGood"/>.</summary>
    internal bool IsChecksumGood { get; init; }

    /// <summary>Whether the checksum in the transport header is of these bytes: they came over a wire as they are.</summary>
    internal bool IsChecksumOfAll { get; init; }

    /// <summary>How many segments it stands for, at least 1: see <see cref="InboundFrame.SegmentCount"/>.</summary>
    internal int SegmentCount { get; init; }

    /// <summary>Payload bytes of each coalesced segment but the last; 0 where there is one.</summary>
    internal int SegmentSize { get; init; }

    /// <summary>Transport header and payload, cut to the length the IP header says.</summary>
    internal InboundBytes Bytes { get; init; }

    /// <summary>The IP header and its options or extension headers, private: what an ICMP error quotes before the payload.</summary>
    internal ReadOnlySpan<byte> NetworkHeader { get; init; }

    /// <summary>The sum that a payload goes with when it is sent on. Where the device's verdict is believed it is not summed: it is what the
    /// checksum leaves for it, so that the new checksum is of what the sender sent.</summary>
    /// <param name="payload">The payload; it begins at an even place.</param>
    /// <param name="front">The sum of everything in front of it, pseudo-header and checksum field included.</param>
    internal ushort SumOf(InboundBytes payload, in ChecksumAccumulator front)
    {
        if (IsChecksumGood && IsChecksumOfAll) return front.Finish();
        ChecksumAccumulator sum = default;
        payload.SumTo(ref sum);
        return sum.Sum;
    }
}
