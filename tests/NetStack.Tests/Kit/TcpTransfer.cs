using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>A connection over which both ends send seeded bytes, half-close, and compare what arrived.</summary>
public sealed class TcpTransfer
{
    private readonly World _world;
    private readonly TcpListener _listener;
    private readonly End _client;
    private End? _server;

    public TcpTransfer(World world, StackHost from, StackHost to, IpAddress server, int bytes, ulong seed, ushort port = 80)
    {
        _world = world;
        Assert.Equal(TcpError.None, to.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(new TcpEndpoint(server, port))), out TcpListener? listener));
        Assert.Equal(TcpError.None, from.Stack.Tcp.Connect(new TcpConnectOptions(new TcpEndpoint(server, port)), world.Now, out TcpConnection? connection));
        _listener = listener!;
        Client = connection!;
        _client = new End(Client, Data(seed, bytes), Data(seed + 1, bytes));
        ServerData = (Data(seed + 1, bytes), Data(seed, bytes));
    }

    public TcpConnection Client { get; }

    public TcpConnection? Server => _server?.Connection;

    private (byte[] Send, byte[] Expect) ServerData { get; }

    /// <summary>Runs until both ends have everything and are closed.</summary>
    public void Run(TimeSpan limit)
    {
        _world.RunUntil(() =>
        {
            if (_server is null && _listener.TryAccept(out TcpConnection? accepted)) _server = new End(accepted!, ServerData.Send, ServerData.Expect);
            _client.Step();
            _server?.Step();
            return _client.IsDone && _server is { IsDone: true };
        }, limit, () => $"the transfer, client {_client}, server {_server},");
        _listener.Close();
    }

    private static byte[] Data(ulong seed, int bytes)
    {
        byte[] data = new byte[bytes];
        new SeededRandom(seed).Fill(data);
        return data;
    }

    private sealed class End(TcpConnection connection, byte[] send, byte[] expect)
    {
        private readonly byte[] _buffer = new byte[16 * 1024];
        private int _written;
        private int _read;
        private bool _isShut;
        private bool _isClosed;

        internal TcpConnection Connection => connection;

        internal bool IsDone => _isClosed && connection.State is TcpState.Closed or TcpState.TimeWait;

        internal void Step()
        {
            Assert.True(connection.Error == TcpError.None, $"{connection.Local}: {connection.Error}");
            if (_written < send.Length) _written += connection.Write(send.AsSpan(_written));
            else if (!_isShut && (connection.State is TcpState.Established or TcpState.CloseWait))
            {
                _isShut = true;
                connection.ShutdownWrite();
            }
            for (int count; (count = connection.Read(_buffer)) > 0; _read += count)
                Assert.True(_buffer.AsSpan(0, count).SequenceEqual(expect.AsSpan(_read, count)), $"{connection.Local} got other bytes at {_read}");
            if (!_isShut || _isClosed || !connection.IsEndOfStream) return;
            Assert.Equal(expect.Length, _read);
            _isClosed = true;
            connection.Close();
        }

        public override string ToString() => $"{connection.State} wrote {_written} read {_read}";
    }
}
