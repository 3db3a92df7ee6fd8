using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>
/// A virtual NIC with a multiplexer and three clients: 0 the victim and 1 its neighbour, both attached as the column says, and 2
/// a stranger with a steered queue of its own. A deterministic sender gives each its own numbered frames; what each client's
/// user has in the end is compared with what was sent.
/// </summary>
internal sealed class TrustWorld : IDisposable
{
    public const int Victim = 0;
    public const int Neighbour = 1;
    public const int Stranger = 2;
    public const int Clients = 3;

    /// <summary>Bytes in every buffer.</summary>
    public const int BufferSize = 512;

    private const int RingBuffers = 24; // fewer than a ring has entries: some numbers are never given out

    private readonly ReceivedFrame[] _batch = new ReceivedFrame[16];
    private readonly List<byte[]>[] _sent = [[], [], []];
    private readonly List<Seen>[] _seen = [[], [], []];
    private readonly FetchMeter _meter = new();
    private SeededRandom _random;

    /// <summary>Builds the world.</summary>
    /// <param name="column">How victim and neighbour attach.</param>
    /// <param name="seed">Decides the sender's lengths.</param>
    /// <param name="nic">Changes the NIC.</param>
    /// <param name="multiplexer">Changes the multiplexer.</param>
    /// <param name="port">Changes what a client asks for; the number says whose.</param>
    /// <param name="driver">Puts something between NIC and multiplexer.</param>
    public TrustWorld(Column column, ulong seed, Func<VirtualNicOptions, VirtualNicOptions>? nic = null, Action<MultiplexerOptions>? multiplexer = null,
        Action<int, PortOptions>? port = null, Func<VirtualNic, INic>? driver = null)
    {
        Column = column;
        _random = new SeededRandom(seed);
        VirtualNicOptions options = new() { Queues = 4, RssQueues = 1, FlowRules = 16, RingSize = 32, Seed = seed };
        Nic = new VirtualNic(nic?.Invoke(options) ?? options);
        MapsOfRings = Nic.Iommu.Maps;
        MultiplexerOptions shared = new() { RingBuffers = RingBuffers, RingBufferSize = BufferSize, RingReserve = 0 };
        multiplexer?.Invoke(shared);
        Mux = new PacketMultiplexer(driver?.Invoke(Nic) ?? Nic, shared);
        Ports = new MultiplexerPort[Clients];
        for (int i = 0; i < Clients; i++) Ports[i] = Attach(i, port);
    }

    public Column Column { get; }

    public VirtualNic Nic { get; }

    public PacketMultiplexer Mux { get; }

    /// <summary>The clients, by number.</summary>
    public MultiplexerPort[] Ports { get; }

    public Instant Now { get; set; } = Instant.FromSeconds(1);

    /// <summary>What the pump, or a client's user, threw; nothing moves after that.</summary>
    public Exception? Crash { get; private set; }

    /// <summary>Who drives a client's port instead of an honest user; null for that one. What comes of it for itself is no harm.</summary>
    public HostileClient?[] Hostile { get; } = new HostileClient?[Clients];

    /// <summary>Pages the driver keeps mapped for its rings, whatever clients do.</summary>
    public long MapsOfRings { get; }

    /// <summary>Frames that were found placed wrong, over all clients: each is reported as in the wrong client's memory.</summary>
    public long Missteered => Ports.Sum(p => p.Counters.MissteeredFrames);

    /// <summary>Called where a client is with a frame: the client's number, the moment.</summary>
    public Action<int, Moment>? At { get; set; }

    /// <summary>What a client's user had, in order.</summary>
    public IReadOnlyList<Seen> SeenBy(int client) => _seen[client];

    /// <summary>What was sent to a client, by number.</summary>
    public IReadOnlyList<byte[]> SentTo(int client) => _sent[client];

    /// <summary>The next frame to a client, given to the device's wire side.</summary>
    /// <param name="client">Whose.</param>
    /// <param name="length">Bytes; null for any up to three buffers.</param>
    /// <param name="segments">Segments it stands for.</param>
    /// <param name="segmentSize">Bytes in each.</param>
    public bool Send(int client, int? length = null, int segments = 1, int segmentSize = 0)
    {
        byte[] frame = Frames.Make(client, _sent[client].Count, length ?? Frames.MinLength + _random.Below(1400));
        if (!Nic.TryDeliver(frame, new WireFrame(frame.Length, SegmentCount: segments, SegmentSize: segmentSize))) return false;
        _sent[client].Add(frame);
        return true;
    }

    /// <summary>Polls once and lets every client use what it got.</summary>
    public void Step()
    {
        if (Crash is not null) return;
        try
        {
            Now += TimeSpan.FromMicroseconds(10);
            Mux.Poll(Now);
            for (int i = 0; i < Clients; i++)
            {
                if (Hostile[i] is { } hostile) hostile.Step();
                else Use(i);
            }
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            Crash = e;
        }
    }

    /// <summary>Sends frames to everybody in turn, a step after each few.</summary>
    public void Run(int frames)
    {
        for (int i = 0; i < frames && Crash is null; i++)
        {
            Send(i % Clients);
            if (_random.Below(3) == 0) Step();
        }
        for (int i = 0; i < 8; i++) Step();
    }

    /// <summary>The first thing that should not be: a crash, or what a client has that was not sent to it, or not so, or not once.</summary>
    public string? Harm()
    {
        if (Crash is not null) return $"crash: {Crash.GetType().Name}: {Crash.Message}";
        for (int client = 0; client < Clients; client++)
        {
            HashSet<int> numbers = [];
            foreach (Seen seen in _seen[client])
            {
                if (HarmOf(client, seen, numbers) is { } harm) return $"client {client}: {harm}";
            }
        }
        return null;
    }

    /// <summary>Whether frames still reach everybody, now that the device is honest again: as many as are sent, within a few steps.</summary>
    public bool Recovers(int frames = 24)
    {
        int[] before = [.. _seen.Select(s => s.Count)];
        for (int i = 0; i < frames; i++)
        {
            if (!Send(i % Clients) && Hostile[i % Clients] is null) return false;
            Step();
        }
        for (int i = 0; i < 4; i++) Step();
        return Crash is null && _seen.Select((s, i) => Hostile[i] is not null || s.Count - before[i] == frames / Clients).All(n => n);
    }

    public void Dispose()
    {
        foreach (ref ReceivedFrame frame in _batch.AsSpan())
        {
            if (Crash is null) frame.Release();
        }
        try
        {
            Nic.Dispose();
        }
        catch (InvalidOperationException) when (Crash is not null)
        {
            // A crashed pump left buffers in two hands.
        }
    }

    private static bool IsPossible(Seen seen) =>
        seen.Segments == 1 || (seen.Segments > 1 && seen.SegmentSize > 0 && (long)(seen.Segments - 1) * seen.SegmentSize < seen.Bytes.Length);

    private string? HarmOf(int client, Seen seen, HashSet<int> numbers)
    {
        if (Frames.OwnerOf(seen.Bytes) is not { } named) return $"a frame of {seen.Bytes.Length} bytes that nobody sent";
        if (named.Owner != client) return $"a frame of client {named.Owner}";
        if (named.Number >= _sent[client].Count || !seen.Bytes.AsSpan().SequenceEqual(_sent[client][named.Number])) return $"frame {named.Number} is not as it was sent";
        if (seen.Port != Frames.PortOf(client)) return $"frame {named.Number} was taken for port {seen.Port}";
        if (!numbers.Add(named.Number)) return $"frame {named.Number} twice";
        if (!IsPossible(seen)) return $"frame {named.Number} stands for {seen.Segments} segments of {seen.SegmentSize} bytes";
        return null;
    }

    private MultiplexerPort Attach(int client, Action<int, PortOptions>? port) => Mux.Attach($"client {client}", o =>
    {
        if (client == Stranger) Column.SteeredVerify.Configure(o);
        else Column.Configure(o);
        o.Filter = $"udp dst port {Frames.PortOf(client)}";
        o.BufferSize = BufferSize;
        o.BufferCount = 64;
        o.SteeredBufferCount = RingBuffers;
        port?.Invoke(client, o);
    });

    private void Use(int client)
    {
        Use use = client == Stranger ? TrustTests.Use.CopyOut : Column.Use;
        for (int count = Ports[client].Queues[0].Receive(_batch); count > 0; count = Ports[client].Queues[0].Receive(_batch))
        {
            for (int i = 0; i < count; i++)
            {
                ReceivedFrame frame = _batch[i];
                _batch[i] = default;
                _seen[client].Add(Consumer.Consume(use, frame, _meter, moment => At?.Invoke(client, moment)));
            }
        }
    }
}
