using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>
/// Shares one NIC among many clients. It owns the rings of the NIC's unsteered queues: their memory is registered once, kept
/// posted, and never mapped or unmapped while frames pass. Every frame is classified on the one snapshot of its headers and goes
/// to the ports that want it, as each port's strategy says; what nobody wants goes back to the ring at once.
/// </summary>
/// <remarks>
/// <para>Who gets a frame:</para>
/// <list type="bullet">
/// <item>A unicast frame: the ports with its destination MAC address whose filter matches.</item>
/// <item>Broadcast and multicast: every port whose filter matches. The buffer is counted, not copied, for those that take it by handle.</item>
/// <item>ARP and neighbour solicitations and advertisements: the port that owns the address asked for, whatever its filter;
/// gratuitous ARP, router and multicast neighbour advertisements: every port with addresses; and every port whose filter names them.</item>
/// <item>ICMP errors: the port the quoted packet would have come back to, that is, which sent it.</item>
/// <item>Later fragments: as the first fragment of their datagram, which is remembered for a while; if it is not known, ports whose
/// filter decides without ports, and else the default port.</item>
/// <item>Promiscuous ports: everything their filter matches, of all the above.</item>
/// <item>The default port: what nobody else wants. Without one such frames are dropped and counted.</item>
/// </list>
/// <para>A steered frame goes to the port whose queue it came on; other ports see it only if they are promiscuous. Frames are not
/// passed from port to port: what a client sends goes to the device, and comes back if the other side of the link returns it.</para>
/// <para>Not thread-safe: one thread pumps the NIC, the multiplexer and all ports. <see cref="Poll"/> allocates nothing in the
/// steady state. The multiplexer does not own the NIC.</para>
/// </remarks>
public sealed partial class PacketMultiplexer : IPollable, IAsyncDisposable
{
    private readonly MultiplexerOptions _options;
    private readonly FilledRing[] _rings;
    private readonly Classifier _classifier;
    private readonly List<Withdrawal> _withdrawals = [];
    private readonly ReceivedFrame[] _batch;
    private MultiplexerPort[] _ports = [];
    private CopyDecision[] _decisions = [];
    private volatile Action? _wake;
    private int _armed;
    private int _turn;
    private bool _delivered;
    private bool _backlog;
    private Task? _disposal;

    /// <summary>Registers the rings with the NIC and fills them.</summary>
    /// <param name="nic">The NIC; from here on only the multiplexer receives from it, transmits to it and arms it.</param>
    /// <param name="options">How to use it; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range, or the NIC has fewer queues than it asks for.</exception>
    public PacketMultiplexer(INic nic, MultiplexerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(nic);
        _options = options ?? new MultiplexerOptions();
        _options.Validate(nic.Queues.Count);
        Nic = nic;
        _batch = new ReceivedFrame[_options.ReceiveBatch];
        _classifier = new Classifier(Counters, _options.FragmentEntries, _options.FragmentLifetime);
        _steering = new SteeringTable(nic, _options.UnsteeredQueues);
        _rings = new FilledRing[_options.UnsteeredQueues];
        for (int i = 0; i < _rings.Length; i++)
        {
            BufferPool pool = BufferPool.Create(_options.RingBufferSize, _options.RingBuffers, RegionWriter.Device, _options.HugePages);
            _rings[i] = new FilledRing(nic, i, pool, _options.ScrubBuffers, _options);
        }
        nic.OnWake(WakeEverybody);
    }

    /// <summary>The NIC.</summary>
    public INic Nic { get; }

    /// <summary>What was counted over all ports.</summary>
    public MultiplexerCounters Counters { get; } = new();

    /// <summary>The ports that are attached now, in the order they were.</summary>
    public IReadOnlyList<MultiplexerPort> Ports => _ports;

    /// <summary>When <see cref="Poll"/> has to be called next although nothing arrives; null when never.</summary>
    public Instant? NextDeadline => Nic.NextDeadline;

    /// <summary>Ring buffers that are neither free nor with the device: clients hold them.</summary>
    public int RingBuffersHeld
    {
        get
        {
            int held = 0;
            foreach (FilledRing ring in _rings) held += ring.Pool.Count - ring.Pool.Available - ring.Posted;
            return held;
        }
    }

    /// <summary>Attaches a client.</summary>
    /// <param name="name">A name for people and logs.</param>
    /// <param name="configure">Says what the client wants; null for a port that gets everything for the NIC's MAC address.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    /// <exception cref="ObjectDisposedException">The multiplexer was disposed.</exception>
    public MultiplexerPort Attach(string name, Action<PortOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ObjectDisposedException.ThrowIf(_disposal is not null, this);
        PortOptions options = new();
        configure?.Invoke(options);
        options.Validate();
        MultiplexerPort port = new(this, name, options);
        if (options.Placement == Placement.Steered) Steer(port, options);
        int transmitBuffers = options.TransmitBuffers ?? (options.Copy.CopiesTransmit ? 64 : 0);
        if (transmitBuffers > 0) port.UseShadow(transmitBuffers, options.BufferSize);
        _ports = [.. _ports, port];
        _decisions = new CopyDecision[_ports.Length];
        _classifier.Use(_ports);
        return port;
    }

    /// <summary>Moves everything: lets the NIC do what is due, delivers a batch from each queue, refills the rings, sends what waits,
    /// and wakes the clients that got something.</summary>
    /// <param name="now">The present on the NIC's clock; never earlier than in the call before.</param>
    /// <returns>How many frames were taken from the NIC; more may wait when this is not 0.</returns>
    public int Poll(Instant now)
    {
        Now = now;
        Nic.Poll(now);
        int frames = 0;
        foreach (FilledRing ring in _rings) frames += ReceiveUnsteered(ring, now);
        MultiplexerPort[] ports = _ports;
        foreach (MultiplexerPort port in ports)
        {
            if (port.Steered is not null) frames += ReceiveSteered(port, now);
        }
        if (_withdrawals.Count > 0) FinishWithdrawals();
        FlushTransmit();
        if (_delivered)
        {
            _delivered = false;
            foreach (MultiplexerPort port in ports) port.WakeIfWaiting();
        }
        return frames;
    }

    void IPollable.Poll(Instant now) => Poll(now);

    /// <summary>Sets what is called when the NIC has work again, for one who pumps the multiplexer itself; clients that pump
    /// through their ports use <see cref="MultiplexerPort.OnWake"/>. Null removes it.</summary>
    public void OnWake(Action? wake) => _wake = wake;

    /// <summary>Asks to be woken when the NIC has work.</summary>
    /// <returns>False when there is work already: poll instead of sleeping.</returns>
    public bool TryArm()
    {
        Interlocked.Exchange(ref _armed, 1);
        if (ArmDevice()) return true;
        Interlocked.Exchange(ref _armed, 0);
        return false;
    }

    /// <summary>
    /// Detaches every port and withdraws the rings. Completes when the device gave every buffer back and nothing is mapped; progress
    /// is made by <see cref="Poll"/>. Ring memory that clients still hold is freed once they drop it.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        _disposal ??= DisposeEverything();
        return new ValueTask(_disposal);
    }

    /// <summary>The time of the last poll.</summary>
    internal Instant Now { get; private set; }

    internal ClientChecks Checks => _options.Checks;

    /// <summary>Whether a region is a ring's, or one into which another port's frames are written.</summary>
    internal bool IsForeign(DmaRegion region, MultiplexerPort port)
    {
        if ((Checks & ClientChecks.Memory) == 0) return false;
        foreach (FilledRing ring in _rings)
        {
            if (ring.Pool.Region == region) return true;
        }
        foreach (MultiplexerPort other in _ports)
        {
            if (other != port && other.ReceivesInto(region)) return true;
        }
        return false;
    }

    internal void MarkDelivered() => _delivered = true;

    internal void MarkBacklog() => _backlog = true;

    /// <summary>Sends what can be sent and asks the NIC to wake us.</summary>
    internal bool ArmDevice()
    {
        FlushTransmit();
        return Nic.TryArm();
    }

    /// <summary>Lets the ports send in turn, each a bounded batch, until nothing waits or the device takes no more.</summary>
    internal void FlushTransmit()
    {
        if (!_backlog) return;
        int idle = 0;
        while (idle < _ports.Length)
        {
            if (_turn >= _ports.Length) _turn = 0;
            bool moved = _ports[_turn++].SendSome(_options.TransmitBatch);
            idle = moved ? 0 : idle + 1;
        }
        _backlog = false;
        foreach (MultiplexerPort port in _ports) _backlog |= port.Backlog > 0;
    }

    internal Task Detach(MultiplexerPort port)
    {
        _ports = [.. _ports.Where(p => p != port)];
        _classifier.Use(_ports);
        port.DropEverything();
        Withdrawal withdrawal = new(port.Steered?.Queue, Counters, () =>
        {
            if (port.Steered is not null) _steering.Return(port.Steered);
            port.FreeMemory();
        });
        if (port.Steered is not null) _steering.Remove(port.Steered);
        if (port.Steered?.Ring is not null) withdrawal.Add(port.Steered.Ring.Registration);
        if (port.Shadow is not null) withdrawal.Add(port.Shadow.Registration);
        foreach (PortRegistration registration in port.Registrations.ToArray()) withdrawal.Add(registration);
        _withdrawals.Add(withdrawal);
        FinishWithdrawals();
        return withdrawal.Completion;
    }

    private Task DisposeEverything()
    {
        List<Task> open = [];
        foreach (MultiplexerPort port in _ports)
        {
            port.Dispose();
            open.Add(port.DisposeAsync().AsTask());
        }
        foreach (FilledRing ring in _rings)
        {
            Withdrawal withdrawal = new(ring.Queue, Counters, () =>
            {
                if (ring.Pool.Available == ring.Pool.Count && ring.Pool.Region.Registrations == 0) ring.Pool.Region.Dispose();
            });
            withdrawal.Add(ring.Registration);
            _withdrawals.Add(withdrawal);
            open.Add(withdrawal.Completion);
        }
        FinishWithdrawals();
        return Task.WhenAll(open);
    }

    private void FinishWithdrawals() => _withdrawals.RemoveAll(static w => w.TryFinish());

    /// <summary>From any thread: whoever sleeps may be the one who pumps.</summary>
    private void WakeEverybody()
    {
        if (Interlocked.Exchange(ref _armed, 0) != 0) _wake?.Invoke();
        foreach (MultiplexerPort port in _ports) port.Wake();
    }

    private void Steer(MultiplexerPort port, PortOptions options)
    {
        port.SteeringState = _steering.TrySteer(port, options, out SteeredQueue? queue);
        if (port.SteeringState == SteeringState.Active)
        {
            port.Steered = queue;
            port.Terms = options.TermsOf(isSteered: true);
            return;
        }
        port.Counters.SteeringFallbacks++;
        Counters.SteeringFallbacks++;
        if (queue is null) return;
        Withdrawal withdrawal = new(queue.Queue, Counters, () => _steering.Return(queue));
        if (queue.Ring is not null) withdrawal.Add(queue.Ring.Registration);
        _withdrawals.Add(withdrawal);
    }
}
