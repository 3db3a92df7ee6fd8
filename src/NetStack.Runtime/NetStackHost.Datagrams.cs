using System.Net;
using System.Net.Sockets;
using NetStack.Icmp;
using NetStack.Ip;
using NetStack.Runtime;
using NetStack.Udp;

namespace NetStack;

/// <summary>The answer to an echo request.</summary>
/// <param name="From">Who answered.</param>
/// <param name="RoundTrip">How long it took.</param>
/// <param name="Length">Bytes of data that came back.</param>
/// <param name="HopLimit">TTL or hop limit of the answer.</param>
public readonly record struct EchoReply(IPAddress From, TimeSpan RoundTrip, int Length, int HopLimit);

/// <remarks>Datagrams: UDP and echo.</remarks>
public sealed partial class NetStackHost
{
    private static readonly TimeSpan EchoTimeout = TimeSpan.FromSeconds(4);

    /// <summary>Opens a UDP socket.</summary>
    /// <param name="local">The address and port. <see cref="IPAddress.Any"/> speaks IPv4, <see cref="IPAddress.IPv6Any"/> both families;
    /// port 0 takes a free one.</param>
    /// <exception cref="SocketException"><see cref="SocketError.AddressAlreadyInUse"/>, <see cref="SocketError.AddressNotAvailable"/>.</exception>
    public NetUdp BindUdp(IPEndPoint local)
    {
        ArgumentNullException.ThrowIfNull(local);
        UdpFamily family = local.AddressFamily == AddressFamily.InterNetwork ? UdpFamily.V4 : local.Address.Equals(IPAddress.IPv6Any) ? UdpFamily.Dual : UdpFamily.V6;
        using (Loop.Enter())
        {
            CheckRunning();
            UdpSocket socket = Stack.Udp.Open(family);
            IpAddress address = IpAddress.From(local.Address);
            UdpBindResult result = socket.Bind(new UdpEndpoint(address.IsUnspecified ? default : address, (ushort)local.Port), EndPoints.ScopeOf(local.Address));
            if (result == UdpBindResult.Success) return new NetUdp(_driver, socket, _options.Scheduler);
            socket.Close(Loop.Now);
            throw SocketErrors.Exception(SocketErrors.CodeOf(result));
        }
    }

    /// <summary>Opens a UDP socket that is connected to one peer.</summary>
    /// <param name="peer">The peer.</param>
    /// <exception cref="SocketException">There is no way to the peer.</exception>
    public NetUdp ConnectUdp(IPEndPoint peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        NetUdp udp = BindUdp(new IPEndPoint(peer.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
        try
        {
            udp.Connect(peer);
            return udp;
        }
        catch (SocketException)
        {
            udp.Dispose();
            throw;
        }
    }

    /// <summary>Sends an ICMP echo request and waits for its answer.</summary>
    /// <param name="address">Whom to ask.</param>
    /// <param name="size">Bytes of data; a request longer than the path takes is fragmented.</param>
    /// <param name="timeout">How long to wait; null for four seconds.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SocketException"><see cref="SocketError.TimedOut"/>, <see cref="SocketError.HostUnreachable"/> and others.</exception>
    public async ValueTask<EchoReply> PingAsync(IPAddress address, int size = 56, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, 65_507);
        using CancellationTokenSource timer = new(timeout ?? EchoTimeout, Loop.TimeProvider);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        using Echo echo = OpenEcho(address);
        try
        {
            return await echo.AskAsync(new byte[size], both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw SocketErrors.Exception(SocketError.TimedOut);
        }
    }

    private Echo OpenEcho(IPAddress address)
    {
        using (Loop.Enter())
        {
            CheckRunning();
            IpAddress target = EndPoints.ToWire(address);
            EchoSocket socket = Stack.Icmp.OpenEcho(target.IsV6) ?? throw SocketErrors.Exception(SocketError.TooManyOpenSockets);
            socket.BoundInterface = EndPoints.ScopeOf(address);
            return new Echo(_driver, socket, target, _options);
        }
    }

    /// <summary>One request and its answer.</summary>
    private sealed class Echo : IDatagramUser, IDisposable
    {
        private readonly StackDriver _driver;
        private readonly EchoSocket _socket;
        private readonly IpAddress _target;
        private readonly Waiter _waiter;
        private Instant _sentAt;

        internal Echo(StackDriver driver, EchoSocket socket, IpAddress target, NetStackHostOptions options)
        {
            _driver = driver;
            _socket = socket;
            _target = target;
            _waiter = new Waiter(driver.Loop, options.Scheduler);
            socket.Tag = this;
        }

        public void OnEvents(SocketEvents events) => _waiter.Signal();

        public void Dispose()
        {
            using (_driver.Loop.Enter()) _socket.Close(_driver.Loop.Now);
        }

        internal async ValueTask<EchoReply> AskAsync(byte[] data, CancellationToken cancellationToken)
        {
            bool isSent = false;
            while (true)
            {
                ValueTask happened;
                using (_driver.Loop.Enter())
                {
                    if (!isSent) isSent = TrySend(data);
                    if (isSent && TryReceive(data) is { } reply) return reply;
                    happened = _waiter.WaitAsync(cancellationToken);
                }
                await happened.ConfigureAwait(false);
            }
        }

        private bool TrySend(byte[] data)
        {
            _sentAt = _driver.Loop.Now;
            DatagramSendResult result = _socket.Send(_target, 1, data, _sentAt);
            if (result == DatagramSendResult.WouldBlock) return false;
            if (result != DatagramSendResult.Sent) throw SocketErrors.Exception(SocketErrors.CodeOf(result));
            _driver.Touch();
            return true;
        }

        private EchoReply? TryReceive(byte[] data)
        {
            if (_socket.TryTakeError(out DatagramError error)) throw SocketErrors.Exception(SocketErrors.CodeOf(error.Kind));
            if (!_socket.TryReceive(data, out EchoReplyInfo info)) return null;
            return new EchoReply(info.From.ToIPAddress(), _driver.Loop.Now - _sentAt, info.Length, info.HopLimit);
        }
    }
}
