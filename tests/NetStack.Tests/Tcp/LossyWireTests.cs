using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.Tcp;

/// <summary>
/// Two TCP layers over a wire that loses, delays, reorders, repeats and corrupts, all from a seed: whatever it does, the bytes
/// arrive whole, in order and once, both ends close, and nothing is left behind.
/// </summary>
public sealed class LossyWireTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(Start, Count)];

    private static readonly int Start = int.Parse(Environment.GetEnvironmentVariable("TCP_SEED") ?? "1", System.Globalization.CultureInfo.InvariantCulture);

    private static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("TCP_SEEDS") ?? "16", System.Globalization.CultureInfo.InvariantCulture);

    [Theory, MemberData(nameof(Seeds))]
    public void The_streams_arrive_whole_and_both_ends_close(int seed)
    {
        LossyWire wire = new(seed, loss: 0.05, corruption: 0.02, duplication: 0.03, reordering: 0.1);
        wire.Run(connections: 3, maxBytes: 300_000);
    }

    [Theory, MemberData(nameof(Seeds))]
    public void A_terrible_wire_only_takes_longer(int seed)
    {
        LossyWire wire = new(seed + 1000, loss: 0.25, corruption: 0.05, duplication: 0.1, reordering: 0.3);
        wire.Run(connections: 2, maxBytes: 30_000);
    }

    /// <summary>At a loss rate p a window of 1.22 / √p segments a round trip is what CUBIC and Reno come to (RFC 9438 section 4.3; Mathis et
    /// al. 1997): 1.77 MB/s at 1 %, 0.79 MB/s at 5 %, less what timeouts and delayed ACKs cost a window of five. Reordering
    /// alone must cost no more than the waiting.</summary>
    [Theory, Rfc(9438, "4.3")]
    [InlineData(0.0, 0.0, 0.2), InlineData(0.01, 0.0, 4), InlineData(0.05, 0.0, 14), InlineData(0.0, 0.01, 0.6), InlineData(0.0, 0.05, 2)]
    public void Goodput_is_what_the_congestion_control_allows(double loss, double reordering, double seconds)
    {
        const int Seeds = 3;
        double sum = 0;
        for (int seed = 1; seed <= Seeds; seed++)
        {
            LossyWire wire = new(seed, loss, 0, 0, reordering, new TcpConnectionOptions());
            wire.Transfer(6_000_000);
            TcpCounters counters = wire.A.Layer.Counters;
            TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}: {wire.Elapsed}, {counters.Retransmitted} sent again, {counters.Timeouts} timeouts, {counters.FastRecoveries} recoveries, {counters.Undone} undone");
            sum += wire.Elapsed.TotalSeconds;
        }
        Assert.InRange(sum / Seeds, 0.05, seconds);
    }

    [Fact]
    public void A_perfect_wire_loses_no_time()
    {
        LossyWire wire = new(7, 0, 0, 0, 0);
        wire.Run(connections: 2, maxBytes: 500_000);
        Assert.Equal((0, 0), (wire.A.Layer.Counters.Retransmitted, wire.B.Layer.Counters.Retransmitted));
        Assert.Equal(0, wire.A.Layer.Counters.Timeouts);
    }
}

/// <summary>One end of the wire.</summary>
internal sealed class WireEnd
{
    internal WireEnd(string address, SeededRandom random, LossyWire wire, TcpConnectionOptions? options)
    {
        Address = IpAddress.Parse(address);
        Ip.Addresses.Add(Address);
        Ip.MaxSegmentation = random.Chance(0.5) ? 65_535 : 0;
        Pool = BufferPool.Create(random.Chance(0.5) ? 2048 : 16_384, 512, RegionWriter.Owner);
        int receive = 4096 << random.Below(6);
        TcpSettings settings = new()
        {
            Seed = random.Next(),
            TransmitPool = Pool,
            ReceiveBlockSize = 512 << random.Below(5),
            WindowScaling = random.Chance(0.8),
            Timestamps = random.Chance(0.7),
            Sack = random.Chance(0.8),
            Rack = random.Chance(0.7),
            Ecn = random.Chance(0.5) ? EcnMode.Active : EcnMode.Off,
            SynCookies = random.Chance(0.2) ? SynCookieMode.Always : SynCookieMode.WhenFull,
            SynRetries = 20,
            Retries = 60,
            OrphanRetries = 60,
            SynAckRetries = 20,
            MaxRto = TimeSpan.FromSeconds(4),
            Defaults = new TcpConnectionOptions
            {
                NoDelay = random.Chance(0.5),
                ReceiveBuffer = receive,
                MaxReceiveBuffer = random.Chance(0.5) ? receive : 1 << 20,
                SendBuffer = 2000 << random.Below(6),
                CongestionControl = random.Chance(0.5) ? static () => new NetStack.Tcp.Congestion.Cubic() : static () => new NetStack.Tcp.Congestion.NewReno(),
            },
        };
        if (options is not null) settings = new TcpSettings { Seed = random.Next(), TransmitPool = Pool, Defaults = options };
        Layer = new TcpLayer(Ip, settings, new FetchMeter());
        Ip.Sink = sent => wire.Send(this, sent);
    }

    internal IpAddress Address { get; }

    internal FakeIp Ip { get; } = new();

    internal BufferPool Pool { get; }

    internal TcpLayer Layer { get; }

    internal Dictionary<TcpConnection, Talk> Talks { get; } = [];

    internal IStackPart Part => Layer;
}

/// <summary>What one end does with one connection.</summary>
internal sealed class Talk(byte[] toSend, int expected)
{
    internal int Written;
    internal readonly List<byte> Received = [];
    internal bool IsClosed;

    internal byte[] ToSend => toSend;

    internal bool IsDone => Written == toSend.Length && Received.Count >= expected;
}

internal sealed class LossyWire
{
    private static readonly TimeSpan Limit = TimeSpan.FromHours(3);

    private readonly PriorityQueue<(WireEnd To, byte[] Bytes, byte TrafficClass), (long, long)> _flight = new();
    private readonly double _loss;
    private readonly double _corruption;
    private readonly double _duplication;
    private readonly double _reordering;
    private readonly bool _isGreedy; // reads and writes all that goes
    private SeededRandom _random;
    private Instant _now = Instant.FromSeconds(5000);
    private long _order;
    private int _idleSteps;
    private readonly Queue<string> _log = new(); // for a failure

    internal LossyWire(int seed, double loss, double corruption, double duplication, double reordering, TcpConnectionOptions? options = null)
    {
        _random = new SeededRandom((ulong)seed);
        _isGreedy = options is not null;
        (_loss, _corruption, _duplication, _reordering) = (loss, corruption, duplication, reordering);
        A = new WireEnd("10.0.0.1", _random, this, options);
        _random.Next();
        B = new WireEnd("10.0.0.2", new SeededRandom(_random.Next()), this, options);
    }

    /// <summary>When the last byte that anybody expected was read.</summary>
    internal TimeSpan Elapsed { get; private set; }

    internal WireEnd A { get; }

    internal WireEnd B { get; }

    internal void Send(WireEnd from, SentSegment sent)
    {
        for (int i = 0; i < sent.SegmentCount; i++) SendOne(ReferenceEquals(from, A) ? B : A, sent.ToBytes(i), sent.Send.TrafficClass);
    }

    private void SendOne(WireEnd to, byte[] bytes, byte trafficClass)
    {
        Note(ReferenceEquals(to, B) ? "A sends" : "B sends", bytes);
        if (_random.Chance(_loss)) return;
        if (_random.Chance(_corruption)) bytes[_random.Below(bytes.Length)] ^= (byte)(1 << _random.Below(8));
        if ((trafficClass & 3) != 0 && _random.Chance(_loss)) trafficClass |= 3;
        for (int copies = _random.Chance(_duplication) ? 2 : 1; copies > 0; copies--)
        {
            long delay = 5_000_000 + (_random.Chance(_reordering) ? _random.Below(20_000_000) : 0);
            _flight.Enqueue((to, bytes, trafficClass), (_now.Nanoseconds + delay, _order++));
        }
    }

    /// <summary>Opens connections from A to B; both ends say up to so many bytes, then close.</summary>
    internal void Run(int connections, int maxBytes)
    {
        Run([.. Enumerable.Range(0, connections).Select(_ => (RandomBytes(_random.Below(maxBytes)), RandomBytes(_random.Below(maxBytes))))]);
    }

    /// <summary>Sends bytes from A to B over one connection, and nothing back.</summary>
    internal void Transfer(int bytes) => Run([(RandomBytes(bytes), [])]);

    private void Run((byte[] Up, byte[] Down)[] talks)
    {
        Assert.Equal(TcpError.None, B.Layer.Listen(new TcpListenOptions(new TcpBindOptions(new TcpEndpoint(default, 80))), out TcpListener? listener));
        Dictionary<TcpEndpoint, (byte[] Up, byte[] Down)> plans = [];
        foreach ((byte[] up, byte[] down) in talks)
        {
            Assert.Equal(TcpError.None, A.Layer.Connect(new TcpConnectOptions(new TcpEndpoint(B.Address, 80)), _now, out TcpConnection? connection));
            plans.Add(connection!.Local, (up, down));
            A.Talks.Add(connection, new Talk(up, down.Length));
        }
        Instant end = _now + Limit;
        while (Step(end, listener!, plans))
        {
        }
        foreach ((TcpConnection connection, Talk talk) in A.Talks) Check(connection, talk, plans[connection.Local].Down);
        foreach ((TcpConnection connection, Talk talk) in B.Talks) Check(connection, talk, plans[connection.Remote].Up);
        Assert.Equal(talks.Length, B.Talks.Count);
        listener!.Close();
        AssertClean(A);
        AssertClean(B);
    }

    private void Check(TcpConnection connection, Talk talk, byte[] expected)
    {
        Assert.True(connection.Error == TcpError.None, $"{connection.Local} ended by {connection.Error}; the last segments:\n{string.Join('\n', _log)}");
        Assert.True(talk.Received.SequenceEqual(expected), $"{connection.Local} {connection.State} received {talk.Received.Count} of {expected.Length} bytes, or others; the last segments:\n{string.Join('\n', _log)}");
        Assert.True(talk.IsClosed);
    }

    private static void AssertClean(WireEnd end)
    {
        Assert.Equal(end.Pool.Count, end.Pool.Available);
        Assert.Equal(0, end.Layer.Memory.Outstanding);
        Assert.Equal((0, 0, 0), (end.Layer.ConnectionCount, end.Layer.TimeWaitCount, end.Layer.OrphanCount));
        Assert.Null(end.Part.NextDeadline);
    }

    private bool Step(Instant end, TcpListener listener, Dictionary<TcpEndpoint, (byte[] Up, byte[] Down)> plans)
    {
        Work(A);
        Work(B);
        while (listener.TryAccept(out TcpConnection? accepted)) B.Talks.Add(accepted!, new Talk(plans[accepted!.Remote].Down, plans[accepted.Remote].Up.Length));
        foreach (WireEnd side in (WireEnd[])[A, B])
        {
            foreach ((TcpConnection connection, Talk talk) in side.Talks) Speak(connection, talk);
        }
        Work(A);
        Work(B);
        Instant? next = Instant.Earliest(A.Part.NextDeadline, B.Part.NextDeadline);
        if (_flight.TryPeek(out _, out (long At, long) first)) next = Instant.Earliest(next, new Instant(first.At));
        if (next is not { } at) return _idleSteps++ < 1000 && A.Talks.Concat(B.Talks).Any(t => !t.Value.IsClosed); // a slow reader goes on
        Assert.True(at <= end, $"it takes for ever: A {Describe(A)}; B {Describe(B)}");
        if (at > _now) _now = at;
        A.Part.OnDeadline(_now);
        B.Part.OnDeadline(_now);
        while (_flight.TryPeek(out _, out first) && first.At <= _now.Nanoseconds) Deliver(_flight.Dequeue());
        return true;
    }

    private static string Describe(WireEnd end) => string.Join(", ", end.Talks.Select(t => $"{t.Key.State} wrote {t.Value.Written}/{t.Value.ToSend.Length} got {t.Value.Received.Count} {t.Key.Info}"));

    private void Work(WireEnd end)
    {
        while (end.Part.TransmitOne(_now)) { }
        while (end.Layer.TryReadEvent(out _)) { }
    }

    private void Note(string what, byte[] bytes)
    {
        if (!TcpView.TryRead(bytes, out TcpView view)) return;
        _log.Enqueue($"{_now} {what} {view.SourcePort} > {view.DestinationPort} [{view.Flags}] seq {view.Sequence} ack {view.Acknowledgement} win {view.Window} len {bytes.Length - view.HeaderLength}");
        if (_log.Count > 100) _log.Dequeue();
    }

    private void Deliver((WireEnd To, byte[] Bytes, byte TrafficClass) item)
    {
        Note(ReferenceEquals(item.To, A) ? "A takes" : "B takes", item.Bytes);
        InboundDatagram datagram = new()
        {
            Source = ReferenceEquals(item.To, A) ? B.Address : A.Address,
            Destination = item.To.Address,
            Protocol = IpProtocol.Tcp,
            Interface = 1,
            TrafficClass = item.TrafficClass,
            Bytes = new InboundBytes(item.Bytes),
        };
        ((ITransport)item.To.Layer).Receive(datagram, _now);
    }

    /// <summary>Reads and writes as much as may be, in pieces of random size; closes when all is said and heard.</summary>
    private void Speak(TcpConnection connection, Talk talk)
    {
        if (talk.IsClosed) return;
        byte[] room = new byte[_isGreedy ? 1 << 20 : 1 + _random.Below(20_000)];
        int read = connection.Read(room);
        talk.Received.AddRange(room.AsSpan(0, read));
        if (read > 0) Elapsed = _now - Instant.FromSeconds(5000);
        int size = Math.Min(talk.ToSend.Length - talk.Written, _isGreedy ? 1 << 20 : 1 + _random.Below(10_000));
        talk.Written += connection.Write(talk.ToSend.AsSpan(talk.Written, size));
        if (talk.Written == talk.ToSend.Length) connection.ShutdownWrite();
        if (!connection.IsEndOfStream || talk.Written < talk.ToSend.Length) return;
        connection.Close();
        talk.IsClosed = true;
    }

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.Fill(bytes);
        return bytes;
    }
}
