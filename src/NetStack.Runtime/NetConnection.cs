using System.IO.Pipelines;
using System.Net;
using NetStack.Runtime;
using NetStack.Tcp;

namespace NetStack;

/// <summary>
/// A TCP connection: a duplex pipe, or a <see cref="Stream"/> by <see cref="AsStream"/>. Completing <see cref="Output"/> is the half
/// close (a FIN behind what was written); disposing completes both ends and lets the stack finish by itself; <see cref="Abort"/> resets.
/// </summary>
/// <remarks>
/// One reader and one writer at a time, on any threads. Use the pipe or the stream, not both for one direction. A connection that
/// was neither disposed of nor aborted, and that nobody refers to any more, is reset by the garbage collector.
/// Failures are <see cref="IOException"/> with a <see cref="System.Net.Sockets.SocketException"/> inside, as <c>NetworkStream</c> has it.
/// </remarks>
public sealed partial class NetConnection : IDuplexPipe, IAsyncDisposable, IDisposable
{
    private readonly TcpChannel _channel;
    private readonly TcpEndpoint _local;
    private readonly TcpEndpoint _remote;
    private IPEndPoint? _localEndPoint; // made when asked for, as what follows
    private IPEndPoint? _remoteEndPoint;
    private NetPipeReader? _input;
    private NetPipeWriter? _output;
    private NetTcpStream? _stream;

    internal NetConnection(TcpChannel channel)
    {
        _channel = channel;
        _local = channel.Tcp.Local;
        _remote = channel.Tcp.Remote;
    }

    /// <summary>Resets a connection that was forgotten.</summary>
    ~NetConnection() => _channel.Abandon();

    /// <summary>What the peer sends, in the blocks into which it was copied out of the frames: nothing is copied again.</summary>
    public PipeReader Input => _input ??= new NetPipeReader(this);

    /// <summary>What is sent. A flush ends when the stack has taken everything; it waits while the send buffer is full.</summary>
    public PipeWriter Output => _output ??= new NetPipeWriter(this);

    /// <summary>Our address and port.</summary>
    public IPEndPoint LocalEndPoint => _localEndPoint ??= EndPoints.FromWire(_local);

    /// <summary>The peer's address and port.</summary>
    public IPEndPoint RemoteEndPoint => _remoteEndPoint ??= EndPoints.FromWire(_remote);

    /// <summary>Options: delay, keepalive, buffers, timeouts, congestion control. May be changed at any time.</summary>
    public TcpConnectionOptions Options
    {
        get
        {
            using (_channel.Loop.Enter()) return _channel.Tcp.Options;
        }
        set
        {
            using (_channel.Loop.Enter()) _channel.SetOptions(value);
        }
    }

    internal TcpChannel Channel => _channel;

    /// <summary>Statistics, as of now.</summary>
    public TcpInfo GetInfo()
    {
        using (_channel.Loop.Enter()) return _channel.Tcp.Info;
    }

    /// <summary>The connection as a stream. Disposing of it disposes of the connection. The same stream each time.</summary>
    public Stream AsStream() => _stream ??= new NetTcpStream(this);

    /// <summary>Ends the connection at once with a reset. Pending reads and writes fail; what was received and not read is lost.</summary>
    public void Abort() => _channel.Abort();

    /// <summary>
    /// Sends what was written, then a FIN, and lets go of the connection, which the stack ends by itself; when bytes are unread
    /// (RFC 2525 section 2.17), or a write is under way, the connection is reset at once instead. A read that waits fails. Waits only while the send buffer is full.
    /// </summary>
    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return CloseAsync(CancellationToken.None);
    }

    /// <summary>As <see cref="DisposeAsync"/>, but resets the connection when the token is cancelled before the stack has taken all.</summary>
    public ValueTask CloseAsync(CancellationToken cancellationToken) => _channel.TryClose() ? default : DrainAndCloseAsync(cancellationToken);

    private async ValueTask DrainAndCloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _channel.DrainAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _channel.Abort();
            throw;
        }
        _channel.Close();
    }

    /// <summary>As <see cref="DisposeAsync"/>, in the background.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        ValueTask closing = CloseAsync(CancellationToken.None);
        if (!closing.IsCompletedSuccessfully) _ = closing.AsTask();
    }

    /// <inheritdoc/>
    public override string ToString() => $"{LocalEndPoint} → {RemoteEndPoint}";
}
