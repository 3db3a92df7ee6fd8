using NetStack.Memory;
using NetStack.Nic;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// A capture file as a NIC: the blocks it is read into are the ring's buffers, and a frame is its bytes in them, by handle. No
/// body is copied or read. A block is read into again once every frame in it was released; while frames keep too many, the file
/// waits and nothing is lost. At the file's end, or its damage, the link goes down.
/// </summary>
/// <remarks>
/// Thread rule of <see cref="INic"/>. Frames come as fast as they are received; <see cref="CaptureReplay"/> plays in the capture's
/// own time. Receiving may wait for the stream the capture comes from, but not for frames beyond what has come once it has some.
/// Nothing is allocated per frame. Buffers that are posted are not needed: none is taken.
/// </remarks>
public sealed class CaptureNic : IMeteredNic
{
    private const int LongestPacket = 65535;

    private readonly CaptureReader _capture;
    private readonly CaptureNicOptions _options;
    private readonly CaptureNicQueue _queue;
    private readonly List<DmaRegion> _mapped = [];
    private PacketFields _first; // read at once, to know how frames begin
    private bool _hasFirst;
    private bool _isFinished;
    private bool _isArmed;
    private bool _isDisposed;
    private Instant _now;
    private Action? _wake;

    /// <summary>Makes a NIC of a capture, and reads on to its first packet.</summary>
    /// <param name="capture">The capture. The NIC takes it over and disposes it; nobody else may read it.</param>
    /// <param name="options">How it behaves; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="CaptureNicOptions.HeldBlocks"/> is less than 1.</exception>
    /// <exception cref="IOException">The writer of sent frames failed before.</exception>
    public CaptureNic(CaptureReader capture, CaptureNicOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(capture);
        _options = options ?? new CaptureNicOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(_options.HeldBlocks, 1, nameof(options));
        _capture = capture;
        _hasFirst = capture.TryTake(out _first);
        _isFinished = !_hasFirst;
        LinkType linkType = _hasFirst ? _first.LinkType : capture.Interfaces.Count > 0 ? capture.Interfaces[0].LinkType : LinkType.Ethernet;
        Info = new NicInfo(_options.Name, _options.Mac, linkType, LongestPacket, _options.Sent is null ? NicCapabilities.ReceiveOnly : NicCapabilities.None);
        _queue = new CaptureNicQueue(this, _options.Sent);
        Queues = [_queue];
        MapBlocks();
    }

    /// <inheritdoc/>
    public NicInfo Info { get; }

    /// <summary>Whether the file goes on. Frames to send are written even when it does not, so that the last answers are not lost.</summary>
    public bool IsLinkUp => !_isFinished;

    /// <inheritdoc/>
    public IReadOnlyList<INicQueue> Queues { get; }

    /// <inheritdoc/>
    public IFlowSteering? Steering => null;

    /// <summary>The interfaces met so far; <see cref="ReceivedFrame.Interface"/> is an index of it.</summary>
    public IReadOnlyList<CaptureInterface> Interfaces => _capture.Interfaces;

    /// <summary>Where reading the file ended early; null while it has not.</summary>
    public CaptureDamage? Damage => _capture.Damage;

    /// <summary>Counts what was fetched of received headers. What consumers read of bodies, they count.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>How many read blocks wait for frames to be released.</summary>
    public int HeldBlocks => _capture.HeldBlocks;

    /// <summary>Whether the file waits for frames to be released.</summary>
    public bool IsBlocked => !_isFinished && HeldBlocks >= _options.HeldBlocks;

    /// <summary>How many snapshots of received frames are out.</summary>
    public int SnapshotsOutstanding => Snapshots.Outstanding;

    /// <summary>The present while frames can be received; null at the end of the file, and while it waits for frames to be released.</summary>
    public Instant? NextDeadline => HasWork ? _now : null;

    internal HeaderSnapshotPool Snapshots { get; } = new();

    private bool HasWork => !_isFinished && !IsBlocked;

    /// <summary>Makes a NIC of a file.</summary>
    /// <inheritdoc cref="CaptureReader.Open(string, CaptureReaderOptions)"/>
    /// <param name="path">Its path; <c>-</c> is standard input.</param>
    /// <param name="options">How it behaves; null for the defaults.</param>
    public static CaptureNic Open(string path, CaptureNicOptions? options = null) => new(CaptureReader.Open(path), options);

    /// <inheritdoc/>
    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNotEqual(queue, 0);
        return new CaptureRegistration(pool, use);
    }

    /// <inheritdoc/>
    public void Poll(Instant now)
    {
        _now = now;
        if (!_isArmed || !HasWork) return;
        _isArmed = false;
        _wake?.Invoke();
    }

    /// <inheritdoc/>
    public void OnWake(Action? wake) => _wake = wake;

    /// <summary>Asks to be woken, which happens in <see cref="Poll"/> after frames that kept the file waiting were released.</summary>
    /// <returns>False when there are frames to receive.</returns>
    public bool TryArm()
    {
        _isArmed = !HasWork;
        return _isArmed;
    }

    /// <summary>Closes the capture. Frames that were received stay valid until they are released.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _isFinished = true;
        if (_hasFirst) _first.Release();
        _hasFirst = false;
        foreach (DmaRegion region in _mapped) region.RemoveRegistration();
        _mapped.Clear();
        _capture.Dispose();
    }

    /// <summary>Takes the next packet of the file.</summary>
    /// <param name="fields">The packet; its bodies are the caller's.</param>
    /// <param name="isFirst">Whether it is the first of a batch: only then waiting for the stream is right.</param>
    internal bool TryTake(out PacketFields fields, bool isFirst)
    {
        fields = default;
        if (_hasFirst)
        {
            fields = _first;
            _first = default;
            _hasFirst = false;
            return true;
        }
        if (!HasWork || (!isFirst && _capture.NothingBuffered)) return false;
        bool isTaken = _capture.TryTake(out fields);
        _isFinished = !isTaken;
        MapBlocks();
        return isTaken;
    }

    /// <summary>Maps read blocks that are new: they are what the file, as a device, writes.</summary>
    private void MapBlocks()
    {
        for (int i = _mapped.Count; i < _capture.Pools.Count; i++)
        {
            DmaRegion region = _capture.Pools[i].Region;
            region.AddRegistration();
            _mapped.Add(region);
        }
    }
}
