using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>
/// A NIC in software: descriptor rings in shared memory, an IOMMU, RSS, a flow table and offloads, with a driver that believes
/// nothing the device says without checking. Its wire side is an <see cref="IWireEnd"/>: put frames in there, and attach what
/// sent frames go to.
/// </summary>
/// <remarks>Thread rule of <see cref="INic"/>. Deterministic: all chance comes from the seed, all time is handed in.</remarks>
public sealed class VirtualNic : IMeteredNic, IWireEnd
{
    /// <summary>Bytes a frame may have beyond the MTU: an Ethernet header and two VLAN tags.</summary>
    internal const int LinkOverhead = EthernetView.Size + 2 * VlanView.Size;

    /// <summary>How long the device waits before it offers the wire again what it did not take, or looks again whether a registration can end.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMicroseconds(100);

    private readonly VirtualNicOptions _options;
    private readonly VirtualDevice _device;
    private readonly VirtualNicQueue[] _queues;
    private readonly List<VirtualRegistration> _registrations = [];
    private Instant? _unannouncedSince; // when the driver was first polled with frames it had not been woken for
    private Action? _wake;
    private bool _isArmed;
    private bool _isDisposed;

    /// <summary>Builds a NIC.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public VirtualNic(VirtualNicOptions options)
    {
        options.Check();
        _options = options;
        Iommu = new Iommu(options.Iommu);
        Flows = new FlowTable(options.FlowRules, options.Queues);
        _device = new VirtualDevice(options, Iommu, Flows);
        _queues = new VirtualNicQueue[options.Queues];
        for (int i = 0; i < _queues.Length; i++) _queues[i] = new VirtualNicQueue(this, _device, options, i);
        Info = new NicInfo(options.Name, options.Mac, options.LinkType, options.Mtu, CapabilitiesOf(options));
    }

    /// <inheritdoc/>
    public NicInfo Info { get; }

    /// <inheritdoc/>
    public bool IsLinkUp => _device.IsLinkUp;

    /// <inheritdoc/>
    public IReadOnlyList<INicQueue> Queues => _queues;

    /// <inheritdoc/>
    public IFlowSteering? Steering => _options.FlowRules > 0 ? Flows : null;

    /// <summary>The IOMMU between device and memory.</summary>
    public Iommu Iommu { get; }

    /// <summary>What the device dropped before a frame reached a ring, or while sending.</summary>
    public DropCounters DeviceDrops => _device.Drops;

    /// <summary>How often the driver rang the device's doorbell: once for each batch of buffers or frames.</summary>
    public long Doorbells => _device.Doorbells;

    /// <summary>Counts what was fetched of received headers.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>How many snapshots of received frames are out.</summary>
    public int SnapshotsOutstanding => Snapshots.Outstanding;

    /// <inheritdoc/>
    public Instant? NextDeadline
    {
        get
        {
            Instant? announce = !_isArmed || _device.Unannounced == 0 ? null : _unannouncedSince is { } since ? since + _options.WakeDelay : _device.Now;
            bool isDraining = _registrations.Exists(static r => r.Stage == VirtualRegistration.Phase.Draining); // the driver may have taken the last frame since
            Instant? retry = _device.Transmit.IsBlocked || isDraining ? _device.Now + RetryAfter : null;
            return Instant.Earliest(Instant.Earliest(announce, retry), Iommu.FlushDue);
        }
    }

    internal FlowTable Flows { get; }

    internal HeaderSnapshotPool Snapshots { get; } = new();

    /// <summary>Plugs in the cable: where sent frames go. Null pulls it out; frames are then dropped and counted.</summary>
    public void Attach(IWireEnd? wire) => _device.Transmit.Wire = wire;

    /// <summary>Sets the link up or down. Down, nothing comes in and nothing goes out.</summary>
    public void SetLink(bool isUp) => _device.IsLinkUp = isUp && !_isDisposed;

    /// <inheritdoc/>
    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        if (!IsLinkUp)
        {
            _device.Drops.Add(DropReason.LinkDown);
            return true;
        }
        if (!_device.TryDeliver(frame, info)) return false;
        Announce();
        return true;
    }

    /// <inheritdoc/>
    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(queue);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(queue, _queues.Length);
        if (use is < BufferUse.Receive or > (BufferUse.Receive | BufferUse.Transmit)) throw new ArgumentOutOfRangeException(nameof(use));
        pool.Region.AddRegistration();
        int domain = _device.DomainOf(queue);
        int length = pool.Count * pool.BufferSize;
        VirtualRegistration registration = new(this, pool, queue, use)
        {
            ReceiveIova = (use & BufferUse.Receive) != 0 ? Iommu.Map(domain, pool.Region, pool.Offset, length, DmaDirection.Write) : 0,
            TransmitIova = (use & BufferUse.Transmit) != 0 ? Iommu.Map(domain, pool.Region, pool.Offset, length, DmaDirection.Read) : 0,
        };
        _registrations.Add(registration);
        if (_options.Tamper is not null && registration.ReceiveIova != 0) new DeviceMemory(pool.Region).OnFetched((offset, bytes) => Fetched(pool.Region, offset, bytes));
        return registration;
    }

    /// <inheritdoc/>
    public void Poll(Instant now)
    {
        if (_isDisposed) return;
        _device.Now = now;
        _device.Poll();
        foreach (VirtualNicQueue queue in _queues) queue.Poll();
        Iommu.Poll(now);
        foreach (VirtualRegistration registration in _registrations) Advance(registration, now);
        _registrations.RemoveAll(static r => r.Stage == VirtualRegistration.Phase.Gone);
        if (_device.Unannounced > 0) _unannouncedSince ??= now;
        Announce();
    }

    /// <inheritdoc/>
    public void OnWake(Action? wake) => _wake = wake;

    /// <inheritdoc/>
    public bool TryArm()
    {
        _device.Unannounced = 0;
        _unannouncedSince = null;
        _isArmed = !_isDisposed;
        if (_isDisposed) return true;
        foreach (VirtualNicQueue queue in _queues)
        {
            if (!queue.HasWork) continue;
            _isArmed = false;
            return false;
        }
        return true;
    }

    /// <summary>Takes the device down: registrations end without waiting, since nothing can write any more.</summary>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _isArmed = false;
        _device.IsLinkUp = false;
        _device.IsDead = true;
        foreach (VirtualNicQueue queue in _queues) queue.Dispose();
        foreach (VirtualRegistration registration in _registrations) registration.Complete();
        _registrations.Clear();
    }

    /// <summary>The table a buffer's number belongs to, for a driver that does not ask whose queue it came on.</summary>
    internal PostedBuffers PostedUnder(uint id) => _queues[(int)(id / (uint)_options.RingSize)].PostedBuffers;

    internal bool Owns(VirtualRegistration registration) => _registrations.Contains(registration);

    internal VirtualRegistration? TransmitRegistrationOf(BufferPool pool, int queue)
    {
        foreach (VirtualRegistration registration in _registrations)
        {
            if (registration.Queue == queue && registration.TransmitIova != 0 && registration.Pool == pool && registration.IsActive) return registration;
        }
        return null;
    }

    internal void BeginUnregister(VirtualRegistration registration)
    {
        registration.Stage = VirtualRegistration.Phase.Draining;
        _queues[registration.Queue].Withdraw(registration);
        Advance(registration, _device.Now);
    }

    /// <summary>Tells the hostile device what was read, by the addresses it knows.</summary>
    private void Fetched(DmaRegion region, int offset, int length)
    {
        foreach (VirtualRegistration registration in _registrations)
        {
            BufferPool pool = registration.Pool;
            int at = offset - pool.Offset;
            if (pool.Region != region || registration.ReceiveIova == 0 || at < 0 || at >= pool.Count * pool.BufferSize) continue;
            _device.Fetched(registration.Queue, registration.ReceiveIova + (ulong)(at - at % pool.BufferSize), at % pool.BufferSize, length);
            return;
        }
    }

    private void Advance(VirtualRegistration registration, Instant now)
    {
        if (registration.Stage != VirtualRegistration.Phase.Draining || !_queues[registration.Queue].IsClear(registration)) return;
        registration.Stage = VirtualRegistration.Phase.Unmapping;
        if (Iommu.IsPermanent) End(registration);
        else Unmap(registration, now);
    }

    private void Unmap(VirtualRegistration registration, Instant now)
    {
        int domain = _device.DomainOf(registration.Queue);
        int pending = (registration.ReceiveIova != 0 ? 1 : 0) + (registration.TransmitIova != 0 ? 1 : 0);
        if (registration.ReceiveIova != 0) Iommu.Unmap(domain, registration.ReceiveIova, now, Flushed);
        if (registration.TransmitIova != 0) Iommu.Unmap(domain, registration.TransmitIova, now, Flushed);

        void Flushed()
        {
            if (--pending == 0) End(registration);
        }
    }

    private void End(VirtualRegistration registration)
    {
        _queues[registration.Queue].Reclaim(registration);
        registration.Complete();
    }

    /// <summary>Wakes the driver when enough frames wait, or the first of them long enough.</summary>
    private void Announce()
    {
        if (!_isArmed && (_options.Checks & CompletionChecks.WakeOnce) != 0) return;
        bool isDue = IsAnnouncementDue();
        if (!(_options.Tamper?.OnWake(isDue) ?? isDue))
        {
            if (!isDue) return;
            _device.Unannounced = 0; // an interrupt that never came is not due later
            _unannouncedSince = null;
            return;
        }
        _isArmed = false;
        _wake?.Invoke();
    }

    private bool IsAnnouncementDue()
    {
        if (_device.Unannounced == 0) return false;
        if (_device.Unannounced >= _options.WakeFrames || _options.WakeDelay == TimeSpan.Zero) return true;
        return _unannouncedSince is { } since && _device.Now >= since + _options.WakeDelay;
    }

    private static NicCapabilities CapabilitiesOf(VirtualNicOptions options) =>
        (options.ReceiveChecksum ? NicCapabilities.ReceiveChecksum : 0)
        | (options.TransmitOffload ? NicCapabilities.TransmitChecksum | NicCapabilities.SegmentationOffload : 0)
        | (options.Queues > 1 ? NicCapabilities.ReceiveSideScaling : 0)
        | (options.FlowRules > 0 ? NicCapabilities.FlowSteering : 0)
        | (options.VlanStrip ? NicCapabilities.VlanStrip : 0)
        | (options.ReceiveCoalescing ? NicCapabilities.ReceiveCoalescing : 0)
        | (options.HeaderSplit ? NicCapabilities.HeaderSplit : 0);
}
