using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using NetStack.Ip;
using NetStack.Runtime;
using NetStack.Udp;

namespace NetStack;

/// <summary>A datagram by handle.</summary>
/// <param name="Body">Its payload, maybe empty, to be sent or disposed of.</param>
/// <param name="Received">What is told of it.</param>
public readonly record struct UdpReceivedBody(NetBody Body, UdpReceived Received);

/// <remarks>Payload by handle, for relays: it is received and sent on without a copy (docs/runtime.md, Bodies by handle).</remarks>
public sealed partial class NetUdp
{
    /// <summary>Receives the oldest datagram by handle, or waits for one. From the first call on the socket keeps datagrams by handle, and
    /// <see cref="ReceiveAsync"/> must not be called any more.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="SocketException">Something sent before was refused.</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed of, before or meanwhile.</exception>
    /// <exception cref="InvalidOperationException"><see cref="NetStackHostOptions.PassThrough"/> is not set, or another receive waits.</exception>
    public ValueTask<UdpReceivedBody> ReceiveBodyAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<UdpReceivedBody>(cancellationToken);
        ValueTask readable;
        using (_driver.Loop.Enter())
        {
            if (TryReceiveBody(out UdpReceivedBody received)) return new ValueTask<UdpReceivedBody>(received);
            readable = _reads.WaitAsync(cancellationToken);
        }
        return ReceiveBodyLaterAsync(readable, cancellationToken);
    }

    /// <summary>Sends a body as one datagram, with the sum it came with; where it came without one, see
    /// <see cref="UdpSocket.SendBody"/>.</summary>
    /// <param name="body">The body, of a connection or socket of the same host. The call uses it up: where it fails or is cancelled the
    /// body is let go.</param>
    /// <param name="to">Where to; null for the peer the socket is connected to.</param>
    /// <param name="cancellationToken">Gives up waiting for room.</param>
    /// <exception cref="SocketException">It cannot be sent, or something sent before was refused.</exception>
    /// <exception cref="InvalidOperationException">The body was used before, or another send waits.</exception>
    /// <exception cref="ArgumentException">The body was received by another host.</exception>
    public ValueTask SendBodyAsync(NetBody body, IPEndPoint? to = null, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            body.Dispose();
            return ValueTask.FromCanceled(cancellationToken);
        }
        UdpEndpoint destination = to is null ? default : ToWire(to);
        BodyLease lease;
        ValueTask writable;
        using (_driver.Loop.Enter())
        {
            lease = body.Take(_driver.Bodies);
            bool isWaiting = false;
            try
            {
                if (TrySendBody(lease, destination)) return default;
                writable = _writes.WaitAsync(cancellationToken);
                isWaiting = true;
            }
            finally
            {
                if (!isWaiting) lease.Owner.End(lease);
            }
        }
        return SendBodyLaterAsync(writable, lease, destination, cancellationToken);
    }

    private bool TryReceiveBody(out UdpReceivedBody received)
    {
        received = default;
        BodyLeases bodies = _driver.Bodies ?? throw new InvalidOperationException($"The host does not pass bodies through: set {nameof(NetStackHostOptions)}.{nameof(NetStackHostOptions.PassThrough)}.");
        CheckUsable();
        _socket.ReceivesBodies = true;
        if (!_socket.TryReceiveBody(out SummedBody body, out UdpDatagramInfo info)) return false;
        received = new UdpReceivedBody(bodies.Hold(body), Describe(info));
        return true;
    }

    private bool TrySendBody(BodyLease lease, UdpEndpoint destination)
    {
        CheckUsable();
        DatagramSendResult result = _socket.SendBody(destination, ref lease.Body, default, _driver.Loop.Now);
        if (result == DatagramSendResult.WouldBlock) return false;
        if (result != DatagramSendResult.Sent) throw SocketErrors.Exception(SocketErrors.CodeOf(result));
        _driver.Touch();
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<UdpReceivedBody> ReceiveBodyLaterAsync(ValueTask readable, CancellationToken cancellationToken)
    {
        while (true)
        {
            await readable.ConfigureAwait(false);
            using (_driver.Loop.Enter())
            {
                if (TryReceiveBody(out UdpReceivedBody received)) return received;
                readable = _reads.WaitAsync(cancellationToken);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendBodyLaterAsync(ValueTask writable, BodyLease lease, UdpEndpoint destination, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await writable.ConfigureAwait(false);
                using (_driver.Loop.Enter())
                {
                    if (TrySendBody(lease, destination)) return;
                    writable = _writes.WaitAsync(cancellationToken);
                }
            }
        }
        finally
        {
            using (_driver.Loop.Enter()) lease.Owner.End(lease);
        }
    }
}
