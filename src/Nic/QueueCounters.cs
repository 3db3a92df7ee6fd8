namespace NetStack.Nic;

/// <summary>What a queue counted since it was made. Plain fields: the pumping thread writes, anybody may read roughly.</summary>
public sealed class QueueCounters
{
    /// <summary>Frames handed to the consumer.</summary>
    public long FramesReceived;

    /// <summary>Bytes in those frames.</summary>
    public long BytesReceived;

    /// <summary>Frames sent.</summary>
    public long FramesSent;

    /// <summary>Bytes in those frames.</summary>
    public long BytesSent;

    /// <summary>Buffers handed to the device.</summary>
    public long BuffersPosted;

    /// <summary>Buffers the device completed.</summary>
    public long BuffersCompleted;

    /// <summary>Frames that needed more than one buffer.</summary>
    public long FramesChained;

    /// <summary>Buffers beyond the first in such frames.</summary>
    public long BuffersChained;

    /// <summary>Received frames that were dropped, by reason.</summary>
    public DropCounters ReceiveDrops { get; } = new();

    /// <summary>Frames to send that were dropped, by reason.</summary>
    public DropCounters TransmitDrops { get; } = new();
}

/// <summary>Why a frame, a buffer or a completion was refused.</summary>
public enum DropReason
{
    /// <summary>No empty buffer was posted.</summary>
    NoBuffer,

    /// <summary>The ring was full.</summary>
    RingFull,

    /// <summary>The frame is longer than the device or the link takes.</summary>
    TooLong,

    /// <summary>The frame is shorter than its link header.</summary>
    TooShort,

    /// <summary>The link is down.</summary>
    LinkDown,

    /// <summary>The NIC only receives.</summary>
    ReceiveOnly,

    /// <summary>A completion names a buffer id outside the table.</summary>
    BadBufferId,

    /// <summary>A completion names a buffer that is not posted: never, no more, or twice.</summary>
    NotPosted,

    /// <summary>A completion names a buffer of another queue.</summary>
    WrongQueue,

    /// <summary>A completion claims more bytes than the buffer holds.</summary>
    LengthOverCapacity,

    /// <summary>A chain of buffers is longer than a frame may be, or is broken in the middle.</summary>
    BadChain,

    /// <summary>A completion claims a header split that cannot be.</summary>
    BadHeaderSplit,

    /// <summary>A completion claims segments that cannot be.</summary>
    BadSegments,

    /// <summary>A completion carries a tag that was never programmed for this queue.</summary>
    BadTag,

    /// <summary>The device reported a receive error.</summary>
    DeviceError,

    /// <summary>The device moved an index farther than its ring is long, or backwards.</summary>
    BadIndex,

    /// <summary>The device's access was outside what is mapped for it.</summary>
    IommuFault,

    /// <summary>A flow rule says so.</summary>
    FlowRule,

    /// <summary>No client wants the frame.</summary>
    NoClient,

    /// <summary>The client had no free buffer.</summary>
    ClientFull,

    /// <summary>The client's strategy chose to drop.</summary>
    Strategy,

    /// <summary>A steered frame is not of the client's flow: the hardware placed it wrong, and the client's memory holds it.</summary>
    Missteered,

    /// <summary>A client tried to send from an address that is not its own.</summary>
    SpoofedSource,

    /// <summary>The headers of a frame to send cannot be read.</summary>
    MalformedHeaders,

    /// <summary>Lost by an impaired link, on purpose.</summary>
    LinkLoss,

    /// <summary>The client was detached.</summary>
    ClientGone,

    /// <summary>The request to the device cannot be served by it.</summary>
    Unsupported,

    /// <summary>A frame to send lies in a pool that was not registered with this queue for sending: see <see cref="INic.Register"/>.</summary>
    NotRegistered,

    /// <summary>A frame to send lies in a buffer that was released after the frame had been handed over.</summary>
    Released,
}

/// <summary>A counter per <see cref="DropReason"/>. No member allocates but <see cref="ToString"/>.</summary>
public sealed class DropCounters
{
    private static readonly DropReason[] Reasons = Enum.GetValues<DropReason>();

    private readonly long[] _counts = new long[Reasons.Length];

    /// <summary>How often frames were dropped for a reason.</summary>
    public long this[DropReason reason] => _counts[(int)reason];

    /// <summary>How often for any reason.</summary>
    public long Total
    {
        get
        {
            long total = 0;
            foreach (long count in _counts) total += count;
            return total;
        }
    }

    /// <summary>Counts <paramref name="count"/> drops.</summary>
    public void Add(DropReason reason, long count = 1) => _counts[(int)reason] += count;

    /// <summary>The reasons that occurred, with their counts; <c>none</c> when nothing was dropped.</summary>
    public override string ToString()
    {
        string text = string.Join(", ", Reasons.Where(r => this[r] != 0).Select(r => $"{r} {this[r]}"));
        return text.Length == 0 ? "none" : text;
    }
}
