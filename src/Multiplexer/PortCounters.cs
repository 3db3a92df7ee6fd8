using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>What a port counted since it was attached. The pumping thread writes, anybody may read roughly.</summary>
public sealed class PortCounters
{
    private readonly FetchMeter _meter;

    internal PortCounters(QueueCounters queue, FetchMeter meter)
    {
        Queue = queue;
        _meter = meter;
    }

    /// <summary>What any NIC's queue counts: frames, bytes, drops by reason, both ways.</summary>
    public QueueCounters Queue { get; }

    /// <summary>Frames the multiplexer put into the port's queue; <see cref="QueueCounters.FramesReceived"/> are those the client took.</summary>
    public long FramesDelivered { get; internal set; }

    /// <summary>Bytes in those frames.</summary>
    public long BytesDelivered { get; internal set; }

    /// <summary>Fetches of header bytes from memory a device may write: the multiplexer's to classify the frames of this port, and
    /// the client's own, later. A frame for several ports counts with the first.</summary>
    public long HeaderFetches => ClassifierFetches + _meter.HeaderFetches;

    /// <summary>Bytes in those fetches, each fetched once.</summary>
    public long HeaderBytesFetched => ClassifierBytes + _meter.HeaderBytesFetched;

    /// <summary>Body bytes read, to copy them, by the engine and by a client that passes <see cref="Meter"/>.</summary>
    public long BodyBytesRead => _meter.BodyBytesRead;

    /// <summary>
    /// Bytes copied for this port: whole frames where the strategy copies all, header bytes where the body goes by handle, and
    /// what the client copies through <see cref="Meter"/>.
    /// </summary>
    public long BytesCopied => HandleHeaderBytes + _meter.HeaderBytesFetched + _meter.BodyBytesCopied;

    /// <summary>Bytes copied for every byte delivered; 0 before the first.</summary>
    public double BytesCopiedPerByteReceived => BytesDelivered == 0 ? 0 : (double)BytesCopied / BytesDelivered;

    /// <summary>Bytes of bodies to send that were copied into memory mapped for that.</summary>
    public long TransmitBytesCopied { get; internal set; }

    /// <summary>Frames copied whole, for whatever reason.</summary>
    public long FramesCopied { get; internal set; }

    /// <summary>Frames passed by handle with private headers, to be copied once at the user's border.</summary>
    public long FramesByHeaders { get; internal set; }

    /// <summary>Frames passed by handle with private headers, nobody to look at the body.</summary>
    public long FramesPassedThrough { get; internal set; }

    /// <summary>Frames passed by handle to be read in place.</summary>
    public long FramesInPlace { get; internal set; }

    /// <summary>Frames the strategy wanted in place and that were not, because the client does not trust the device's data.</summary>
    public long UntrustedInPlace { get; internal set; }

    /// <summary>Frames that were copied because the client held as many by handle as it may.</summary>
    public long CopiedOverQuota { get; internal set; }

    /// <summary>Frames that were copied because too few of the ring's buffers were left with the device.</summary>
    public long CopiedForRing { get; internal set; }

    /// <summary>Frames that were copied because the client holds one by handle for longer than <see cref="PortOptions.HoldTime"/>.</summary>
    public long CopiedForHoldTime { get; internal set; }

    /// <summary>Buffers the client had posted and that were released, held elsewhere or freed when their turn came: they were passed over.</summary>
    public long PostedBuffersSkipped { get; internal set; }

    /// <summary>Bytes of the steered queue's buffers that were cleared before they were posted again.</summary>
    public long BytesScrubbed { get; internal set; }

    /// <summary>Frames that came by the port's own queue.</summary>
    public long FramesSteered { get; internal set; }

    /// <summary>1 where the port asked to be steered and could not be, see <see cref="MultiplexerPort.SteeringState"/>.</summary>
    public long SteeringFallbacks { get; internal set; }

    /// <summary>
    /// Frames the hardware placed into this port's memory that are not this port's. They were dropped, but the client's memory
    /// holds them: each is a leak that happened, not one that was prevented.
    /// </summary>
    public long MissteeredFrames { get; internal set; }

    /// <summary>Bytes in those frames.</summary>
    public long MissteeredBytes { get; internal set; }

    /// <summary>For a client that copies bodies and wants it counted here.</summary>
    public FetchMeter Meter => _meter;

    /// <summary>Header bytes that came with frames by handle.</summary>
    internal long HandleHeaderBytes { get; set; }

    /// <summary>The multiplexer's fetches for this port.</summary>
    internal long ClassifierFetches { get; set; }

    /// <summary>Bytes in them.</summary>
    internal long ClassifierBytes { get; set; }

    /// <summary>One line for logs.</summary>
    public override string ToString() =>
        $"delivered {FramesDelivered} frames, {BytesDelivered} bytes; copied {BytesCopied} bytes ({FramesCopied} frames whole); " +
        $"header fetches {HeaderFetches}; steered {FramesSteered}, missteered {MissteeredFrames}; " +
        $"sent {Queue.FramesSent}; receive drops: {Queue.ReceiveDrops}; transmit drops: {Queue.TransmitDrops}";
}
