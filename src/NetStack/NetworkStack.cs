using NetStack.Icmp;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Multicast;
using NetStack.Raw;
using NetStack.Tcp;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// A TCP/IP stack without a thread, a clock or a device of its own (sans-IO): frames and the time go in, frames and the next deadline
/// come out. One is a shard: nothing in it is shared with another.
/// </summary>
/// <remarks>
/// Not thread-safe: one thread calls it and everything that belongs to it. The loop of whoever drives it, after anything happened:
/// <see cref="Receive"/> what came in, <see cref="OnDeadline"/> if <see cref="NextDeadline"/> has passed, <see cref="Transmit"/> for each
/// interface until it gives nothing; then sleep until the next frame or <see cref="NextDeadline"/>. <c>now</c> never runs backwards.
/// No frame, whatever its content, makes it throw, and it allocates nothing per packet.
/// </remarks>
public sealed partial class NetworkStack
{
    private readonly List<NetInterface> _interfaces = [];
    private readonly Dictionary<IpAddress, InterfaceAddress> _local = [];
    private ulong _localBits; // by the last six bits of what was ever in it: most other addresses are told apart without a search
    private readonly List<IStackPart> _parts = [];
    private readonly LoopbackDelivery _loopback;
    private readonly IpSuite _suite;
    private readonly UnreachableReport _unreachable;
    private SeededRandom _random;
    private Instant _now = new(long.MinValue);

    /// <summary>Builds a stack, with a loopback interface that has 127.0.0.1/8 and ::1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A setting is out of range.</exception>
    public NetworkStack(StackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _random = new SeededRandom(options.Seed);
        Secret = options.Secret ?? new UInt128(_random.Next(), _random.Next());
        TransmitBuffers = BufferPool.Create(options.TransmitBufferSize, options.TransmitBuffers, RegionWriter.Owner);
        Loopback = new NetInterface(this, 1, LoopbackOptions(options), isLoopback: true);
        _interfaces.Add(Loopback);
        _loopback = new LoopbackDelivery(this, Loopback);
        IpTables tables = new(this);
        _suite = new IpSuite(tables, tables, options.Protocols, TransmitBuffers, Meter, _random.Next() ^ (ulong)(Secret >> 64));
        Tcp = new TcpLayer(Ip, TcpSettingsOf(options), Meter);
        Ip.Register(IpProtocol.Tcp, Tcp);
        _parts.Add(Tcp);
        _parts.AddRange(_suite.Parts);
        Forwarder = new Forwarder(this, Ip.Errors);
        _unreachable = new UnreachableReport(this, Ip);
        Loopback.AddAddress(AddressScope.LoopbackV4, 8, Instant.Zero);
        Loopback.AddAddress(AddressScope.LoopbackV6, 128, Instant.Zero);
    }

    /// <summary>The settings; not to be changed any more.</summary>
    public StackOptions Options { get; }

    /// <summary>The interfaces; the first is <see cref="Loopback"/>.</summary>
    public IReadOnlyList<NetInterface> Interfaces => _interfaces;

    /// <summary>The interface by which the stack talks to itself: 127/8, ::1 and every other address of its own. It has no device.</summary>
    public NetInterface Loopback { get; }

    /// <summary>The buffers that hold data to send. A driver whose device reads memory itself registers them for transmitting.</summary>
    public BufferPool TransmitBuffers { get; }

    /// <summary>TCP.</summary>
    public TcpLayer Tcp { get; }

    /// <summary>UDP.</summary>
    public UdpLayer Udp => _suite.Udp;

    /// <summary>ICMP and ICMPv6: echo sockets, counters.</summary>
    public IcmpLayer Icmp => _suite.Icmp;

    /// <summary>Raw sockets.</summary>
    public RawLayer Raw => _suite.Raw;

    /// <summary>Multicast membership: IGMP and MLD.</summary>
    public MulticastLayer Multicast => _suite.Multicast;

    /// <summary>What IP did.</summary>
    public IpCounters IpCounters => Ip.Counters;

    /// <summary>What was passed on between interfaces.</summary>
    public ForwardCounters Forwarding => Forwarder.Counters;

    /// <summary>What the stack read and copied of packets, header snapshots excepted: those count at whoever took them.</summary>
    public FetchMeter Meter { get; } = new();

    /// <summary>When <see cref="OnDeadline"/> must be called next; null when never.</summary>
    public Instant? NextDeadline
    {
        get
        {
            if (Loopback.QueuedFrames > 0) return _now;
            Instant? next = null;
            foreach (NetInterface nic in _interfaces) next = Instant.Earliest(next, nic.NextDeadline);
            foreach (IStackPart part in _parts) next = Instant.Earliest(next, part.NextDeadline);
            return next;
        }
    }

    internal UInt128 Secret { get; }

    internal List<NetInterface> InterfaceList => _interfaces;

    internal IpLayer Ip => _suite.Ip;

    internal Forwarder Forwarder { get; }

    /// <summary>Whether packets for others are passed on.</summary>
    internal bool IsForwarding => Options.Protocols.Ip.Forwarding;

    /// <summary>Adds an interface. On Ethernet IPv6 begins to configure itself, as its options say.</summary>
    /// <exception cref="ArgumentException">A setting is out of range, or the name is taken.</exception>
    public NetInterface AddInterface(InterfaceOptions options, Instant now)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (_interfaces.Exists(i => i.Name == options.Name)) throw new ArgumentException($"There is an interface {options.Name} already.", nameof(options));
        NetInterface nic = new(this, _interfaces.Count + 1, options, isLoopback: false);
        _interfaces.Add(nic);
        nic.Begin(now);
        return nic;
    }

    /// <summary>Does what is due, and delivers what the stack sent to itself. A spurious call does no harm.</summary>
    public void OnDeadline(Instant now)
    {
        Advance(now);
        for (int i = 0; i < _interfaces.Count; i++) _interfaces[i].OnDeadline(now); // whoever hears of an address may add an interface
        for (int i = 0; i < _parts.Count; i++)
        {
            if (_parts[i].NextDeadline <= now) _parts[i].OnDeadline(now); // whoever hears of it may add or remove a part
        }
        DeliverLoopback(now);
    }

    /// <summary>Adds a service as a part of the stack: it is driven as TCP is.</summary>
    internal void AddPart(IStackPart part) => _parts.Add(part);

    internal void RemovePart(IStackPart part)
    {
        _parts.Remove(part);
        _nextPart = 0;
    }

    /// <summary>A time between two, by chance.</summary>
    internal TimeSpan RandomTime(TimeSpan least, TimeSpan most) => least + new TimeSpan((long)((UInt128)_random.Next() * (ulong)(most - least).Ticks >> 64));

    /// <summary>64 random bits.</summary>
    internal ulong RandomBits() => _random.Next();

    internal NetInterface? InterfaceAt(int index) => (uint)(index - 1) < (uint)_interfaces.Count ? _interfaces[index - 1] : null;

    internal void OnAddressAdded(InterfaceAddress address)
    {
        _local.TryAdd(address.Address, address);
        _localBits |= BitOf(address.Address);
    }

    internal void OnAddressRemoved(InterfaceAddress removed, bool wasUsable, Instant now)
    {
        if (_local.TryGetValue(removed.Address, out InterfaceAddress? listed) && listed == removed)
        {
            _local.Remove(removed.Address);
            foreach (NetInterface nic in _interfaces)
            {
                if (nic.AddressTable.Find(removed.Address) is { } other) _local.TryAdd(other.Address, other);
            }
        }
        if (wasUsable) OnAddressUnusable(removed.Address, now);
    }

    internal void OnAddressUnusable(IpAddress address, Instant now) => Ip.OnAddressRemoved(address, now);

    /// <summary>Takes a packet whose neighbour does not answer.</summary>
    internal void OnUnresolved(NetInterface nic, ref TransmitFrame frame, EtherType type, Instant now)
    {
        _unreachable.Send(nic, frame, type, now);
        frame.Body.Release();
    }

    private void Advance(Instant now)
    {
        if (now > _now) _now = now;
    }

    private TcpSettings TcpSettingsOf(StackOptions options)
    {
        TcpSettings settings = new() { Seed = _random.Next() ^ (ulong)Secret, TransmitPool = TransmitBuffers };
        return options.Tcp is null ? settings : options.Tcp(settings) with { Seed = settings.Seed, TransmitPool = settings.TransmitPool };
    }

    private static InterfaceOptions LoopbackOptions(StackOptions options) => new()
    {
        Name = "lo",
        LinkType = LinkType.Raw,
        Mtu = options.LoopbackMtu,
        TransmitChecksum = true,
        MaxSegmentationBytes = options.LoopbackMtu,
        TrustsReceiveChecksum = true,
    };
}
