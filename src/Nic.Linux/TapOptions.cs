using NetStack.Wire;

namespace NetStack.Nic.Linux;

/// <summary>How a TAP device is opened. Read once.</summary>
public sealed class TapOptions
{
    /// <summary>The MAC address of our end; the kernel's end has its own. Null makes a locally administered one from the name.</summary>
    public MacAddress? Mac { get; set; }

    /// <summary>How many empty buffers can be posted at once; at least 1.</summary>
    public int RingSize { get; set; } = 512;

    /// <summary>
    /// Whether checksums and segmentation are left to whoever is at the other end of the device (IFF_VNET_HDR): one call then moves
    /// up to 64 KiB, as one super-segment each way. The kernel's own connections are never cut at all. Received super-segments lie
    /// in many buffers where these are small: post at least 34 of 2 KiB, better fewer large ones.
    /// </summary>
    public bool Offload { get; set; }
}
