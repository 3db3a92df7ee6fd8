using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace NetStack;

/// <summary>
/// Joins ordinary sockets of this machine with a host, connection by connection, for programs that take nothing but a socket or an address:
/// <see cref="FromSockets"/> leads a client on this machine to a server beyond the host, <see cref="ToSockets"/> a peer of the host to a
/// server on this machine. Disposing of it frees the port and resets what is open.
/// </summary>
/// <remarks>
/// Data, half closes, resets and back-pressure pass both ways. What does not: addresses (each side sees the forwarder), socket options, urgent
/// data, datagrams. A client's connect succeeds before the far one; where that fails, the client is reset. A reset that comes while the other
/// side does not take what was sent to it is passed on once it does. Sockets go by the real clock: a <see cref="VirtualTimeLoop"/> with a
/// forwarder is not repeatable.
/// </remarks>
public sealed class LoopbackForwarder : IAsyncDisposable
{
    private const int PieceSize = 64 * 1024;

    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100); // after an accept failed, for want of descriptors say

    private readonly CancellationTokenSource _stopping = new();
    private readonly HashSet<Task> _connections = [];
    private readonly IDisposable _listener;
    private readonly Task _accepting;
    private long _accepted;
    private long _refused;

    private LoopbackForwarder(IDisposable listener, IPEndPoint localEndPoint, Func<LoopbackForwarder, Task> accept)
    {
        _listener = listener;
        LocalEndPoint = localEndPoint;
        _accepting = accept(this);
    }

    /// <summary>Where it listens: an address of this machine for <see cref="FromSockets"/>, of the host for <see cref="ToSockets"/>.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Connections it accepted.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Those of them that were reset because the far side could not be connected to.</summary>
    public long Refused => Volatile.Read(ref _refused);

    /// <summary>Connections that are open.</summary>
    public int Open
    {
        get
        {
            lock (_connections) return _connections.Count;
        }
    }

    /// <summary>Listens on this machine and connects over the host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="target">Where to: an <see cref="IPEndPoint"/>, or a <see cref="DnsEndPoint"/> that the host resolves for each connection.</param>
    /// <param name="localEndPoint">Where to listen; null for a free port of 127.0.0.1.</param>
    /// <exception cref="SocketException">The port is in use, or the address is not this machine's.</exception>
    public static LoopbackForwarder FromSockets(NetStackHost host, EndPoint target, IPEndPoint? localEndPoint = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);
        if (target is not (IPEndPoint or DnsEndPoint)) throw new ArgumentException($"A {target.GetType().Name} is no address that TCP can connect to.", nameof(target));
        IPEndPoint local = localEndPoint ?? new IPEndPoint(IPAddress.Loopback, 0);
        Socket listener = new(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(local);
            listener.Listen();
        }
        catch
        {
            listener.Dispose();
            throw;
        }
        return new LoopbackForwarder(listener, (IPEndPoint)listener.LocalEndPoint!, forwarder => forwarder.AcceptSocketsAsync(listener, host, target));
    }

    /// <summary>Listens on the host and connects to a server on this machine, or on one that it reaches.</summary>
    /// <param name="host">The host.</param>
    /// <param name="localEndPoint">Where to listen, as <see cref="NetStackHost.ListenTcp"/> has it.</param>
    /// <param name="target">Where to: an <see cref="IPEndPoint"/>, a <see cref="DnsEndPoint"/> that the system resolves, or a
    /// <see cref="UnixDomainSocketEndPoint"/>.</param>
    /// <exception cref="SocketException">As <see cref="NetStackHost.ListenTcp"/>.</exception>
    public static LoopbackForwarder ToSockets(NetStackHost host, IPEndPoint localEndPoint, EndPoint target)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(target);
        NetListener listener = host.ListenTcp(localEndPoint);
        return new LoopbackForwarder(listener, listener.LocalEndPoint, forwarder => forwarder.AcceptConnectionsAsync(listener, target));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        Task[] open;
        lock (_connections) open = [.. _connections];
        await Task.WhenAll(open).ConfigureAwait(false);
    }

    private async Task AcceptSocketsAsync(Socket listener, NetStackHost host, EndPoint target)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Socket socket = await listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                Begin(() => ServeAsync(socket, host, target));
            }
            catch (SocketException)
            {
                await Task.Delay(AcceptPause, TimeProvider.System, CancellationToken.None).ConfigureAwait(false);
            }
            catch (Exception stop) when (stop is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AcceptConnectionsAsync(NetListener listener, EndPoint target)
    {
        await foreach (NetConnection connection in listener.AcceptAllAsync().ConfigureAwait(false)) Begin(() => ServeAsync(connection, target));
    }

    private void Begin(Func<Task> serve)
    {
        Interlocked.Increment(ref _accepted);
        Task connection = Task.Run(serve);
        lock (_connections) _connections.Add(connection);
        _ = connection.ContinueWith(End, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        void End(Task ended)
        {
            lock (_connections) _connections.Remove(ended);
        }
    }

    private async Task ServeAsync(Socket socket, NetStackHost host, EndPoint target)
    {
        NetConnection connection;
        try
        {
            connection = await host.ConnectTcpAsync(target, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Interlocked.Increment(ref _refused);
            Reset(socket);
            return;
        }
        await RelayAsync(socket, connection).ConfigureAwait(false);
    }

    private async Task ServeAsync(NetConnection connection, EndPoint target)
    {
        bool isLocal = target is UnixDomainSocketEndPoint;
        Socket socket = isLocal ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(target, _stopping.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            Interlocked.Increment(ref _refused);
            socket.Dispose();
            connection.Abort();
            return;
        }
        await RelayAsync(socket, connection).ConfigureAwait(false);
    }

    /// <summary>Passes on what comes, until both have ended or one has failed, which resets the other.</summary>
    private async Task RelayAsync(Socket socket, NetConnection connection)
    {
        if (socket.ProtocolType == ProtocolType.Tcp) socket.NoDelay = true;
        connection.Options = connection.Options with { NoDelay = true };
        await Task.WhenAll(EitherWayAsync(FromSocketAsync(socket, connection.Output)), EitherWayAsync(ToSocketAsync(connection.Input, socket))).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
        socket.Dispose();

        async Task EitherWayAsync(Task way)
        {
            try
            {
                await way.ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                connection.Abort();
                Reset(socket);
            }
        }
    }

    private async Task FromSocketAsync(Socket socket, PipeWriter output)
    {
        while (true)
        {
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _stopping.Token).ConfigureAwait(false); // an idle connection holds no memory
            int count = await socket.ReceiveAsync(output.GetMemory(PieceSize), SocketFlags.None, _stopping.Token).ConfigureAwait(false);
            if (count == 0) break;
            output.Advance(count);
            await output.FlushAsync(_stopping.Token).ConfigureAwait(false);
        }
        await output.CompleteAsync().ConfigureAwait(false);
    }

    private async Task ToSocketAsync(PipeReader input, Socket socket)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync(_stopping.Token).ConfigureAwait(false);
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
            {
                for (int sent = 0; sent < piece.Length;) sent += await socket.SendAsync(piece[sent..], SocketFlags.None, _stopping.Token).ConfigureAwait(false);
            }
            input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }
        socket.Shutdown(SocketShutdown.Send);
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // it has no linger, or it is reset already
        }
        socket.Dispose();
    }
}
