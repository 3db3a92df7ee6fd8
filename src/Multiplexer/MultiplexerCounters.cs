using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>What a multiplexer counted over all its ports. The pumping thread writes, anybody may read roughly.</summary>
public sealed class MultiplexerCounters
{
    /// <summary>Frames taken from the NIC.</summary>
    public long FramesReceived { get; internal set; }

    /// <summary>Bytes in those frames.</summary>
    public long BytesReceived { get; internal set; }

    /// <summary>Frames that went to no port, by reason. What one port lost counts there.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Frames that went to more than one port.</summary>
    public long FramesShared { get; internal set; }

    /// <summary>Frames that only the default port wanted.</summary>
    public long FramesToDefault { get; internal set; }

    /// <summary>Later fragments whose datagram was known from its first fragment.</summary>
    public long FragmentsFollowed { get; internal set; }

    /// <summary>Later fragments of datagrams whose first fragment was not seen or is forgotten.</summary>
    public long FragmentsUnknown { get; internal set; }

    /// <summary>Datagrams forgotten before their time because too many were fragmented at once.</summary>
    public long FragmentsEvicted { get; internal set; }

    /// <summary>Bytes of receive buffers that were cleared before they were posted again, over the rings and all steered queues.</summary>
    public long BytesScrubbed { get; internal set; }

    /// <summary>Ports that asked to be steered and could not be.</summary>
    public long SteeringFallbacks { get; internal set; }

    /// <summary>Frames the hardware placed into the wrong port's memory, over all ports: leaks that happened.</summary>
    public long MissteeredFrames { get; internal set; }

    /// <summary>What the multiplexer itself fetched and copied: header lines to classify, and frames that several ports wanted copied,
    /// read once for all of them.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>One line for logs.</summary>
    public override string ToString() =>
        $"received {FramesReceived} frames, {BytesReceived} bytes; shared {FramesShared}; {Meter}; missteered {MissteeredFrames}; drops: {Drops}";
}
