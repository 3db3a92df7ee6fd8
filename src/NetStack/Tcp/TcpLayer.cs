using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>
/// TCP (RFC 9293): connections, listeners, ports. Segments and time go in, segments and events come out; it never blocks and
/// never waits.
/// </summary>
/// <remarks>
/// One thread owns the layer and all its connections and listeners. Who calls what again: after
/// <see cref="Connect(in TcpConnectOptions, Instant, out TcpConnection?)"/> and after any call on a connection that may let
/// something out (write, read, consume, shutdown, close, abort) the stack's transmit step must run; after every step read events
/// until <see cref="TryReadEvent"/> returns false. A reader that got nothing waits for <see cref="TcpEvents.Readable"/>, a writer
/// whose write was cut short for <see cref="TcpEvents.Writable"/>.
/// </remarks>
public sealed partial class TcpLayer : IStackPart
{
    private static readonly TimeSpan StarvedInterval = TimeSpan.FromMilliseconds(5);

    private readonly Dictionary<FourTuple, ITcpFlow> _flows;
    private readonly FourTupleComparer _hash;
    private readonly DeadlineHeap<ITcpFlow> _deadlines = new();
    private readonly PortTable _ports = new();
    private readonly Queue<TcpConnection> _ready = new();
    private readonly Queue<object> _events = new(); // TcpConnection or TcpListener
    private readonly Queue<TcpConnection> _starved = new(); // want to write, but the transmit pool was empty
    private Instant? _starvedAt;

    internal TcpLayer(IIpOutput ip, TcpSettings settings, FetchMeter meter)
    {
        Meter = meter;
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.ReceiveBlockSize, 512, nameof(settings));
        Ip = ip;
        Settings = settings;
        SeededRandom secrets = new(settings.Seed);
        _hash = new FourTupleComparer(ConnectionHash.From(ref secrets));
        _flows = new Dictionary<FourTuple, ITcpFlow>(_hash);
        _initialSequence = new InitialSequence(ConnectionHash.From(ref secrets));
        _timestampOffset = new TimestampOffset(ConnectionHash.From(ref secrets));
        _cookies = new SynCookies(ConnectionHash.From(ref secrets), ConnectionHash.From(ref secrets));
        _allocator = new PortAllocator(settings.FirstEphemeralPort, settings.LastEphemeralPort, ref secrets);
        _challenges = new ChallengeAckLimiter(settings.ChallengeAcksPerSecond, new SeededRandom(secrets.Next()));
        Memory = new ReceiveMemory(settings.ReceiveBlockSize, settings.ReceiveMemory);
    }

    /// <summary>The settings.</summary>
    public TcpSettings Settings { get; }

    /// <summary>The counters.</summary>
    public TcpCounters Counters { get; } = new();

    /// <summary>Connections in any state but TIME-WAIT, half-open ones included.</summary>
    public int ConnectionCount => _flows.Count - TimeWaitCount;

    /// <summary>Connections in TIME-WAIT.</summary>
    public int TimeWaitCount { get; private set; }

    /// <summary>Connections whose user let go of them and that are not over yet.</summary>
    public int OrphanCount { get; internal set; }

    /// <summary>Whether nothing could be sent since the segment before: it and this one are acknowledged together.</summary>
    internal bool IsInBatch { get; set; }

    internal IIpOutput Ip { get; }

    /// <summary>Counts what is read and copied of bodies.</summary>
    internal FetchMeter Meter { get; }

    internal ReceiveMemory Memory { get; }

    internal PortTable Ports => _ports;

    /// <inheritdoc/>
    Instant? IStackPart.NextDeadline => Instant.Earliest(_deadlines.NextDeadline, _starvedAt);

    /// <summary>Binds a port without listening or connecting yet.</summary>
    /// <param name="options">The address and port.</param>
    /// <param name="binding">The port, owned by the caller until it is handed on or released.</param>
    /// <returns><see cref="TcpError.AddressInUse"/>, <see cref="TcpError.AddressNotAvailable"/>, or none.</returns>
    public TcpError Bind(in TcpBindOptions options, out TcpBinding? binding)
    {
        binding = null;
        IpAddress address = options.Local.Address;
        if (address.IsMulticast || address.IsLimitedBroadcast) return TcpError.InvalidArgument;
        if (!address.IsNone && !address.IsUnspecified && !Ip.IsLocalAddress(address)) return TcpError.AddressNotAvailable;
        TcpBindOptions chosen = options;
        if (options.Local.Port == 0)
        {
            if (!TryChoosePort(options, out ushort port)) return TcpError.AddressNotAvailable;
            chosen = options with { Local = options.Local with { Port = port } };
        }
        else if (!_ports.IsFree(options)) return TcpError.AddressInUse;
        binding = _ports.Add(chosen);
        return TcpError.None;
    }

    /// <summary>Listens.</summary>
    /// <param name="options">Where, and how much may wait.</param>
    /// <param name="listener">The listener.</param>
    /// <returns>As <see cref="Bind"/>; <see cref="TcpError.InvalidArgument"/> for a binding that was released or listens already.</returns>
    public TcpError Listen(in TcpListenOptions options, out TcpListener? listener)
    {
        listener = null;
        TcpBinding? binding = options.Binding;
        if (binding is null)
        {
            TcpError error = Bind(options.Bind, out binding);
            if (error != TcpError.None) return error;
        }
        if (!binding!.IsHeld || binding.Listener is not null) return TcpError.InvalidArgument;
        listener = new TcpListener(this, binding, options, options.Connection ?? Settings.Defaults);
        return TcpError.None;
    }

    /// <summary>Ends every connection with a reset, those that nobody holds any more too, and forgets half-open ones and TIME-WAIT: the
    /// stack is being shut down.</summary>
    public void AbortAll()
    {
        foreach (ITcpFlow flow in _flows.Values.ToArray())
        {
            if (flow is TcpConnection connection) connection.Abort();
            else if (flow is PassiveOpen open) Forget(open);
            else if (flow is TimeWaitEntry entry) OnTimeWaitOver(entry);
        }
    }

    /// <summary>Begins to connect; <see cref="TcpEvents.Connected"/> or <see cref="TcpEvents.Closed"/> says how it went.</summary>
    /// <param name="options">Whom to, and from where.</param>
    /// <param name="now">The present.</param>
    /// <param name="connection">The connection, in SYN-SENT. Writes are queued and sent once it is established.</param>
    /// <returns>What is wrong, or none.</returns>
    public TcpError Connect(in TcpConnectOptions options, Instant now, out TcpConnection? connection)
    {
        connection = null;
        IpAddress remote = options.Remote.Address;
        TcpEndpoint local = options.Binding?.Local ?? options.Local;
        if (remote.IsNone || remote.IsMulticast || remote.IsUnspecified || remote.IsLimitedBroadcast || options.Remote.Port == 0) return TcpError.InvalidArgument;
        if (options.Binding is { } given && (!given.IsHeld || given.Listener is not null)) return TcpError.InvalidArgument;
        IpAddress source = local.Address.IsUnspecified ? default : local.Address;
        if (!source.IsNone && source.IsV4 != remote.IsV4) return TcpError.InvalidArgument;
        if (!source.IsNone && !Ip.IsLocalAddress(source)) return TcpError.AddressNotAvailable;
        if (ConnectionCount >= Settings.MaxConnections) return TcpError.NoBufferSpace;
        if (!Ip.TryFindPath(remote, source, options.Interface, out IpPath path)) return TcpError.NetworkUnreachable;
        TcpError error = TakePort(options, local with { Address = path.Source }, path.Interface, now, out FourTuple tuple, out TcpBinding? binding);
        if (error != TcpError.None) return error;
        connection = TcpConnection.CreateActive(this, tuple, options, path, binding, now);
        Add(tuple, connection);
        Counters.ActiveOpens++;
        return TcpError.None;
    }

    /// <summary>Takes the oldest event; what one connection has to say is merged into one.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryReadEvent(out TcpEvent happened)
    {
        while (_events.TryDequeue(out object? subject))
        {
            if (subject is TcpConnection connection)
            {
                happened = new TcpEvent(connection, null, connection.TakeEvents());
                if (happened.What != TcpEvents.None) return true;
            }
            else
            {
                TcpListener listener = (TcpListener)subject;
                listener.IsEventQueued = false;
                happened = new TcpEvent(null, listener, TcpEvents.Acceptable);
                return true;
            }
        }
        happened = default;
        return false;
    }

    /// <inheritdoc/>
    void IStackPart.OnDeadline(Instant now)
    {
        while (_deadlines.TryTakeDue(now, out ITcpFlow flow)) flow.OnDeadline(now);
        if (_starvedAt is { } at && at <= now) FeedStarved(now);
    }

    /// <inheritdoc/>
    bool IStackPart.TransmitOne(Instant now)
    {
        while (_ready.TryDequeue(out TcpConnection? connection))
        {
            connection.IsReady = false;
            SendOutcome? outcome = connection.TransmitOne(now);
            if (outcome is null) continue;
            MarkReady(connection); // there may be more; if not, its next turn finds out
            if (outcome != SendOutcome.NoRoom) return true;
            return false;
        }
        return false;
    }

    /// <summary>Lets a connection transmit in its turn.</summary>
    internal void MarkReady(TcpConnection connection)
    {
        if (connection.IsReady) return;
        connection.IsReady = true;
        _ready.Enqueue(connection);
    }

    /// <summary>Queues a connection whose events are to be read.</summary>
    internal void Raise(TcpConnection connection) => _events.Enqueue(connection);

    /// <summary>Queues a listener's event.</summary>
    internal void Raise(TcpListener listener)
    {
        if (listener.IsEventQueued) return;
        listener.IsEventQueued = true;
        _events.Enqueue(listener);
    }

    /// <summary>Remembers a connection whose write was cut short because the transmit pool was empty.</summary>
    internal void AddStarved(TcpConnection connection)
    {
        if (connection.IsStarved) return;
        connection.IsStarved = true;
        _starved.Enqueue(connection);
        _starvedAt ??= Instant.Zero; // at the next look
    }

    internal void Schedule(ITcpFlow flow, Instant? deadline) => _deadlines.Set(flow, deadline);

    /// <summary>Tells writers that the pool has buffers again; while it has none, looks again soon.</summary>
    private void FeedStarved(Instant now)
    {
        for (int room = Settings.TransmitPool.Available; room > 0 && _starved.TryDequeue(out TcpConnection? connection); room--)
        {
            connection.IsStarved = false;
            connection.OnPoolHasRoom();
        }
        _starvedAt = _starved.Count == 0 ? null : now + StarvedInterval;
    }

    private void Add(in FourTuple tuple, ITcpFlow flow)
    {
        _flows.Add(tuple, flow);
    }

    /// <summary>Takes a connection out of the table: it is closed.</summary>
    internal void Remove(TcpConnection connection)
    {
        _deadlines.Remove(connection);
        if (_flows.TryGetValue(connection.Tuple, out ITcpFlow? flow) && ReferenceEquals(flow, connection)) _flows.Remove(connection.Tuple);
    }
}
