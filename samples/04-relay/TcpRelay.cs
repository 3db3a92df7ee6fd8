using NetStack.Tcp;

namespace NetStack.Samples;

/// <summary>Accepts one connection in front, connects to the back, and moves what comes from each to the other: the whole relay.</summary>
internal sealed class TcpRelay
{
    private readonly RelayNetwork _network;
    private readonly TcpListener _listener;
    private readonly TcpConnectionOptions _options;
    private TcpConnection? _front;
    private TcpConnection? _back;
    private Way _there;
    private Way _here;

    internal TcpRelay(RelayNetwork network)
    {
        _network = network;

        // Bodies in the queues pin receive buffers: what may wait is kept well below what the pools have.
        _options = new TcpConnectionOptions { ReceivesBodies = true, MaxReceiveBuffer = 128 * 1024, SendBuffer = 128 * 1024, MaxSendBuffer = 128 * 1024 };
        network.Relay.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(RelayNetwork.Front)) { Connection = _options }, out TcpListener? listener);
        _listener = listener!;
        network.Program = Run;
    }

    /// <summary>Sees each body between the connections, and where in the stream it lies.</summary>
    internal Action<SummedBody, long>? Passing { get; set; }

    /// <summary>Why the connections ended.</summary>
    internal TcpError Error { get; private set; }

    private void Run(Instant now)
    {
        while (_network.Relay.Tcp.TryReadEvent(out _)) { } // one connection: it is looked at each time, whatever happened
        if (_front is null)
        {
            if (!_listener.TryAccept(out _front)) return;
            _network.Relay.Tcp.Connect(new TcpConnectOptions(RelayNetwork.Back) { Connection = _options }, now, out _back);
            _listener.Close();
        }
        Move(_front!, _back!, ref _there);
        Move(_back!, _front!, ref _here);
        TcpError error = _front!.Error == TcpError.None ? _back!.Error : _front.Error;
        if (error != TcpError.None)
        {
            if (Error == TcpError.None) Error = error;
            _front.Abort(); // the other one hears of it by a reset
            _back!.Abort();
        }
        else if (_there.IsOver && _here.IsOver)
        {
            _front.Close();
            _back!.Close();
        }
        else return;
        _there.Waiting.Release();
        _here.Waiting.Release();
    }

    private void Move(TcpConnection from, TcpConnection to, ref Way way)
    {
        while (true)
        {
            if (way.Waiting.Length == 0)
            {
                if (!from.TryReadBody(out way.Waiting)) break;
                Passing?.Invoke(way.Waiting, way.Passed);
                way.Passed += way.Waiting.Length;
            }
            if (!to.TryWriteBody(ref way.Waiting)) return; // no room: it goes when there is
        }
        if (way.IsOver || !from.IsEndOfStream) return;
        way.IsOver = true;
        to.ShutdownWrite();
    }

    private struct Way
    {
        internal SummedBody Waiting;
        internal long Passed;
        internal bool IsOver;
    }
}
