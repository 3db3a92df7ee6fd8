using NetStack.Fetches.Tests.Counting;
using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Tcp;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Fetches.Tests.Cases;

/// <summary>A frame's whole way: ring, multiplexer, port, and who is behind the port.</summary>
internal abstract class WayCase : FetchCase
{
    private protected WayCase(string group, string name, BodyReads body, VirtualNicOptions? nic = null)
        : base(group, name, body) => Way = new Way(nic ?? new VirtualNicOptions());

    private protected Way Way { get; }

    public override void Dispose()
    {
        base.Dispose();
        Way.Dispose();
    }

    private protected Watched[] Deliver(byte[] frame, int? headerBytes = null)
    {
        HeaderBytes = headerBytes ?? HeaderBytesOf(frame, LinkType.Ethernet, frame.Length);
        return Way.Deliver(frame);
    }

    private protected static void Must(bool isSo, string what)
    {
        if (!isSo) throw new InvalidOperationException($"The case does not do what it is to measure: {what}.");
    }
}

/// <summary>Ports whose client decodes the headers and drops the frame.</summary>
internal sealed class DropCase : WayCase
{
    private readonly MultiplexerPort[] _ports;
    private readonly byte[] _frame;
    private readonly Action<ReceivedFrame> _drop;
    private int _seen;

    internal DropCase(string name, BodyReads body, byte[] frame, params Action<PortOptions>[] ports)
        : base("dropped", name, body)
    {
        _frame = frame;
        _ports = [.. ports.Select((p, i) => Way.Multiplexer.Attach($"p{i}", p))];
        _drop = Drop;
    }

    public override Watched[] Prepare()
    {
        Must(_seen % Math.Max(_ports.Length, 1) == 0, "every port gets the frame");
        return Deliver(_frame);
    }

    public override void Run()
    {
        Way.Multiplexer.Poll(Way.Now);
        foreach (MultiplexerPort port in _ports) Way.Take(port, _drop);
    }

    private void Drop(ReceivedFrame frame)
    {
        PacketHeaders.Decode(frame.Headers, frame.LinkType, frame.WireLength);
        frame.Release();
        _seen++;
    }
}

/// <summary>A client that trusts the device and reads frames where they lie, as often as it likes.</summary>
internal sealed class InPlaceCase : WayCase
{
    private readonly MultiplexerPort _port;
    private readonly Action<ReceivedFrame> _read;

    internal InPlaceCase()
        : base("ZeroCopy", "read in place by who trusts the device", BodyReads.Any)
    {
        _port = Way.Multiplexer.Attach("trusting", o => (o.Copy, o.Trust) = (CopyStrategy.ZeroCopy, Trust.DataOnly));
        _read = Read;
    }

    public override Watched[] Prepare() => Deliver(Frames.Udp4(1400));

    public override void Run() => Way.Receive(_port, _read);

    internal int Sum { get; private set; }

    private void Read(ReceivedFrame frame)
    {
        BodySlice slice = frame.Body.Slice(0);
        Must(slice.Pool.Window(slice.Buffer, slice.Offset, slice.Length).TryTrust(_port.Trust, out TrustedSpan bytes), "the client is trusted to trust");
        foreach (byte b in bytes.Bytes) Sum += b;
        frame.Release();
    }
}

/// <summary>A stack behind the port: what it does with a frame, and what its program reads.</summary>
internal abstract class StackCase : WayCase
{
    private protected StackCase(string group, string name, BodyReads body, Action<PortOptions> port, VirtualNicOptions? nic = null, bool believesChecksums = false)
        : base(group, name, body, nic)
    {
        Port = Way.Multiplexer.Attach("stack", o =>
        {
            o.Router = true;
            port(o);
        });
        Must(Port.SteeringState is SteeringState.NotAsked or SteeringState.Active, "a flow that is to be steered is steered");
        Host = new WayHost(Way, Port, believesChecksums);
    }

    private protected MultiplexerPort Port { get; }

    private protected WayHost Host { get; }

    private protected byte[] Buffer { get; } = new byte[4096];

    public override void Run() => Way.Receive(Port, Host.Receive);
}

/// <summary>What a frame leads to, so that a case cannot measure a frame that was dropped.</summary>
internal enum Outcome
{
    /// <summary>The stack sends an answer.</summary>
    Answer,

    /// <summary>A program reads a datagram.</summary>
    Datagram,

    /// <summary>The frame goes on, out of another interface.</summary>
    Forward,
}

/// <summary>Single frames that an answer, a socket or a route waits for.</summary>
internal sealed class PacketCase : StackCase, IWireEnd
{
    private readonly byte[] _frame;
    private readonly byte[][] _rest; // come before, unmeasured
    private readonly UdpSocket _socket;
    private readonly int _headerBytes;
    private readonly Outcome _outcome;
    private int _prepared;
    private int _announced; // what went out before anything came in
    private int _answers;
    private int _datagrams;

    internal PacketCase(string group, string name, BodyReads body, Outcome outcome, byte[][] frames, Action<PortOptions> port, int? headerBytes = null, VirtualNicOptions? nic = null)
        : base(group, name, body, port, nic)
    {
        (_frame, _rest, _outcome) = (frames[0], frames[1..], outcome);
        _headerBytes = headerBytes ?? HeaderBytesOf(_frame, LinkType.Ethernet, _frame.Length);
        _socket = Host.Stack.Udp.Open(_frame[12] == 0x86 ? UdpFamily.V6 : UdpFamily.V4);
        _socket.Bind(new UdpEndpoint(IpAddress.Parse(_frame[12] == 0x86 ? "fd00::1" : "10.0.0.1"), Frames.Port));
        Way.Nic.Attach(this);
    }

    public override Watched[] Prepare()
    {
        Host.Transmit();
        int reached = _outcome switch
        {
            Outcome.Answer => _answers,
            Outcome.Datagram => _datagrams,
            _ => Host.Passed,
        };
        if (_prepared == 0) _announced = reached;
        reached -= _announced;
        Must(_outcome == Outcome.Answer ? reached >= _prepared : reached == _prepared, $"{_prepared} frames led to {reached}"); // answers are not alone on the wire
        _prepared++;
        foreach (byte[] frame in _rest)
        {
            Way.Deliver(frame);
            base.Run();
        }
        return Deliver(_frame, _headerBytes);
    }

    public override void Run()
    {
        base.Run();
        while (_socket.TryReceive(Buffer, out _)) _datagrams++;
    }

    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        _answers++;
        return true;
    }
}

/// <summary>Full segments of a connection.</summary>
internal sealed class SegmentCase : StackCase
{
    private readonly Peer _peer;
    private readonly TcpConnection _theirs;
    private readonly TcpConnection _ours;
    private readonly byte[] _segment;
    private readonly bool _byHandle;
    private int _prepared;
    private readonly Queue<SummedBody> _held = new();

    internal SegmentCase(string group, string name, BodyReads body, Action<PortOptions> port, string address, VirtualNicOptions? nic = null, bool byHandle = false, bool believesChecksums = false)
        : base(group, name, body, port, nic, believesChecksums)
    {
        _byHandle = byHandle;
        _peer = new Peer(Way);
        TcpEndpoint at = new(IpAddress.Parse(address), 80);
        TcpConnectionOptions options = new() { ReceivesBodies = byHandle };
        Host.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(at)) { Connection = options }, out TcpListener? listener);
        _peer.Stack.Tcp.Connect(new TcpConnectOptions(at), Way.Now, out TcpConnection? theirs);
        _theirs = theirs!;
        for (int i = 0; i < 4; i++) Exchange();
        Must(listener!.TryAccept(out TcpConnection? ours), "the connection is accepted");
        _ours = ours!;
        _segment = Frames.Payload(_theirs.Info.SendMss);
    }

    private long Read { get; set; }

    public override Watched[] Prepare()
    {
        while (_held.TryDequeue(out SummedBody body)) body.Release();
        for (int i = 0; i < 3; i++) Exchange();
        Must(Read == _prepared++ * (long)_segment.Length, "each segment is read");
        Must(!_byHandle || Host.Stack.Tcp.Counters.BodyBytesCopied == 0, "bodies go by handle");
        Must(_theirs.Write(_segment) == _segment.Length, "the peer can write");
        List<byte[]> frames = _peer.Send();
        foreach (byte[] other in frames[..^1]) // an ARP announcement may come first
        {
            Way.Deliver(other);
            base.Run();
        }
        Must(frames[^1].Length > _segment.Length, "the last frame is the segment");
        return Deliver(frames[^1]);
    }

    public override void Run()
    {
        base.Run();
        if (!_byHandle) Read += _ours.Read(Buffer);
        while (_byHandle && _ours.TryReadBody(out SummedBody body))
        {
            _held.Enqueue(body);
            Read += body.Length;
        }
    }

    /// <summary>Lets both sides say what they have to, and acknowledge.</summary>
    private void Exchange()
    {
        foreach (byte[] frame in _peer.Send())
        {
            Way.Deliver(frame);
            Way.Receive(Port, Host.Receive);
        }
        Host.Transmit();
        Way.Now += TimeSpan.FromMilliseconds(300); // beyond what an ACK may be delayed
        Host.Transmit();
    }
}

/// <summary>All ways.</summary>
internal static class WayCases
{
    private static readonly VirtualNicOptions TwoQueues = new() { Queues = 2, RssQueues = 1 };
    private static readonly VirtualNicOptions Splitting = new() { HeaderSplit = true, HeaderSplitThreshold = 0 };
    private static readonly VirtualNicOptions Judging = new() { ReceiveChecksum = true };

    internal static IEnumerable<FetchCase> All() => Dropped()
        .Append(new InPlaceCase())
        .Concat(Everything("CopyAll", o => o.Copy = CopyStrategy.CopyAll))
        .Concat(Everything("CopyHeaders", o => o.Copy = CopyStrategy.CopyHeaders))
        .Concat(Delivered("Shadow", o => o.Copy = CopyStrategy.Shadow))
        .Concat(Delivered("CopyHeaders, split by the device", o => o.Copy = CopyStrategy.CopyHeaders, Splitting))
        .Concat(Delivered("steered, Verify", o => Steer(o, Trust.None, CopyStrategy.CopyHeaders), TwoQueues))
        .Concat(Delivered("steered, Trust", o => Steer(o, Trust.SteeringOnly, CopyStrategy.CopyHeaders), TwoQueues))
        .Concat(Delivered("steered, CopyAll", o => Steer(o, Trust.None, CopyStrategy.CopyAll), TwoQueues))
        .Concat(ByHandle());

    private static IEnumerable<FetchCase> ByHandle()
    {
        yield return new SegmentCase("relay", "TCP by handle, summed", BodyReads.Once, _ => { }, "10.0.0.1", byHandle: true);
        yield return new SegmentCase("relay", "TCP by handle, by the device's verdict", BodyReads.Never, _ => { }, "10.0.0.1", Judging, byHandle: true, believesChecksums: true);
        yield return new PacketCase("router", "forwarded by handle", BodyReads.Never, Outcome.Forward, [Frames.Udp4(1400, "10.9.0.9")], _ => { }, 2 * HeaderLine.Size);
    }

    private static IEnumerable<FetchCase> Dropped()
    {
        byte[] frame = Frames.Udp4(1400);
        yield return new DropCase("a frame nobody wants", BodyReads.Never, frame);
        yield return new DropCase("CopyHeaders", BodyReads.Never, frame, With(CopyStrategy.CopyHeaders));
        yield return new DropCase("PassThrough", BodyReads.Never, frame, With(CopyStrategy.PassThrough));
        yield return new DropCase("PassThrough, long header chain", BodyReads.Never, Frames.LongChain(), With(CopyStrategy.PassThrough));
        yield return new DropCase("CopyAll", BodyReads.Once, frame, With(CopyStrategy.CopyAll));
        yield return new DropCase("CopyHeaders + PassThrough", BodyReads.Never, frame, With(CopyStrategy.CopyHeaders), With(CopyStrategy.PassThrough));
        yield return new DropCase("CopyAll + CopyHeaders", BodyReads.Once, frame, With(CopyStrategy.CopyAll), With(CopyStrategy.CopyHeaders));
        yield return new DropCase("CopyAll + CopyAll + Shadow", BodyReads.Once, frame, With(CopyStrategy.CopyAll), With(CopyStrategy.CopyAll), With(CopyStrategy.Shadow));

        static Action<PortOptions> With(ICopyStrategy strategy) => o => o.Copy = strategy;
    }

    /// <summary>What a stack gets by one strategy.</summary>
    private static IEnumerable<FetchCase> Delivered(string strategy, Action<PortOptions> port, VirtualNicOptions? nic = null)
    {
        yield return new PacketCase(strategy, "UDP/IPv4, 1400 bytes", BodyReads.Once, Outcome.Datagram, [Frames.Udp4(1400)], port, nic: nic);
        yield return new SegmentCase(strategy, "TCP/IPv4", BodyReads.Once, port, "10.0.0.1", nic);
    }

    private static IEnumerable<FetchCase> Everything(string strategy, Action<PortOptions> port)
    {
        yield return new PacketCase(strategy, "ARP", BodyReads.Once, Outcome.Answer, [Frames.Arp()], port);
        yield return new PacketCase(strategy, "ICMP echo", BodyReads.Once, Outcome.Answer, [Frames.Echo4(1000)], port);
        yield return new PacketCase(strategy, "ICMPv6 echo", BodyReads.Once, Outcome.Answer, [Frames.Echo6(1000)], port);
        yield return new PacketCase(strategy, "UDP/IPv4, 18 bytes", BodyReads.Once, Outcome.Datagram, [Frames.Udp4(18)], port);
        yield return new PacketCase(strategy, "UDP/IPv6, extension header", BodyReads.Once, Outcome.Datagram, [Frames.Udp6WithOptions(1400)], port);
        yield return new PacketCase(strategy, "UDP/IPv4, fragment", BodyReads.Once, Outcome.Datagram, Frames.Fragments(), port);
        yield return new SegmentCase(strategy, "TCP/IPv6", BodyReads.Once, port, "fd00::1");
        foreach (FetchCase one in Delivered(strategy, port)) yield return one;
    }

    private static void Steer(PortOptions options, Trust trust, ICopyStrategy copy)
    {
        options.Placement = Placement.Steered;
        options.Filter = PortFilter.Host(IpAddress.Parse("10.0.0.1"), FilterDirection.Destination);
        (options.Trust, options.Copy) = (trust, copy);
    }
}
