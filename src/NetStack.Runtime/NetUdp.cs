using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using NetStack.Ip;
using NetStack.Multicast;
using NetStack.Runtime;
using NetStack.Udp;

namespace NetStack;

/// <summary>What is told of a received datagram.</summary>
/// <param name="Length">Bytes that were copied into the buffer.</param>
/// <param name="From">Who sent it.</param>
/// <param name="To">Whom it was addressed to: one of our addresses, a group or a broadcast address.</param>
public readonly record struct UdpReceived(int Length, IPEndPoint From, IPEndPoint To)
{
    /// <summary>Whether the buffer was too short; the rest is gone.</summary>
    public bool Truncated => Length < DatagramLength;

    /// <summary>Payload bytes of the datagram.</summary>
    public int DatagramLength { get; init; }

    /// <summary>The ECN codepoint of its IP header, 0 to 3 (RFC 3168).</summary>
    public int Ecn { get; init; }

    /// <summary>TTL or hop limit as it arrived.</summary>
    public int HopLimit { get; init; }

    /// <summary>The index of the interface it came in on.</summary>
    public int Interface { get; init; }
}

/// <summary>
/// A UDP socket. One receive and one send at a time, on any threads. An ICMP error about something it sent is thrown by the next call
/// as a <see cref="SocketException"/>, where the socket is connected.
/// </summary>
public sealed partial class NetUdp : IAsyncDisposable, IDisposable, IDatagramUser
{
    private readonly StackDriver _driver;
    private readonly UdpSocket _socket;
    private readonly Waiter _reads;
    private readonly Waiter _writes;
    private IPEndPoint? _lastFrom;
    private IPEndPoint? _lastTo;
    private UdpEndpoint _lastFromKey;
    private UdpEndpoint _lastToKey;

    internal NetUdp(StackDriver driver, UdpSocket socket, PipeScheduler scheduler)
    {
        _driver = driver;
        _socket = socket;
        _reads = new Waiter(driver.Loop, scheduler);
        _writes = new Waiter(driver.Loop, scheduler);
        socket.Tag = this;
        driver.Open.Add(this);
    }

    /// <summary>Our address and port; the port is the one chosen where 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint
    {
        get
        {
            using (_driver.Loop.Enter()) return FromWire(_socket.LocalEndpoint);
        }
    }

    /// <summary>Whether it may send to broadcast addresses.</summary>
    public bool Broadcast
    {
        get => _socket.Broadcast;
        set
        {
            using (_driver.Loop.Enter()) _socket.Broadcast = value;
        }
    }

    /// <summary>TTL or hop limit of unicast datagrams; 0 for the stack's default.</summary>
    public byte HopLimit
    {
        get => _socket.HopLimit;
        set
        {
            using (_driver.Loop.Enter()) _socket.HopLimit = value;
        }
    }

    /// <summary>TTL or hop limit of multicast datagrams.</summary>
    public byte MulticastHopLimit
    {
        get => _socket.MulticastHopLimit;
        set
        {
            using (_driver.Loop.Enter()) _socket.MulticastHopLimit = value;
        }
    }

    /// <summary>Whether datagrams must not be fragmented; one that is too long for the path fails with
    /// <see cref="SocketError.MessageSize"/>.</summary>
    public bool DontFragment
    {
        get => _socket.DontFragment;
        set
        {
            using (_driver.Loop.Enter()) _socket.DontFragment = value;
        }
    }

    /// <summary>Datagrams that were dropped because the socket's queue was full.</summary>
    public long Dropped => _socket.Dropped;

    /// <summary>Receives the oldest datagram, or waits for one.</summary>
    /// <param name="buffer">Where to; what does not fit is lost, and <see cref="UdpReceived.Truncated"/> says so.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="SocketException">Something sent before was refused: <see cref="SocketError.ConnectionRefused"/> and others.</exception>
    /// <exception cref="ObjectDisposedException">The socket was disposed of, before or meanwhile.</exception>
    public ValueTask<UdpReceived> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<UdpReceived>(cancellationToken);
        ValueTask readable;
        using (_driver.Loop.Enter())
        {
            if (TryReceive(buffer.Span, out UdpReceived received)) return new ValueTask<UdpReceived>(received);
            readable = _reads.WaitAsync(cancellationToken);
        }
        return ReceiveLaterAsync(readable, buffer, cancellationToken);
    }

    /// <summary>Sends a datagram to the peer the socket is connected to.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, IPEndPoint?, CancellationToken)"/>
    public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, CancellationToken cancellationToken = default) => SendAsync(datagram, null, cancellationToken);

    /// <summary>Sends a datagram; its bytes are copied before this returns, or before the wait for room ends.</summary>
    /// <param name="datagram">At most 65,507 bytes to IPv4 and 65,527 to IPv6.</param>
    /// <param name="to">Where to; null for the peer the socket is connected to.</param>
    /// <param name="cancellationToken">Gives up waiting for room.</param>
    /// <exception cref="SocketException">It cannot be sent, or something sent before was refused.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> datagram, IPEndPoint? to, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        UdpEndpoint destination = to is null ? default : ToWire(to);
        ValueTask writable;
        using (_driver.Loop.Enter())
        {
            if (TrySend(datagram.Span, destination)) return default;
            writable = _writes.WaitAsync(cancellationToken);
        }
        return SendLaterAsync(writable, datagram, destination, cancellationToken);
    }

    /// <summary>Connects to a peer: sends go to it by default, only its datagrams are received, and errors are told.</summary>
    /// <exception cref="SocketException">There is no way to the peer, or the address is not of the socket's family.</exception>
    public void Connect(IPEndPoint peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        using (_driver.Loop.Enter()) Check(_socket.Connect(ToWire(peer)));
    }

    /// <summary>Joins a multicast group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="interfaceIndex">The interface; null for the first one that is not loopback.</param>
    /// <exception cref="SocketException">It is no group, or there is no such interface.</exception>
    public void JoinGroup(IPAddress group, int? interfaceIndex = null) => Change(group, interfaceIndex, static (socket, nic, address, now) => socket.Join(nic, address, now));

    /// <summary>Leaves a multicast group.</summary>
    /// <inheritdoc cref="JoinGroup"/>
    public void LeaveGroup(IPAddress group, int? interfaceIndex = null) => Change(group, interfaceIndex, static (socket, nic, address, now) => socket.Leave(nic, address, now));

    /// <inheritdoc/>
    public void Dispose()
    {
        using (_driver.Loop.Enter())
        {
            if (_socket.IsClosed) return;
            _driver.Open.Remove(this);
            _socket.Close(_driver.Loop.Now);
            _reads.Signal();
            _writes.Signal();
            _driver.Touch();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    void IDatagramUser.OnEvents(SocketEvents events)
    {
        if ((events & (SocketEvents.Readable | SocketEvents.Error)) != 0 || _socket.ReceivesBodies) _reads.Signal();
        if ((events & (SocketEvents.Writable | SocketEvents.Error)) != 0) _writes.Signal();
    }

    private static void Check(UdpBindResult result)
    {
        if (result != UdpBindResult.Success) throw SocketErrors.Exception(SocketErrors.CodeOf(result));
    }

    private bool TryReceive(Span<byte> buffer, out UdpReceived received)
    {
        received = default;
        CheckUsable();
        if (!_socket.TryReceive(buffer, out UdpDatagramInfo info)) return false;
        received = Describe(info);
        return true;
    }

    private UdpReceived Describe(in UdpDatagramInfo info) =>
        new(info.Copied, EndPointOf(info.From, ref _lastFromKey, ref _lastFrom), EndPointOf(info.To, ref _lastToKey, ref _lastTo))
        {
            DatagramLength = info.Length,
            Ecn = info.TrafficClass & 3,
            HopLimit = info.HopLimit,
            Interface = info.Interface,
        };

    private bool TrySend(ReadOnlySpan<byte> datagram, UdpEndpoint destination)
    {
        CheckUsable();
        DatagramSendResult result = _socket.Send(destination, datagram, default, _driver.Loop.Now);
        if (result == DatagramSendResult.WouldBlock) return false;
        if (result != DatagramSendResult.Sent) throw SocketErrors.Exception(SocketErrors.CodeOf(result));
        _driver.Touch();
        return true;
    }

    private void CheckUsable()
    {
        ObjectDisposedException.ThrowIf(_socket.IsClosed, this);
        if (_socket.TryTakeError(out DatagramError error)) throw SocketErrors.Exception(SocketErrors.CodeOf(error.Kind));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<UdpReceived> ReceiveLaterAsync(ValueTask readable, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            await readable.ConfigureAwait(false);
            using (_driver.Loop.Enter())
            {
                if (TryReceive(buffer.Span, out UdpReceived received)) return received;
                readable = _reads.WaitAsync(cancellationToken);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendLaterAsync(ValueTask writable, ReadOnlyMemory<byte> datagram, UdpEndpoint destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            await writable.ConfigureAwait(false);
            using (_driver.Loop.Enter())
            {
                if (TrySend(datagram.Span, destination)) return;
                writable = _writes.WaitAsync(cancellationToken);
            }
        }
    }

    private void Change(IPAddress group, int? interfaceIndex, Func<UdpSocket, int, IpAddress, Instant, GroupResult> change)
    {
        ArgumentNullException.ThrowIfNull(group);
        using (_driver.Loop.Enter())
        {
            ObjectDisposedException.ThrowIf(_socket.IsClosed, this);
            int nic = interfaceIndex ?? _driver.Stack.Interfaces[^1].Index;
            if (interfaceIndex is null && _driver.Attachments.Count > 0) nic = _driver.Attachments[0].Interface.Index;
            if (change(_socket, nic, ToWire(new IPEndPoint(group, 0)).Address, _driver.Loop.Now) != GroupResult.Success) throw SocketErrors.Exception(SocketError.InvalidArgument);
            _driver.Touch();
        }
    }

    /// <summary>An address as the socket's family writes it.</summary>
    private UdpEndpoint ToWire(IPEndPoint endPoint)
    {
        IPAddress address = endPoint.Address;
        if (_socket.Family == UdpFamily.Dual && address.AddressFamily == AddressFamily.InterNetwork) address = address.MapToIPv6();
        if (_socket.Family == UdpFamily.V4 && address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        return new UdpEndpoint(IpAddress.From(address), (ushort)endPoint.Port);
    }

    private IPEndPoint FromWire(UdpEndpoint endpoint)
    {
        if (endpoint.Address.IsNone) return new IPEndPoint(_socket.Family == UdpFamily.V4 ? IPAddress.Any : IPAddress.IPv6Any, endpoint.Port);
        IPAddress address = endpoint.Address.ToIPAddress();
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, endpoint.Port);
    }

    /// <summary>The end point of before where it is the same, which spares an object a datagram.</summary>
    private IPEndPoint EndPointOf(UdpEndpoint endpoint, ref UdpEndpoint lastKey, ref IPEndPoint? last)
    {
        if (last is not null && lastKey == endpoint) return last;
        lastKey = endpoint;
        return last = FromWire(endpoint);
    }
}
