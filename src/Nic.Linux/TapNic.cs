using NetStack.Memory;
using NetStack.Nic;
using NetStack.Nic.Linux;
using NetStack.Nic.Linux.Interop;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// A TAP device of Linux as a NIC: what the kernel sends out of the interface is received here, and what is sent here comes in
/// there. Frames go straight between the kernel and registered buffers, which hold nothing the kernel could change afterwards.
/// </summary>
/// <remarks>
/// Thread rule of <see cref="INic"/>. Nothing is allocated per frame. The link is up while the interface is; it is looked at ten
/// times a second at most, and when it failed. If the interface is deleted, the link is down for good.
/// A frame longer than the interface's MTU allows is dropped and counted, never cut; a buffer of at least the MTU and 23 bytes
/// holds every frame, smaller ones are chained. With <see cref="TapOptions.Offload"/> frames have up to 64 KiB.
/// </remarks>
public sealed class TapNic : IWaitableNic, IMeteredNic
{
    private const NicCapabilities Offloads = NicCapabilities.ReceiveChecksum | NicCapabilities.TransmitChecksum
        | NicCapabilities.SegmentationOffload | NicCapabilities.ReceiveCoalescing;

    private static readonly TimeSpan CheckLinkAfter = TimeSpan.FromMilliseconds(100);

    private readonly TapDevice _device;
    private readonly TapQueue _queue;
    private readonly List<TapRegistration> _registrations = [];
    private TapRegistration? _lastUsed; // for sending
    private Instant _nextCheck = new(long.MinValue);
    private long _wakeId; // under which the waker knows us; 0 before the first time
    private bool _wasWoken;
    private bool _isArmed;
    private bool _isDisposed;
    private Action? _wake;

    /// <summary>
    /// Opens a TAP device. One that is there already (<c>ip tuntap add dev NAME mode tap user USER</c>) may be opened by its user;
    /// to make one, which ends with this NIC, takes CAP_NET_ADMIN. It is not brought up, nor given an address.
    /// </summary>
    /// <param name="name">The interface, at most 15 bytes; <c>tap%d</c> takes the first number that is free.</param>
    /// <param name="options">How it is opened; null for the defaults.</param>
    /// <exception cref="ArgumentException">It is no interface name, or an option is out of range.</exception>
    /// <exception cref="UnauthorizedAccessException">The user may not.</exception>
    /// <exception cref="IOException">There is no <c>/dev/net/tun</c>, the device is in use, or the interface is no TAP device; the
    /// message says what to do, HResult is the system's error number.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    public TapNic(string name, TapOptions? options = null)
        : this(Open(name, options ??= new TapOptions()), options)
    {
    }

    internal TapNic(TapDevice device, TapOptions options)
    {
        _device = device;
        Info = new NicInfo(_device.Name, options.Mac ?? MacOf(_device.Name), LinkType.Ethernet, _device.Mtu, options.Offload ? Offloads : NicCapabilities.None);
        _queue = new TapQueue(this, _device, options);
        Queues = [_queue];
        CheckLink();
    }

    /// <inheritdoc/>
    public NicInfo Info { get; }

    /// <inheritdoc/>
    public bool IsLinkUp { get; internal set; }

    /// <inheritdoc/>
    public IReadOnlyList<INicQueue> Queues { get; }

    /// <inheritdoc/>
    public IFlowSteering? Steering => null;

    /// <summary>Never: whatever happens, the system tells.</summary>
    public Instant? NextDeadline => null;

    /// <summary>Counts what was fetched of received headers.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>How many snapshots of received frames are out.</summary>
    public int SnapshotsOutstanding => Snapshots.Outstanding;

    internal HeaderSnapshotPool Snapshots { get; } = new();

    internal Descriptor Descriptor => _device.Descriptor;

    /// <summary>Whether the last frame to send found no room.</summary>
    internal bool IsShort { get; set; }

    /// <summary>Whether there is no device any more.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>What would give us work. Frames do not while there is nowhere to put them.</summary>
    internal Readiness Wanted => (_queue.HasBuffers ? Readiness.Receive : 0) | (IsShort || !IsLinkUp ? Readiness.Send : 0);

    /// <inheritdoc/>
    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfNotEqual(queue, 0);
        if (use is < BufferUse.Receive or > (BufferUse.Receive | BufferUse.Transmit)) throw new ArgumentOutOfRangeException(nameof(use));
        TapRegistration registration = new(this, pool, use);
        _registrations.Add(registration);
        return registration;
    }

    /// <inheritdoc/>
    public void Poll(Instant now)
    {
        _queue.Poll();
        if (now < _nextCheck && !Volatile.Read(ref _wasWoken)) return;
        Volatile.Write(ref _wasWoken, false);
        _nextCheck = now + CheckLinkAfter;
        CheckLink();
    }

    /// <inheritdoc/>
    public void OnWake(Action? wake) => Volatile.Write(ref _wake, wake);

    /// <inheritdoc/>
    public bool TryArm()
    {
        bool wasUp = IsLinkUp;
        Readiness ready = CheckLink();
        if (IsLinkUp != wasUp || (ready & Wanted) != 0) return false;
        if (IsLost) return true; // nothing will happen any more
        Volatile.Write(ref _isArmed, true);
        _wakeId = TapWaker.Shared.Arm(this, _wakeId);
        return true;
    }

    /// <inheritdoc/>
    public IWaitSet CreateWaitSet() => new TapWaitSet();

    /// <summary>Closes the device; one that this NIC made is gone then. Frames that were received stay valid until they are released.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        Volatile.Write(ref _isArmed, false);
        Lose();
        if (_wakeId != 0) TapWaker.Shared.Forget(_wakeId);
        while (_registrations.Count > 0) Unregister(_registrations[^1]);
        _device.Dispose();
    }

    internal bool Owns(TapRegistration registration) => registration.IsActive && _registrations.Contains(registration);

    /// <summary>The registration under which a pool's bytes may be sent, if any.</summary>
    internal TapRegistration? TransmitRegistrationOf(BufferPool pool)
    {
        if (_lastUsed?.Pool == pool) return _lastUsed;
        foreach (TapRegistration registration in _registrations)
        {
            if (registration.Pool == pool && registration.MayTransmit) return _lastUsed = registration;
        }
        return null;
    }

    internal void Unregister(TapRegistration registration)
    {
        _queue.Withdraw(registration);
        _registrations.Remove(registration);
        if (_lastUsed == registration) _lastUsed = null;
        registration.End();
    }

    /// <summary>Notes what the system reports, on the pumping thread.</summary>
    internal void OnReady(Readiness ready)
    {
        if ((ready & Readiness.Gone) != 0)
        {
            Lose();
        }
        else if ((ready & Readiness.Send) != 0 && !IsLost)
        {
            IsLinkUp = true;
            IsShort = false;
        }
    }

    /// <summary>Wakes whoever asked, from the waker's thread.</summary>
    internal void Woken()
    {
        Volatile.Write(ref _wasWoken, true);
        if (Interlocked.Exchange(ref _isArmed, false)) Volatile.Read(ref _wake)?.Invoke();
    }

    /// <summary>The device is of no use any more.</summary>
    internal void Lose()
    {
        IsLost = true;
        IsLinkUp = false;
    }

    private static TapDevice Open(string name, TapOptions options)
    {
        TapErrors.CheckName(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RingSize, 1, nameof(options));
        if (options.Mac is { IsMulticast: true } mac) throw new ArgumentException($"{mac} is the address of a group.", nameof(options));
        return TapDevice.Open(name, options.Offload);
    }

    /// <summary>Asks the system what is possible now. A device that is up can be written to, unless it is short of room.</summary>
    private Readiness CheckLink()
    {
        if (IsLost || !Descriptor.Hold()) return 0;
        Readiness ready = _device.Ready();
        Descriptor.Release();
        if ((ready & (Readiness.Send | Readiness.Gone)) == 0 && !IsShort) IsLinkUp = false;
        OnReady(ready);
        return ready;
    }

    /// <summary>A locally administered address that is the same each time (FNV-1a over the name).</summary>
    private static MacAddress MacOf(string name)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in name) hash = (hash ^ c) * 1099511628211;
        return new MacAddress(0x02_00_00_00_00_00 | (hash ^ hash >> 40) & 0xFF_FFFF_FFFF);
    }
}
