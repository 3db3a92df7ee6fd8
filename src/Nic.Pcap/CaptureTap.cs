using NetStack.Memory;
using NetStack.Nic;
using NetStack.Nic.Pcap;

namespace NetStack;

/// <summary>
/// A NIC with a tap: everything that passes another NIC is written to a capture as well, with its direction. The NIC does not notice:
/// when the capture cannot be written any more, a full disk say, the tap stops and counts what it misses, and frames go on passing.
/// </summary>
/// <remarks>
/// Thread rule of <see cref="INic"/>. Headers of received frames come from the snapshot that every later reader decides by, the rest is
/// read once into the file. Sent frames are written as they are handed over, as tcpdump shows them: checksums that the device is to
/// fill in are not filled in yet, and a super-segment is one frame.
/// </remarks>
public sealed class CaptureTap : INicDecorator, IMeteredNic
{
    private readonly TapFile _file;
    private readonly TimeSpan _flushInterval;
    private Instant _now;
    private Instant? _flushAt;
    private bool _isDisposed;

    /// <summary>Taps a NIC into a new pcapng file.</summary>
    /// <param name="inner">The NIC, which the tap owns from now on.</param>
    /// <param name="path">The file, which is written over; <c>-</c> is standard output.</param>
    /// <param name="options">How the tap works; null for the defaults.</param>
    /// <inheritdoc cref="CaptureWriter.Create(string, CaptureWriterOptions)" path="/exception"/>
    public CaptureTap(INic inner, string path, CaptureTapOptions? options = null)
        : this(inner, Create(path, Checked(options)), options)
    {
    }

    /// <summary>Taps a NIC into a capture.</summary>
    /// <param name="inner">The NIC, which the tap owns from now on.</param>
    /// <param name="writer">The capture; the tap adds an interface to it.</param>
    /// <param name="options">How the tap works; null for the defaults.</param>
    /// <param name="leaveOpen">Whether disposing the tap leaves the writer open.</param>
    /// <exception cref="ArgumentOutOfRangeException">The snap length is negative, or the flush interval is not positive.</exception>
    /// <exception cref="IOException">The capture could not be written before.</exception>
    public CaptureTap(INic inner, CaptureWriter writer, CaptureTapOptions? options = null, bool leaveOpen = false)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(writer);
        options = Checked(options);
        Inner = inner;
        _flushInterval = options.FlushInterval;
        _file = new TapFile(writer, inner.Info, options, leaveOpen);
        Queues = [.. inner.Queues.Select(q => new CaptureTapQueue(q, _file))];
    }

    /// <inheritdoc/>
    public INic Inner { get; }

    /// <inheritdoc/>
    public NicInfo Info => Inner.Info;

    /// <inheritdoc/>
    public bool IsLinkUp => Inner.IsLinkUp;

    /// <inheritdoc/>
    public IReadOnlyList<INicQueue> Queues { get; }

    /// <inheritdoc/>
    public IFlowSteering? Steering => Inner.Steering;

    /// <summary>What was fetched of received frames by those behind the tap; the tap's own reading is on its writer's meter.</summary>
    public FetchMeter Meter => (Inner as IMeteredNic)?.Meter ?? _file.NoMeter;

    /// <summary>Frames written to the capture.</summary>
    public long FramesWritten => _file.FramesWritten;

    /// <summary>Frames that passed and were not written because the capture had failed.</summary>
    public long FramesMissed => _file.FramesMissed;

    /// <summary>Why the capture could not be written any more; null while it can.</summary>
    public Exception? Failure => _file.Failure;

    /// <inheritdoc/>
    public Instant? NextDeadline => Instant.Earliest(Inner.NextDeadline, _flushAt ?? (_file.IsFlushDue ? (Instant?)_now : null));

    /// <inheritdoc/>
    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => Inner.Register(pool, queue, use);

    /// <inheritdoc/>
    public void Poll(Instant now)
    {
        _now = now;
        Inner.Poll(now);
        if (!_file.IsFlushDue) _flushAt = null;
        else if (_flushAt is null) _flushAt = now + _flushInterval;
        else if (_flushAt <= now)
        {
            _flushAt = null;
            _file.Flush();
        }
    }

    /// <inheritdoc/>
    public void OnWake(Action? wake) => Inner.OnWake(wake);

    /// <inheritdoc/>
    public bool TryArm() => Inner.TryArm();

    /// <summary>Writes out what was captured now, instead of when it is due.</summary>
    public void Flush() => _file.Flush();

    /// <summary>Disposes of the NIC, then writes out and closes the capture.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        try
        {
            Inner.Dispose();
        }
        finally
        {
            _file.Close();
        }
    }

    /// <summary>Creates the file after the options were checked: what is wrong must not cost an older file.</summary>
    private static CaptureWriter Create(string path, CaptureTapOptions _) => CaptureWriter.Create(path);

    private static CaptureTapOptions Checked(CaptureTapOptions? options)
    {
        options ??= new CaptureTapOptions();
        ArgumentOutOfRangeException.ThrowIfNegative(options.SnapLength, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.FlushInterval, TimeSpan.Zero, nameof(options));
        return options;
    }
}
