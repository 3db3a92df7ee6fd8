using System.Security.Cryptography;
using NetStack.Tcp;
using NetStack.Udp;

namespace NetStack.Samples;

/// <summary>The client sends, the server reads: ordinary programs that know nothing of the relay.</summary>
internal sealed class Transfer
{
    private readonly RelayNetwork _network;
    private readonly byte[] _data;
    private readonly TcpListener _listener;
    private readonly TcpConnection _client;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private TcpConnection? _server;
    private int _written;
    private bool _isOver;

    internal Transfer(RelayNetwork network, byte[] data)
    {
        _network = network;
        _data = data;
        Relay = new TcpRelay(network);
        network.Server.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(RelayNetwork.Back)), out TcpListener? listener);
        network.Client.Stack.Tcp.Connect(new TcpConnectOptions(RelayNetwork.Front), network.Clock.Now, out TcpConnection? connection);
        _listener = listener!;
        _client = connection!;
        network.Client.Driver.Program = _ => Write();
        network.Server.Driver.Program = _ => Read();
    }

    internal TcpRelay Relay { get; }

    /// <summary>Bytes the server got.</summary>
    internal int Received { get; private set; }

    /// <summary>Whether what the server got is what the client sent, as far as it goes.</summary>
    internal bool IsPrefix { get; private set; } = true;

    internal string SentHash => Convert.ToHexStringLower(SHA256.HashData(_data));

    internal string ReceivedHash => Convert.ToHexStringLower(_hash.GetCurrentHash());

    internal bool IsEqual => Received == _data.Length && SentHash == ReceivedHash;

    /// <summary>Runs until both ends are done.</summary>
    /// <returns>Whether the connection ended in order.</returns>
    internal bool Run()
    {
        _network.Clock.RunUntil(() => _isOver && _client.State is TcpState.Closed or TcpState.TimeWait, _network.Clock.Now + TimeSpan.FromMinutes(10));
        _client.Close();
        _listener.Close();
        return _isOver && _server!.Error == TcpError.None && Relay.Error == TcpError.None;
    }

    private void Write()
    {
        while (_network.Client.Stack.Tcp.TryReadEvent(out _)) { }
        if (_written == _data.Length || !_client.CanWrite) return;
        _written += _client.Write(_data.AsSpan(_written));
        if (_written == _data.Length) _client.Close();
    }

    private void Read()
    {
        while (_network.Server.Stack.Tcp.TryReadEvent(out _)) { }
        if (_server is null && !_listener.TryAccept(out _server)) return;
        foreach (ReadOnlyMemory<byte> piece in _server!.Peek())
        {
            IsPrefix &= piece.Span.SequenceEqual(_data.AsSpan(Received, piece.Length));
            _hash.AppendData(piece.Span);
            Received += piece.Length;
        }
        _server.Consume(_server.ReadableBytes);
        if (_isOver || !_server.IsEndOfStream) return;
        _isOver = true;
        _server.Close();
    }
}

/// <summary>Datagrams from the client to the server by way of the relay.</summary>
internal static class DatagramRun
{
    private static readonly UdpEndpoint Front = new(RelayNetwork.Front.Address, 5000);
    private static readonly UdpEndpoint Back = new(RelayNetwork.Back.Address, 5000);

    internal static (int Sent, int Arrived) Run(RelayNetwork network, int count)
    {
        UdpSocket client = network.Client.Stack.Udp.Open(UdpFamily.V4);
        UdpSocket server = network.Server.Stack.Udp.Open(UdpFamily.V4);
        UdpSocket relay = network.Relay.Udp.Open(UdpFamily.V4);
        relay.ReceivesBodies = true;
        relay.Bind(Front);
        server.Bind(Back);
        network.Program = now =>
        {
            while (relay.TryReceiveBody(out SummedBody body, out _)) relay.SendBody(Back, ref body, default, now);
        };

        byte[] payload = new byte[1400];
        byte[] received = new byte[2048];
        int sent = 0;
        int arrived = 0;
        network.Client.Driver.Program = now =>
        {
            if (sent > arrived) return; // one at a time
            if (sent == count) return;
            payload.AsSpan().Fill((byte)sent++);
            client.Send(Front, payload, default, now);
        };
        network.Server.Driver.Program = _ =>
        {
            while (server.TryReceive(received, out UdpDatagramInfo info))
            {
                if (received.AsSpan(0, info.Copied).SequenceEqual(payload)) arrived++;
            }
        };
        network.Clock.RunUntil(() => arrived == count, network.Clock.Now + TimeSpan.FromMinutes(1));
        foreach (UdpSocket socket in (UdpSocket[])[client, server, relay]) socket.Close(network.Clock.Now);
        return (sent, arrived);
    }
}
