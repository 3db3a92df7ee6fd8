using NetStack.Memory;
using NetStack.Tcp;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Bodies;

/// <summary>A client and a server that know nothing of each other, and a relay between them that passes on bodies by handle.</summary>
internal sealed class RelayWorld
{
    internal static readonly TcpEndpoint Front = new(IpAddress.Parse("10.1.0.1"), 80);
    internal static readonly TcpEndpoint Back = new(IpAddress.Parse("10.2.0.2"), 8080);

    private readonly Action<InterfaceOptions>? _nic;

    internal RelayWorld(ulong seed = 1, Impairment? front = null, Impairment? back = null, int frontMtu = 1500, int backMtu = 1500, Action<StackOptions>? relay = null,
        Action<InterfaceOptions>? nic = null)
    {
        TestDevice.NeedsSteadyBodies();
        _nic = nic;
        World = new World(seed);
        FrontHub = World.Hub(front);
        BackHub = World.Hub(back);
        Client = World.Host("client");
        Relay = World.Host("relay", relay);
        Server = World.Host("server");
        Plug(Client, FrontHub, "10.1.0.2", frontMtu);
        Plug(Relay, FrontHub, "10.1.0.1", frontMtu);
        Plug(Relay, BackHub, "10.2.0.1", backMtu);
        Plug(Server, BackHub, "10.2.0.2", backMtu);
    }

    internal World World { get; }

    internal Hub FrontHub { get; }

    internal Hub BackHub { get; }

    internal StackHost Client { get; }

    internal StackHost Relay { get; }

    internal StackHost Server { get; }

    /// <summary>Bytes of packets' bodies that the relay copied.</summary>
    internal long Copied => Relay.Meter.BodyBytesCopied + Relay.Stack.Meter.BodyBytesCopied;

    /// <summary>Changes a byte of a body where it lies, as a device may that received it.</summary>
    internal static void Tamper(in SummedBody body, int offset)
    {
        BodySlice slice = body.Body.Slice(0);
        new DeviceMemory(slice.Pool.Region).Span(slice.Pool.RegionOffset(slice.Buffer) + slice.Offset + offset, 1)[0] ^= 0x40;
    }

    internal static TcpListener Listen(StackHost host, TcpEndpoint at, bool receivesBodies = false)
    {
        TcpConnectionOptions connection = new() { ReceivesBodies = receivesBodies };
        Assert.Equal(TcpError.None, host.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(at)) { Connection = connection }, out TcpListener? listener));
        return listener!;
    }

    internal TcpConnection Connect(StackHost host, TcpEndpoint to, TcpConnectionOptions? options = null)
    {
        Assert.Equal(TcpError.None, host.Stack.Tcp.Connect(new TcpConnectOptions(to) { Connection = options }, World.Now, out TcpConnection? connection));
        return connection!;
    }

    private void Plug(StackHost host, Hub hub, string address, int mtu) =>
        host.Plug(hub, o =>
        {
            o.Mtu = mtu;
            if (host == Relay) _nic?.Invoke(o);
        }).AddAddress(IpAddress.Parse(address), 24, World.Now);
}

/// <summary>One relayed connection: accepted in front, connected to the back.</summary>
internal sealed class TcpRelay(RelayWorld world, TcpConnectionOptions? back = null)
{
    private readonly TcpListener _listener = RelayWorld.Listen(world.Relay, RelayWorld.Front, receivesBodies: true);
    private Direction? _there;
    private Direction? _here;

    internal TcpConnection? Front { get; private set; }

    internal TcpConnection? Back { get; private set; }

    /// <summary>Whether the relay reads nothing for now.</summary>
    internal bool IsPaused { get; set; }

    /// <summary>Sees each body between reading and writing.</summary>
    internal Action<SummedBody>? Seen { get; set; }

    internal bool IsDone => Front is { State: TcpState.Closed or TcpState.TimeWait } && Back is { State: TcpState.Closed or TcpState.TimeWait };

    internal void Step()
    {
        if (Front is null)
        {
            if (!_listener.TryAccept(out TcpConnection? accepted)) return;
            Front = accepted!;
            Back = world.Connect(world.Relay, RelayWorld.Back, (back ?? new TcpConnectionOptions()) with { ReceivesBodies = true });
            (_there, _here) = (new Direction(Front, Back), new Direction(Back, Front));
            _listener.Close();
        }
        if (IsPaused) return;
        bool isOver = _there!.Step(Seen) & _here!.Step(Seen);
        if (Front.Error != TcpError.None) Back!.Abort();
        if (Back!.Error != TcpError.None) Front.Abort();
        if (!isOver && Front.Error == TcpError.None && Back.Error == TcpError.None) return;
        _there.Release();
        _here.Release();
        Front.Close();
        Back.Close();
    }

    private sealed class Direction(TcpConnection from, TcpConnection to)
    {
        private SummedBody _pending;
        private bool _isShut;

        /// <summary>Moves what can be moved.</summary>
        /// <returns>Whether the end of the stream was passed on.</returns>
        internal bool Step(Action<SummedBody>? seen)
        {
            while (true)
            {
                if (_pending.Length == 0)
                {
                    if (!from.TryReadBody(out _pending)) break;
                    seen?.Invoke(_pending);
                }
                if (!to.TryWriteBody(ref _pending)) return false;
            }
            if (!_isShut && from.IsEndOfStream && from.Error == TcpError.None)
            {
                _isShut = true;
                to.ShutdownWrite();
            }
            return _isShut;
        }

        internal void Release() => _pending.Release();
    }
}

/// <summary>An end that writes seeded bytes in pieces of any size, and compares what it gets.</summary>
internal sealed class StreamEnd(TcpConnection connection, byte[] send, byte[] expect, ulong seed)
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private SeededRandom _random = new(seed);
    private int _written;
    private bool _isShut;
    private bool _isClosed;

    internal TcpConnection Connection => connection;

    internal int Read { get; private set; }

    internal bool IsDone => _isClosed && connection.State is TcpState.Closed or TcpState.TimeWait;

    /// <summary>The most bytes it writes at once.</summary>
    internal int Chunk { get; init; } = 4001;

    /// <summary>Whether it sends only after everything came.</summary>
    internal bool AnswersLast { get; init; }

    internal void Step()
    {
        for (int count; (count = connection.Read(_buffer)) > 0; Read += count)
            Assert.True(_buffer.AsSpan(0, count).SequenceEqual(expect.AsSpan(Read, count)), $"{connection.Local} got other bytes at {Read}");
        bool mayWrite = !AnswersLast || connection.IsEndOfStream;
        if (mayWrite && _written < send.Length) _written += connection.Write(send.AsSpan(_written, Math.Min(send.Length - _written, 1 + _random.Below(Chunk))));
        else if (mayWrite && !_isShut && connection.State is TcpState.Established or TcpState.CloseWait)
        {
            _isShut = true;
            connection.ShutdownWrite();
        }
        if (!_isShut || _isClosed || !connection.IsEndOfStream || connection.Error != TcpError.None) return;
        Assert.Equal(expect.Length, Read);
        _isClosed = true;
        connection.Close();
    }

    internal static byte[] Data(ulong seed, int bytes)
    {
        byte[] data = new byte[bytes];
        new SeededRandom(seed).Fill(data);
        return data;
    }

    public override string ToString() => $"{connection.State} {connection.Error} wrote {_written} read {Read}";
}
