using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <summary>A frame handed to the stack. The caller keeps its ownership: the stack copies or pins what it keeps before it returns.</summary>
/// <param name="Headers">The frame's one snapshot, which reads through the frame's body.</param>
/// <param name="LinkType">How the frame begins: Ethernet or raw IP.</param>
public readonly record struct InboundFrame(HeaderSnapshot Headers, LinkType LinkType)
{
    /// <summary>The frame's bytes by handle, for whoever passes them on without looking.</summary>
    public PacketBody Body { get; init; }

    /// <summary>
    /// Whether the transport checksum needs no look: the device said it is right and the interface's owner believes it, or the
    /// frame never left the machine.
    /// </summary>
    public bool IsTransportChecksumGood { get; init; }

    /// <summary>How many segments the frame stands for: 1, or more after LRO/GRO; 0 counts as 1.</summary>
    public int SegmentCount { get; init; }

    /// <summary>Payload bytes in each coalesced segment but the last; 0 where there is one.</summary>
    public int SegmentSize { get; init; }

    /// <summary>Whether the caller hands in another frame before it asks for what is to be sent: acknowledgements wait for the last of
    /// them (RFC 9293 section 3.10.7.4, MUST-59).</summary>
    public bool IsMoreComing { get; init; }
}
