using NetStack.Wire;

namespace NetStack.Nic.Linux;

/// <summary>How a TAP device is opened. Read once.</summary>
public sealed class TapOptions
{
    /// <summary>The MAC address of our end; the kernel's end has its own. Null makes a locally administered one from the name.</summary>
    public MacAddress? Mac { get; set; }

    /// <summary>How many empty buffers can be posted at once; at least 1.</summary>
    public int RingSize { get; set; } = 512;
}
