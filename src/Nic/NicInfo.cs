using NetStack.Wire;

namespace NetStack.Nic;

/// <summary>What a NIC is.</summary>
/// <param name="Name">A name for people and logs.</param>
/// <param name="Mac">Its MAC address; all zero where the link has none.</param>
/// <param name="LinkType">How received frames begin; a file may override it frame by frame.</param>
/// <param name="Mtu">The largest network-layer packet, in bytes.</param>
/// <param name="Capabilities">What the device can do for its driver.</param>
public sealed record NicInfo(string Name, MacAddress Mac, LinkType LinkType, int Mtu, NicCapabilities Capabilities);

/// <summary>What a device can do for its driver.</summary>
[Flags]
public enum NicCapabilities
{
    /// <summary>Nothing beyond moving frames.</summary>
    None = 0,

    /// <summary>Says whether a received checksum was right.</summary>
    ReceiveChecksum = 1 << 0,

    /// <summary>Fills in a checksum on transmit.</summary>
    TransmitChecksum = 1 << 1,

    /// <summary>Cuts a super-segment on transmit (TSO).</summary>
    SegmentationOffload = 1 << 2,

    /// <summary>May deliver several segments as one frame (LRO/GRO).</summary>
    ReceiveCoalescing = 1 << 3,

    /// <summary>Spreads flows over queues by a hash (RSS).</summary>
    ReceiveSideScaling = 1 << 4,

    /// <summary>Has an exact flow table.</summary>
    FlowSteering = 1 << 5,

    /// <summary>Strips the outer VLAN tag and reports it.</summary>
    VlanStrip = 1 << 6,

    /// <summary>Places headers and body apart.</summary>
    HeaderSplit = 1 << 7,

    /// <summary>Receives only; transmit drops with a count.</summary>
    ReceiveOnly = 1 << 8,
}
