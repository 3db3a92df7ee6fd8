using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Kestrel;

/// <summary>Kestrel's way to a host: listeners on its addresses, and connections from it.</summary>
internal sealed class NetStackTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionFactory, IDisposable
{
    private const string IdDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    private const int IdLength = 13;

    private readonly NetStackHost _host;
    private readonly NetStackTransportOptions _options;
    private readonly IMemoryPoolFactory<byte> _pools;
    private readonly Lazy<MemoryPool<byte>> _clientPool;
    private long _lastId;

    public NetStackTransport(NetStackHost host, IOptions<NetStackTransportOptions> options, IMemoryPoolFactory<byte> pools)
    {
        _host = host;
        _options = options.Value;
        _pools = pools;
        _clientPool = new Lazy<MemoryPool<byte>>(CreatePool);
        _lastId = host.Loop.TimeProvider.GetUtcNow().Ticks; // as Kestrel's own: ids of several runs in one log differ
    }

    /// <summary>Whether an endpoint is ours: an address of the host, or any address.</summary>
    public bool CanBind(EndPoint endpoint)
    {
        if (endpoint is not IPEndPoint { Address: { } address }) return false;
        return IsAny(address) ? _options.BindsAnyAddress : HasAddress(IpAddress.From(address));
    }

    /// <inheritdoc/>
    /// <exception cref="AddressInUseException">Somebody listens there.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (endpoint is not IPEndPoint address) throw new NotSupportedException($"{endpoint.GetType().Name} is no endpoint of a host: only IP addresses and ports are.");
        try
        {
            NetListener listener = _host.ListenTcp(address, _options.Backlog, ConnectionOptions(), _options.Scheduler);
            return new ValueTask<IConnectionListener>(new NetStackConnectionListener(listener, this, CreatePool()));
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(failure.Message, failure);
        }
    }

    /// <summary>Connects from the host: for clients that are made of connections, SignalR's for one. An <see cref="HttpClient"/> takes
    /// <see cref="NetStackHost.CreateHttpHandler"/>.</summary>
    public async ValueTask<ConnectionContext> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        CreateContext(await _host.ConnectTcpAsync(endpoint, cancellationToken).ConfigureAwait(false), _clientPool.Value);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_clientPool.IsValueCreated) _clientPool.Value.Dispose();
    }

    internal NetStackConnectionContext CreateContext(NetConnection connection, MemoryPool<byte> pool) =>
        new(connection, NextId(), pool, _options.AllowHalfClose);

    private bool HasAddress(IpAddress address)
    {
        bool isOurs = false;
        _host.Loop.Run(_ => isOurs = _host.Stack.Interfaces.Any(nic => !nic.IsLoopback && nic.Addresses.Any(a => a.Address == address)));
        return isOurs;
    }

    private TcpConnectionOptions ConnectionOptions()
    {
        if (_options.Connection is { } given) return given;
        TcpConnectionOptions? defaults = null;
        _host.Loop.Run(_ => defaults = _host.Stack.Tcp.Settings.Defaults);
        return defaults! with { NoDelay = true };
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private MemoryPool<byte> CreatePool() => _pools.Create(new MemoryPoolOptions { Owner = "netstack" });

    private string NextId() => string.Create(IdLength, Interlocked.Increment(ref _lastId), static (text, id) =>
    {
        for (int i = text.Length - 1; i >= 0; i--, id >>= 5) text[i] = IdDigits[(int)(id & 31)];
    });
}
