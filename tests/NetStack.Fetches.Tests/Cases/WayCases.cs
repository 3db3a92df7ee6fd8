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

    public override void Dispose() => Way.Dispose();

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
        Host = new WayHost(Way, Port, believesChecksums);
    }

    private protected MultiplexerPort Port { get; }

    private protected WayHost Host { get; }

    private protected byte[] Buffer { get; } = new byte[4096];

    public override void Run() => Way.Receive(Port, Host.Receive);
}

/// <summary>Single frames that an answer, a socket or a route waits for.</summary>
internal sealed class PacketCase : StackCase
{
    private readonly byte[] _frame;
    private readonly byte[][] _rest;
    private readonly UdpSocket _socket;
    private readonly int _headerBytes;
    private readonly int _read;

    internal PacketCase(string group, string name, BodyReads body, byte[][] frames, Action<PortOptions> port, int? headerBytes = null, VirtualNicOptions? nic = null)
        : base(group, name, body, port, nic)
    {
        (_frame, _rest) = (frames[0], frames[1..]);
        _headerBytes = headerBytes ?? HeaderBytesOf(_frame, LinkType.Ethernet, _frame.Length);
        _socket = Host.Stack.Udp.Open(_frame[12] == 0x86 ? UdpFamily.V6 : UdpFamily.V4);
        _socket.Bind(new UdpEndpoint(_frame[12] == 0x86 ? IpAddress.Parse("fd00::1") : IpAddress.Parse("10.0.0.1"), Frames.Port));
        _read = name.StartsWith("UDP", StringComparison.Ordinal) ? 1 : 0;
    }

    /// <summary>Datagrams the program read.</summary>
    internal int Datagrams { get; private set; }

    public override Watched[] Prepare()
    {
        Host.Transmit();
        foreach (byte[] frame in _rest)
        {
            Way.Deliver(frame);
            Run();
        }
        Must(Datagrams >= _read * (Prepared++ - 1) && Datagrams <= Prepared, "one datagram is read of each frame");
        return Deliver(_frame, _headerBytes);
    }

    public override void Run()
    {
        base.Run();
        while (_socket.TryReceive(Buffer, out _)) Datagrams++;
    }

    private int Prepared { get; set; }

    internal bool HasAnswered => Host.Passed > 0;
}

/// <summary>Full segments of a connection.</summary>
internal sealed class SegmentCase : StackCase
{
    private readonly Peer _peer;
    private readonly TcpConnection _theirs;
    private readonly TcpConnection _ours;
    private readonly byte[] _segment;
    private readonly bool _byHandle;
    private SummedBody _held;

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

    internal long Read { get; private set; }

    public override Watched[] Prepare()
    {
        _held.Release();
        for (int i = 0; i < 3; i++) Exchange();
        Must(Read % _segment.Length == 0, "whole segments are read");
        Must(_theirs.Write(_segment) == _segment.Length, "the peer can write");
        List<byte[]> frames = _peer.Send();
        Must(frames.Count == 1 && frames[0].Length > _segment.Length, "one frame is one segment");
        return Deliver(frames[0]);
    }

    public override void Run()
    {
        base.Run();
        if (!_byHandle) Read += _ours.Read(Buffer);
        else if (_ours.TryReadBody(out _held)) Read += _held.Length;
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
    private static readonly VirtualNicOptions Queues = new() { Queues = 2, RssQueues = 1 };

    internal static IEnumerable<FetchCase> All()
    {
        yield return new DropCase("a frame nobody wants", BodyReads.Never, Frames.Udp4(1400), o => o.Filter = "tcp port 1", o => o.Filter = "tcp port 2");
        yield return new DropCase("CopyHeaders", BodyReads.Never, Frames.Udp4(1400), o => o.Copy = CopyStrategy.CopyHeaders);
        yield return new DropCase("PassThrough", BodyReads.Never, Frames.Udp4(1400), o => o.Copy = CopyStrategy.PassThrough);
        yield return new DropCase("CopyAll", BodyReads.Once, Frames.Udp4(1400), o => o.Copy = CopyStrategy.CopyAll);
        yield return new DropCase("PassThrough, long header chain", BodyReads.Never, Frames.LongChain(), o => o.Copy = CopyStrategy.PassThrough);
        yield return new DropCase("CopyHeaders + PassThrough, two ports", BodyReads.Never, Frames.Udp4(1400), o => o.Copy = CopyStrategy.CopyHeaders, o => o.Copy = CopyStrategy.PassThrough);
        yield return new DropCase("CopyAll + CopyHeaders, two ports", BodyReads.Once, Frames.Udp4(1400), o => o.Copy = CopyStrategy.CopyAll, o => o.Copy = CopyStrategy.CopyHeaders);
        yield return new DropCase("CopyAll + CopyAll + Shadow, three ports", BodyReads.Once, Frames.Udp4(1400), o => o.Copy = CopyStrategy.CopyAll, o => o.Copy = CopyStrategy.CopyAll, o => o.Copy = CopyStrategy.Shadow);
        yield return new InPlaceCase();
        foreach ((string strategy, Action<PortOptions> port, VirtualNicOptions? nic) in Strategies())
        {
            foreach (FetchCase one in Delivered(strategy, port, nic)) yield return one;
        }
        foreach ((string strategy, Action<PortOptions> port, VirtualNicOptions? nic) in Steered())
        {
            yield return new PacketCase(strategy, "UDP/IPv4, 1400 bytes", BodyReads.Once, [Frames.Udp4(1400)], o => Steer(o, port, "udp dst port 5000"), nic: nic);
            yield return new SegmentCase(strategy, "TCP/IPv4, read", BodyReads.Once, o => Steer(o, port, "tcp dst port 80"), "10.0.0.1", nic);
        }
        VirtualNicOptions sums = new() { ReceiveChecksum = true };
        yield return new SegmentCase("relay", "TCP by handle, summed", BodyReads.Once, _ => { }, "10.0.0.1", byHandle: true);
        yield return new SegmentCase("relay", "TCP by handle, by the device's verdict", BodyReads.Never, _ => { }, "10.0.0.1", sums, byHandle: true, believesChecksums: true);
        yield return new PacketCase("router", "UDP/IPv4, forwarded by handle", BodyReads.Never, [Frames.Udp4(1400, "10.9.0.9")], _ => { }, HeaderLine.Size);
    }

    private static IEnumerable<(string Name, Action<PortOptions> Port, VirtualNicOptions? Nic)> Strategies()
    {
        yield return ("CopyAll", o => o.Copy = CopyStrategy.CopyAll, null);
        yield return ("CopyHeaders", o => o.Copy = CopyStrategy.CopyHeaders, null);
        yield return ("Shadow", o => o.Copy = CopyStrategy.Shadow, null);
        yield return ("CopyHeaders, headers split", o => o.Copy = CopyStrategy.CopyHeaders, new VirtualNicOptions { HeaderSplit = true, HeaderSplitThreshold = 0 });
    }

    private static IEnumerable<(string Name, Action<PortOptions> Port, VirtualNicOptions? Nic)> Steered()
    {
        yield return ("steered, Verify", _ => { }, Queues);
        yield return ("steered, Trust", o => (o.Trust, o.Verification) = (Trust.SteeringOnly, SteeringVerification.Trust), Queues);
        yield return ("steered, Verify, CopyAll", o => o.Copy = CopyStrategy.CopyAll, Queues);
    }

    private static IEnumerable<FetchCase> Delivered(string strategy, Action<PortOptions> port, VirtualNicOptions? nic)
    {
        yield return new PacketCase(strategy, "ARP, answered", BodyReads.Once, [Frames.Arp()], port, nic: nic);
        yield return new PacketCase(strategy, "ICMP echo, answered", BodyReads.Once, [Frames.Echo4(1000)], port, nic: nic);
        yield return new PacketCase(strategy, "ICMPv6 echo, answered", BodyReads.Once, [Frames.Echo6(1000)], port, nic: nic);
        yield return new PacketCase(strategy, "UDP/IPv4, 18 bytes", BodyReads.Once, [Frames.Udp4(18)], port, nic: nic);
        yield return new PacketCase(strategy, "UDP/IPv4, 1400 bytes", BodyReads.Once, [Frames.Udp4(1400)], port, nic: nic);
        yield return new PacketCase(strategy, "UDP/IPv6, extension header", BodyReads.Once, [Frames.Udp6WithOptions(1400)], port, nic: nic);
        yield return new PacketCase(strategy, "UDP/IPv4, first fragment", BodyReads.Once, Frames.Fragments(), port, nic: nic);
        yield return new SegmentCase(strategy, "TCP/IPv4, read", BodyReads.Once, port, "10.0.0.1", nic);
        yield return new SegmentCase(strategy, "TCP/IPv6, read", BodyReads.Once, port, "fd00::1", nic);
    }

    private static void Steer(PortOptions options, Action<PortOptions> port, PortFilter filter)
    {
        options.Placement = Placement.Steered;
        options.Filter = filter;
        port(options);
    }
}
