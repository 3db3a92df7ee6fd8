using NetStack.Icmp;
using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>
/// IPv4 and IPv6: takes packets from interfaces and gives what is for this host to transports, and puts headers around what they
/// send. It has no clock, no buffer of its own but private ones, and never throws at what a packet holds.
/// </summary>
/// <remarks>One thread. Output never calls back into input: what an interface loops back comes in later.</remarks>
internal sealed partial class IpLayer : IIpOutput, IStackPart
{
    private readonly IIpTables _tables;
    private readonly FetchMeter _meter;
    private readonly ITransport?[] _transports = new ITransport?[256];
    private readonly Reassembler _reassembler;
    private readonly IdentificationCounters _identifications;
    private readonly ConnectionHash _flowLabels;
    private readonly byte[] _whole = new byte[ushort.MaxValue + 1 + MaxHeaderBytes]; // a datagram in one piece, while it is delivered

    /// <param name="tables">Interfaces, addresses and routes.</param>
    /// <param name="options">Settings.</param>
    /// <param name="buffers">Where the bodies come from of what IP and the layers above write themselves.</param>
    /// <param name="meter">Counts what is read to be summed.</param>
    /// <param name="seed">Decides identifications and the order of nothing else.</param>
    internal IpLayer(IIpTables tables, IpLayerOptions options, BufferPool buffers, FetchMeter meter, ulong seed)
    {
        SeededRandom random = new(seed);
        _tables = tables;
        _meter = meter;
        options.Validate();
        Options = options;
        Bodies = new BodyWriter(buffers);
        _reassembler = new Reassembler(options, Counters.Drops);
        _identifications = new IdentificationCounters(ref random);
        _flowLabels = ConnectionHash.From(ref random);
        PathMtus = new PathMtuCache(options.MaxPathMtus, options.PathMtuLifetime);
        Errors = new IcmpErrorSender(this, tables, options, ref random);
        _looped = new DatagramQueue<LoopedDatagram>(_loopBlocks, LoopMemory);
    }

    /// <summary>Settings.</summary>
    internal IpLayerOptions Options { get; }

    /// <summary>What was done.</summary>
    internal IpCounters Counters { get; } = new();

    /// <summary>Puts bytes into buffers that a device can read, for every layer above.</summary>
    internal BodyWriter Bodies { get; }

    /// <summary>Counts what is read and copied of bodies.</summary>
    internal FetchMeter Meter => _meter;

    /// <summary>Path MTUs.</summary>
    internal PathMtuCache PathMtus { get; }

    /// <summary>Sends ICMP errors.</summary>
    internal IcmpErrorSender Errors { get; }

    /// <summary>Who knows the groups this host is a member of; set once, before the first packet.</summary>
    internal IGroupMembers? Groups { private get; set; }

    /// <summary>Who takes copies of datagrams whatever their protocol; set once, before the first packet.</summary>
    internal IDatagramTap? Tap { get; set; }

    /// <summary>Datagrams under reassembly, and the blocks of memory they hold.</summary>
    internal (int Datagrams, int Blocks) Reassembling => (_reassembler.Count, _reassembler.BlocksHeld);

    /// <inheritdoc/>
    public Instant? NextDeadline => Instant.Earliest(_reassembler.NextDeadline, PathMtus.NextDeadline);

    /// <summary>Says who speaks a protocol.</summary>
    internal void Register(IpProtocol protocol, ITransport transport) => _transports[(byte)protocol] = transport;

    /// <summary>Who speaks a protocol; null for nobody.</summary>
    internal ITransport? TransportOf(IpProtocol protocol) => _transports[(byte)protocol];

    /// <inheritdoc/>
    public bool IsLocalAddress(IpAddress address) => _tables.IsLocalAddress(address);

    /// <inheritdoc/>
    public void ConfirmReachable(IpAddress destination, Instant now) => _tables.ConfirmReachable(destination, now);

    /// <summary>Tells every transport that an address of ours went away.</summary>
    internal void OnAddressRemoved(IpAddress address, Instant now)
    {
        for (int i = 0; i < _transports.Length; i++)
        {
            // One that speaks several protocols is told once.
            if (_transports[i] is { } transport && Array.IndexOf(_transports, transport) == i) transport.OnAddressRemoved(address, now);
        }
    }

    /// <inheritdoc/>
    public void OnDeadline(Instant now)
    {
        PathMtus.Expire(now);
        while (_reassembler.NextExpired(now) is { } expired)
        {
            Counters.Drops.Add(IpDropReason.ReassemblyTimeout);
            ReportTimeout(expired, now);
            _reassembler.Remove(expired);
        }
    }

    /// <inheritdoc/>
    public bool TransmitOne(Instant now) => TakeLooped(now);
}
