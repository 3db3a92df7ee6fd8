using NetStack.Wire;

namespace NetStack;

/// <summary>How a <see cref="CaptureNic"/> behaves.</summary>
public sealed record CaptureNicOptions
{
    /// <summary>A name for people and logs.</summary>
    public string Name { get; init; } = "capture";

    /// <summary>Its MAC address; all zero where nobody listens to one.</summary>
    public MacAddress Mac { get; init; }

    /// <summary>
    /// How many read blocks of 512 KiB, besides the one being read, frames that are not released may keep: at least 1. With so
    /// many kept, the file waits.
    /// </summary>
    public int HeldBlocks { get; init; } = 16;

    /// <summary>Where frames to send are written, as outbound packets; null drops them as <see cref="Nic.DropReason.ReceiveOnly"/>.
    /// The NIC adds an interface for them. The writer stays the caller's: what it could not write, its <see cref="CaptureWriter.Flush"/> and
    /// <see cref="CaptureWriter.Dispose"/> tell.</summary>
    public CaptureWriter? Sent { get; init; }
}
