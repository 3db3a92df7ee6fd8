using System.Diagnostics;
using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.Bench.Economics;

/// <summary>
/// A virtual NIC that clients share, each with a MAC address of its own, to which frames come in turn. What the device's model does
/// is not in the measured part, only what the multiplexer and the clients do.
/// </summary>
internal sealed class SharedNic : Way
{
    internal const int FrameLength = 1514;
    internal const int FramesARound = Batches * Batch;

    private const int HeaderLength = 42; // Ethernet, IPv4, UDP
    private const int Batch = 64;
    private const int MaxQueues = 64;
    private const int Batches = 4;

    private readonly VirtualNic _nic;
    private readonly ReceivedFrame[] _taken = new ReceivedFrame[Batch];
    private readonly byte[][] _frames;
    private readonly long _mapsAtStart;
    private readonly long _missesAtStart;
    private readonly long[] _lost; // frames the device found no buffer for, by client
    private Instant _now = Instant.FromSeconds(1);
    private long _sent;

    /// <summary>Attaches clients.</summary>
    /// <param name="name">What rows call it.</param>
    /// <param name="clients">How many.</param>
    /// <param name="configure">Says what a client wants, by its number.</param>
    /// <param name="options">How the multiplexer uses the NIC; null for a ring of 1,024 buffers.</param>
    internal SharedNic(string name, int clients, Action<int, PortOptions> configure, MultiplexerOptions? options = null)
        : base(name)
    {
        int queues = Math.Min(MaxQueues, clients + 1);
        _nic = new VirtualNic(new VirtualNicOptions { Queues = queues, RssQueues = 1, RingSize = 1024, FlowRules = 256 });
        Multiplexer = new PacketMultiplexer(_nic, options ?? new MultiplexerOptions());
        Ports = new MultiplexerPort[clients];
        _frames = new byte[clients][];
        _lost = new long[clients];
        for (int i = 0; i < clients; i++)
        {
            int client = i;
            Ports[i] = Multiplexer.Attach($"client{i}", o =>
            {
                o.Mac = MacOf(client);
                o.BufferCount = 128;
                o.SteeredBufferCount = 128;
                configure(client, o);
            });
            _frames[i] = FrameTo(i);
        }
        Multiplexer.Poll(_now);
        _mapsAtStart = _nic.Iommu.Maps;
        _missesAtStart = _nic.Iommu.IotlbMisses;
    }

    internal override int Units => FramesARound;

    internal PacketMultiplexer Multiplexer { get; }

    internal MultiplexerPort[] Ports { get; }

    internal Iommu Iommu => _nic.Iommu;

    /// <summary>Which clients take what comes; all unless set.</summary>
    internal Predicate<int> Reads { get; init; } = _ => true;

    /// <summary>Pages mapped before the first frame.</summary>
    internal long MapsAtStart => _mapsAtStart;

    internal double IotlbMissesAFrame => (double)(_nic.Iommu.IotlbMisses - _missesAtStart) / _sent;

    /// <summary>Header and body bytes fetched from memory a device may write, of a frame that came in.</summary>
    internal double FetchedAFrame => (Multiplexer.Counters.Meter.HeaderBytesFetched + Multiplexer.Counters.Meter.BodyBytesRead
        + Ports.Sum(p => p.Counters.Meter.HeaderBytesFetched + p.Counters.BodyBytesRead)) / (double)Multiplexer.Counters.FramesReceived;

    /// <summary>Header fetches of a frame that came in.</summary>
    internal double HeaderFetchesAFrame => (Multiplexer.Counters.Meter.HeaderFetches + Ports.Sum(p => p.Counters.Meter.HeaderFetches)) / (double)Multiplexer.Counters.FramesReceived;

    internal double CopiedPerByte => Ports.Sum(p => (double)p.Counters.BytesCopied) / Ports.Sum(p => (double)p.Counters.BytesDelivered);

    /// <summary>Frames sent to a client.</summary>
    internal long SentTo(int client) => _sent / Ports.Length + (client < _sent % Ports.Length ? 1 : 0);

    /// <summary>Frames to a client that found no buffer in their ring.</summary>
    internal long LostAtRing(int client) => _lost[client];

    internal override long Round()
    {
        long ticks = 0;
        for (int i = 0; i < Batches; i++)
        {
            Deliver();
            long start = Stopwatch.GetTimestamp();
            Multiplexer.Poll(_now);
            for (int client = 0; client < Ports.Length; client++)
            {
                if (Reads(client)) Drain(Ports[client]);
            }
            ticks += Stopwatch.GetTimestamp() - start;
        }
        return ticks;
    }

    public override void Dispose()
    {
        _nic.Dispose();
        base.Dispose();
    }

    private static MacAddress MacOf(int client) => new(0x02_00_00_00_10_00UL + (ulong)client);

    private static byte[] FrameTo(int client)
    {
        byte[] frame = new byte[FrameLength];
        new SeededRandom((ulong)client + 1).Fill(frame);
        int at = new EthernetHeader(MacOf(client), new MacAddress(0x02_00_00_00_00_99), EtherType.Ipv4).Write(frame);
        at += new Ipv4Header(IpAddress.V4(0x0A000063), IpAddress.V4(0x0A000001 + (uint)client), IpProtocol.Udp, (ushort)(FrameLength - at)).Write(frame.AsSpan(at));
        new UdpHeader(7, 7, (ushort)(FrameLength - at)).Write(frame.AsSpan(at));
        return frame;
    }

    private void Deliver()
    {
        for (int i = 0; i < Batch; i++)
        {
            int client = (int)(_sent++ % Ports.Length);
            if (!_nic.TryDeliver(_frames[client], new WireFrame(FrameLength))) _lost[client]++;
        }
        _now += TimeSpan.FromMicroseconds(Batch);
    }

    private void Drain(MultiplexerPort port)
    {
        for (int count; (count = port.Queues[0].Receive(_taken)) > 0;)
        {
            for (int i = 0; i < count; i++)
            {
                if (_taken[i].Headers.Require(HeaderLength).Length < HeaderLength) throw new InvalidOperationException("A frame came without headers.");
                _taken[i].Release();
            }
        }
    }
}
