using NetStack.Memory;
using NetStack.Nic;

namespace NetStack;

/// <summary>When a replay puts a record in.</summary>
public enum ReplayPace
{
    /// <summary>As fast as the other side takes them. Nothing is lost: a full ring makes the replay wait.</summary>
    FileSpeed,

    /// <summary>In the capture's own time, counted from the first record; where its time runs backwards, at once.</summary>
    CaptureTime,
}

/// <summary>
/// Plays a capture into the wire side of a NIC, record by record in file order, with the record's own time, interface and link
/// type. It stands for the device that received the frames: reading a body here is the wire's doing, not the stack's.
/// </summary>
/// <remarks>Thread rule of <see cref="INic"/>. Allocates nothing per record once it met the longest.</remarks>
/// <param name="capture">The capture; the caller disposes it.</param>
/// <param name="target">Where the frames go.</param>
/// <param name="pace">When.</param>
public sealed class CaptureReplay(CaptureSource capture, IWireEnd target, ReplayPace pace = ReplayPace.FileSpeed) : IPollable
{
    private readonly FetchMeter _meter = new();
    private byte[] _frame = new byte[2048];
    private WireFrame _info;
    private Instant? _start;
    private Timestamp? _firstTime;
    private bool _hasPending;

    /// <summary>How many records were put in.</summary>
    public long Delivered { get; private set; }

    /// <summary>Whether everything up to the file's end, or its damage, was put in.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Whether the next record waits because the other side had no room.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Bytes of the record that waits.</summary>
    public int PendingLength { get; private set; }

    /// <inheritdoc/>
    public Instant? NextDeadline { get; private set; } = Instant.Zero;

    /// <summary>Puts in what is due, until the other side has no room.</summary>
    public void Poll(Instant now)
    {
        _start ??= now;
        IsBlocked = false;
        while (!IsFinished)
        {
            if (!_hasPending && !TryLoad())
            {
                IsFinished = true;
                NextDeadline = null;
                return;
            }
            Instant due = DueTime();
            NextDeadline = due < now ? now : due;
            if (due > now) return;
            if (!target.TryDeliver(_frame.AsSpan(0, PendingLength), _info))
            {
                IsBlocked = true;
                return;
            }
            _hasPending = false;
            Delivered++;
        }
    }

    private bool TryLoad()
    {
        if (!capture.TryRead(out CaptureRecord record)) return false;
        PendingLength = record.CapturedLength;
        if (_frame.Length < PendingLength) _frame = new byte[PendingLength * 2];
        record.Body.CopyTo(0, _frame, _meter);
        _info = new WireFrame(Math.Max(record.WireLength, PendingLength), record.LinkType, record.InterfaceIndex, record.Timestamp);
        _firstTime ??= record.Timestamp;
        _hasPending = true;
        return true;
    }

    private Instant DueTime()
    {
        if (pace == ReplayPace.FileSpeed || _info.Arrival is not { } arrival || _firstTime is not { } first) return _start!.Value;
        Int128 after = arrival - first;
        return after <= 0 ? _start!.Value : _start!.Value.AddNanoseconds((long)Int128.Min(after, long.MaxValue));
    }
}
