using NetStack.Nic.Virtual;
using NetStack.Tcp;

namespace NetStack.Tests.Kit;

/// <summary>
/// Many short connections from Alice to Bob over a link that loses frames, each with a request, a reply and one of the ways a
/// connection can end; then silence, until the last TIME-WAIT is over. What is held then is leaked.
/// </summary>
internal sealed class ConnectionChurn
{
    private const int RequestBytes = 100;
    private const int ReplyBytes = 3000; // more than two segments
    private const int MostOpen = 256;
    private const int WatchedEvery = 100;

    private static readonly TcpConnectionOptions Options = new()
    {
        KeepAlive = true, // a reset may be lost: without probes the other end would wait forever, as it should
        KeepAliveIdle = TimeSpan.FromSeconds(30),
        KeepAliveInterval = TimeSpan.FromSeconds(5),
    };

    private readonly DrivenPair _pair;
    private readonly TcpListener _listener;
    private readonly TcpEndpoint _server;
    private readonly List<WeakReference> _watched = [];
    private readonly byte[] _request = new byte[RequestBytes];
    private readonly byte[] _reply = new byte[ReplyBytes];
    private SeededRandom _random;
    private int _open;
    private int _until;

    internal ConnectionChurn(ulong seed, double loss)
    {
        _pair = new DrivenPair(new VirtualLink(new Nic.Virtual.Impairment { Delay = TimeSpan.FromMilliseconds(1), Loss = loss }, seed: seed), seed);
        _random = new SeededRandom(seed);
        _server = new TcpEndpoint(_pair.Bob.Address, 80);
        TcpError error = _pair.Bob.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(_server)) { Backlog = 1024, Connection = Options }, out TcpListener? listener);
        if (error != TcpError.None) throw new InvalidOperationException($"no listener: {error}");
        _listener = listener!;
        _pair.Alice.Driver.Program = OnAlice;
        _pair.Bob.Driver.Program = _ => OnBob();
    }

    /// <summary>How a connection ends.</summary>
    private enum Ending
    {
        ClientFirst = 0,
        ServerFirst,
        Both,
        ClientResets,
        ServerResets,
        Refused,
        Count,
    }

    /// <summary>Connections begun.</summary>
    internal int Started { get; private set; }

    /// <summary>Connections of which every byte of the reply came.</summary>
    internal int Answered { get; private set; }

    /// <summary>The virtual time.</summary>
    internal Instant Now => _pair.Clock.Now;

    /// <summary>What both hosts hold.</summary>
    internal IEnumerable<HeldState> Held => [_pair.Alice.Held, _pair.Bob.Held];

    /// <summary>Frames on the link.</summary>
    internal int InFlight => _pair.Link.InFlight;

    /// <summary>Of the connections looked after, how many the garbage collector found in use.</summary>
    internal int ReachableConnections()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        _watched.RemoveAll(static w => !w.IsAlive);
        return _watched.Count;
    }

    /// <summary>Opens and closes so many more, then waits until nothing has a deadline.</summary>
    internal void Run(int connections)
    {
        _until += connections;
        while (_pair.Clock.Step()) { }
    }

    /// <summary>Stops listening and takes the devices down.</summary>
    internal void Stop()
    {
        _listener.Close();
        _pair.Stop();
    }

    private void OnAlice(Instant now)
    {
        while (_pair.Alice.Stack.Tcp.TryReadEvent(out TcpEvent happened))
        {
            if (happened.Connection is { Tag: Ending ending } connection) OnClient(connection, ending, happened.What);
        }
        for (; _open < MostOpen && Started < _until; Started++) Begin(now);
    }

    private void Begin(Instant now)
    {
        Ending ending = (Ending)_random.Below((int)Ending.Count);
        TcpEndpoint to = ending == Ending.Refused ? _server with { Port = 81 } : _server;
        TcpError error = _pair.Alice.Stack.Tcp.Connect(new TcpConnectOptions(to) { Connection = Options }, now, out TcpConnection? connection);
        if (error != TcpError.None) throw new InvalidOperationException($"connection {Started}: {error}");
        connection!.Tag = ending;
        _open++;
        if (Started % WatchedEvery == 0) _watched.Add(new WeakReference(connection));
    }

    private void OnClient(TcpConnection connection, Ending ending, TcpEvents what)
    {
        if (what.HasFlag(TcpEvents.Connected))
        {
            _request[0] = (byte)ending;
            connection.Write(_request);
            if (ending == Ending.Both) connection.ShutdownWrite();
        }
        bool isAnswered = connection.ReadableBytes == ReplyBytes;
        if (isAnswered && (ending == Ending.ClientFirst || connection.IsEndOfStream || what.HasFlag(TcpEvents.PeerClosed)))
        {
            Answered++;
            connection.Consume(ReplyBytes);
            Leave(connection);
        }
        else if (what.HasFlag(TcpEvents.Closed))
        {
            Leave(connection);
        }
        else if (ending == Ending.ClientResets && what.HasFlag(TcpEvents.Connected))
        {
            connection.Abort();
            Leave(connection);
        }
    }

    private void Leave(TcpConnection connection)
    {
        connection.Tag = null;
        connection.Close();
        _open--;
    }

    private void OnBob()
    {
        while (_pair.Bob.Stack.Tcp.TryReadEvent(out TcpEvent happened))
        {
            while (happened.Listener is not null && _listener.TryAccept(out _)) { }
            if (happened.Connection is { } connection) OnServer(connection, happened.What);
        }
    }

    private void OnServer(TcpConnection connection, TcpEvents what)
    {
        if (connection.ReadableBytes >= RequestBytes) Answer(connection);
        if (connection.IsEndOfStream || what.HasFlag(TcpEvents.Closed)) connection.Close();
    }

    private void Answer(TcpConnection connection)
    {
        Ending ending = (Ending)connection.Peek().FirstSpan[0];
        connection.Consume(RequestBytes);
        if (ending == Ending.ServerResets)
        {
            connection.Abort();
            return;
        }
        connection.Write(_reply);
        if (ending is Ending.ServerFirst or Ending.Both) connection.Close();
    }
}
