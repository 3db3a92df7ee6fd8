using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>
/// One client's share of a NIC. It is an <see cref="INic"/> itself: a stack on a port behaves as a stack on a device, with one
/// queue, buffers it may post, and a wake when frames arrive.
/// </summary>
/// <remarks>
/// <para>Thread rule of <see cref="INic"/>, over the NIC, the multiplexer and all its ports together. Polling a port polls the
/// multiplexer, so a client that knows nothing of it keeps everything moving.</para>
/// <para>Posting buffers is optional: copies go into buffers the client posted, then into those the port owns
/// (<see cref="PortOptions.BufferCount"/>). Frames passed by handle use neither. On a steered port posted buffers go to the
/// device's own queue.</para>
/// </remarks>
public sealed partial class MultiplexerPort : IMeteredNic, IClientNic, IAsyncDisposable
{
    private const int PostedCapacity = 4096;

    private readonly PacketMultiplexer _multiplexer;
    private readonly PortQueue _queue;
    private readonly INicQueue[] _queues;
    private readonly List<PortRegistration> _registrations = [];
    private readonly FetchMeter _meter = new();
    private IpAddress[] _addresses;
    private Task? _detached;
    private volatile Action? _wake;
    private int _armed;

    internal MultiplexerPort(PacketMultiplexer multiplexer, string name, PortOptions options)
    {
        _multiplexer = multiplexer;
        NicInfo device = multiplexer.Nic.Info;
        Name = name;
        Mac = options.Mac ?? device.Mac;
        Info = new NicInfo(name, Mac, device.LinkType, device.Mtu,
            device.Capabilities & ~(NicCapabilities.FlowSteering | NicCapabilities.ReceiveSideScaling));
        _addresses = [.. options.Addresses];
        Filter = options.Filter;
        Copy = options.Copy;
        Trust = options.Trust;
        Promiscuous = options.Promiscuous;
        IsDefault = options.Default;
        IsRouter = options.Router;
        SourceCheck = options.SourceCheck;
        Verification = options.VerificationInForce;
        Terms = options.TermsOf(isSteered: false);
        _heldQuota = options.HeldFrames;
        _handleSlots = new HandleSlots(options.HoldTime);
        _queue = new PortQueue(this);
        _queues = [_queue];
        Counters = new PortCounters(_queue.Counters, _meter);
        _incoming = new BoundedQueue<ReceivedFrame>(options.QueueDepth);
        _outgoing = new BoundedQueue<TransmitFrame>(options.TransmitDepth);
        _lengths = new int[options.TransmitDepth];
        _ownBuffers = options.BufferCount == 0 ? null : BufferPool.Create(options.BufferSize, options.BufferCount, RegionWriter.Owner);
        _buffers = new CopyBuffers(_ownBuffers, PostedCapacity, (multiplexer.Checks & ClientChecks.Posted) != 0);
        _checksBodies = (multiplexer.Checks & ClientChecks.Bodies) != 0;
    }

    /// <summary>The name it was attached by.</summary>
    public string Name { get; }

    /// <inheritdoc/>
    public NicInfo Info { get; }

    /// <summary>The address unicast frames for this port go to, and frames it sends come from.</summary>
    public MacAddress Mac { get; }

    /// <summary>Which of the frames addressed to it the port wants, or null for all.</summary>
    public PortFilter? Filter { get; }

    /// <summary>What decides about copies.</summary>
    public ICopyStrategy Copy { get; }

    /// <summary>What this client declared to believe of the device.</summary>
    public Trust Trust { get; }

    /// <summary>Whether the port sees frames of others.</summary>
    public bool Promiscuous { get; }

    /// <summary>Whether the port takes what nobody else wants.</summary>
    public bool IsDefault { get; }

    /// <summary>Whether the port takes and sends packets of other hosts.</summary>
    public bool IsRouter { get; }

    /// <summary>What is checked of frames this client sends.</summary>
    public SourceCheck SourceCheck { get; }

    /// <summary>Whether steered frames are classified again.</summary>
    public SteeringVerification Verification { get; }

    /// <summary>Whether the hardware places this port's flows, and if not, why.</summary>
    public SteeringState SteeringState { get; internal set; }

    /// <summary>Strategy, trust, placement and verification as they are in force.</summary>
    public ClientTerms Terms { get; internal set; }

    /// <summary>The addresses the port owns now.</summary>
    public IReadOnlyList<IpAddress> Addresses => _addresses;

    /// <summary>What the port counted.</summary>
    public PortCounters Counters { get; }

    FetchMeter IMeteredNic.Meter => _meter;

    /// <summary>Frames by handle that wait or that the client holds.</summary>
    public int HeldFrames => _handleSlots.Outstanding;

    /// <summary>How many of them are held for longer than <see cref="PortOptions.HoldTime"/> now; while it is not 0, further frames
    /// are copied out to the client instead.</summary>
    public int OverdueFrames => _handleSlots.Overdue(_multiplexer.Now);

    /// <summary>The frame the hardware placed wrong last, if any. It lies in this client's memory.</summary>
    public MissteeredFrame? LastMissteered { get; internal set; }

    /// <summary>Whether the port was detached: nothing passes any more.</summary>
    public bool IsDetached => _detached is not null;

    /// <inheritdoc/>
    public bool IsLinkUp => !IsDetached && _multiplexer.Nic.IsLinkUp;

    /// <inheritdoc/>
    public IReadOnlyList<INicQueue> Queues => _queues;

    /// <summary>None: what a port gets is said where it attaches.</summary>
    public IFlowSteering? Steering => null;

    /// <inheritdoc/>
    public Instant? NextDeadline => _multiplexer.NextDeadline;

    internal SteeredQueue? Steered { get; set; }

    internal IReadOnlyList<PortRegistration> Registrations => _registrations;

    /// <summary>Gives the port a further address, as DHCP or an operator does.</summary>
    public void AddAddress(IpAddress address)
    {
        if (!Owns(address)) _addresses = [.. _addresses, address];
    }

    /// <summary>Takes an address from the port.</summary>
    /// <returns>False when it was not the port's.</returns>
    public bool RemoveAddress(IpAddress address)
    {
        int before = _addresses.Length;
        _addresses = [.. _addresses.Where(a => a != address)];
        return _addresses.Length < before;
    }

    /// <summary>
    /// Makes a pool known to the port. Pools to send from are mapped with the device, unless the strategy copies what is sent;
    /// pools to receive into are mapped only on a steered port, elsewhere the multiplexer alone writes them.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is only queue 0.</exception>
    /// <exception cref="ArgumentException">The pool is for receiving and lies in a ring of the multiplexer or in memory of another
    /// client.</exception>
    /// <exception cref="ObjectDisposedException">The port was detached.</exception>
    /// <inheritdoc/>
    public BufferRegistration Register(BufferPool pool, int queue, BufferUse use)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(queue, 0);
        ObjectDisposedException.ThrowIf(IsDetached, this);
        if ((use & BufferUse.Receive) != 0 && _multiplexer.IsForeign(pool.Region, this))
            throw new ArgumentException("The pool lies in a ring of the multiplexer or in memory of another client.", nameof(pool));
        BufferUse mapped = use & ~(Steered is null ? BufferUse.Receive : 0) & ~(Copy.CopiesTransmit ? BufferUse.Transmit : 0);
        BufferRegistration? device = mapped == 0 ? null : _multiplexer.Nic.Register(pool, DeviceQueue.Index, mapped);
        PortRegistration registration = new(this, pool, use, device);
        _registrations.Add(registration);
        return registration;
    }

    /// <summary>Polls the multiplexer, and so every port.</summary>
    /// <inheritdoc/>
    public void Poll(Instant now) => _multiplexer.Poll(now);

    /// <inheritdoc/>
    public void OnWake(Action? wake) => _wake = wake;

    /// <inheritdoc/>
    public bool TryArm()
    {
        if (_incoming.Count > 0) return false;
        Interlocked.Exchange(ref _armed, 1);
        if (_multiplexer.ArmDevice()) return true;
        Interlocked.Exchange(ref _armed, 0);
        return false;
    }

    /// <summary>
    /// Detaches the port: it gets nothing more, what waits is dropped and counted, its rules are removed and its registrations
    /// withdrawn. Does not wait for the device; <see cref="DisposeAsync"/> does.
    /// </summary>
    public void Dispose() => _detached ??= _multiplexer.Detach(this);

    /// <summary>As <see cref="Dispose"/>; completes when every buffer the device had is home and nothing of the client is mapped.
    /// Progress is made by polling the multiplexer.</summary>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return new ValueTask(_detached!);
    }

    /// <summary>Name, terms and filter: what the client relies on, in one line for logs.</summary>
    public override string ToString() =>
        $"{Name}: {Terms} filter={Filter?.ToString() ?? "all"}" +
        (SteeringState is SteeringState.NotAsked or SteeringState.Active ? "" : $", not steered: {SteeringState}");

    internal bool Owns(IpAddress address)
    {
        foreach (IpAddress own in _addresses)
        {
            if (own == address) return true;
        }
        return false;
    }

    /// <summary>Whether frames to this client are written into a region.</summary>
    internal bool ReceivesInto(DmaRegion region)
    {
        if (region == _ownBuffers?.Region || region == Steered?.Ring?.Pool.Region) return true;
        foreach (PortRegistration registration in _registrations)
        {
            if (registration.Pool.Region == region && (registration.Use & BufferUse.Receive) != 0) return true;
        }
        return false;
    }

    internal bool HasAddresses => _addresses.Length > 0;

    /// <summary>Wakes the client, once after each time it armed itself. From any thread.</summary>
    internal void Wake()
    {
        if (Volatile.Read(ref _armed) != 0 && Interlocked.Exchange(ref _armed, 0) != 0) _wake?.Invoke();
    }

    /// <summary>Wakes the client if frames wait for it.</summary>
    internal void WakeIfWaiting()
    {
        if (_incoming.Count > 0) Wake();
    }

    internal void Forget(PortRegistration registration)
    {
        _buffers.Withdraw(registration);
        _registrations.Remove(registration);
    }
}

/// <summary>Whether the hardware places a port's flows.</summary>
public enum SteeringState
{
    /// <summary>The port did not ask.</summary>
    NotAsked = 0,

    /// <summary>It does.</summary>
    Active,

    /// <summary>The device has no flow table.</summary>
    Unsupported,

    /// <summary>Every queue is taken.</summary>
    NoQueue,

    /// <summary>The flow table is full.</summary>
    NoRoom,

    /// <summary>The port's filter has no part that a flow table can match exactly.</summary>
    NotExact,
}

/// <summary>A frame the hardware placed into the wrong client's memory.</summary>
/// <param name="Tag">The tag it carried.</param>
/// <param name="Length">Bytes in the frame.</param>
/// <param name="Why">Whether the tag was wrong or the frame was.</param>
public readonly record struct MissteeredFrame(FlowTag Tag, int Length, MissteerReason Why);

/// <summary>How a frame was seen to be placed wrong.</summary>
public enum MissteerReason
{
    /// <summary>It carried a tag that is not programmed for the queue it came on.</summary>
    Tag = 0,

    /// <summary>Its headers are not of the client's flow.</summary>
    Headers = 1,
}
