using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace NetStack.Kestrel;

/// <summary>
/// A connection as Kestrel sees it. Its transport is the connection itself: requests are parsed where their bytes lie in the stack's receive
/// blocks, responses are written into what the stack sends from, and there is no second pipe and no loop that fills one.
/// </summary>
/// <remarks>Kestrel refers to its connections weakly. As long as this one is open, the stack's table leads here.</remarks>
internal sealed class NetStackConnectionContext : ConnectionContext, IDuplexPipe, IConnectionIdFeature, IConnectionTransportFeature,
    IConnectionItemsFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature, IMemoryPoolFeature
{
    private readonly NetConnection _connection;
    private readonly TransportInput _input;
    private readonly TransportOutput _output;
    private readonly CancellationTokenRegistration _root;
    private IDictionary<object, object?>? _items;

    internal NetStackConnectionContext(NetConnection connection, string id, MemoryPool<byte> pool, bool allowHalfClose)
    {
        _connection = connection;
        _input = new TransportInput(this, connection.Input);
        _output = new TransportOutput(connection.Output);
        ConnectionId = id;
        MemoryPool = pool;
        Transport = this;
        LocalEndPoint = connection.LocalEndPoint;
        RemoteEndPoint = connection.RemoteEndPoint;
        ConnectionClosed = allowHalfClose ? connection.Closed : connection.PeerClosed;
        _root = connection.Closed.UnsafeRegister(static _ => { }, this);
        FeatureCollection features = new(initialCapacity: 12); // ours and Kestrel's own
        features.Set<IConnectionIdFeature>(this);
        features.Set<IConnectionTransportFeature>(this);
        features.Set<IConnectionItemsFeature>(this);
        features.Set<IConnectionLifetimeFeature>(this);
        features.Set<IConnectionEndPointFeature>(this);
        features.Set<IMemoryPoolFeature>(this);
        Features = features;
    }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; }

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; }

    /// <inheritdoc cref="BaseConnectionContext.Items"/>
    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    /// <inheritdoc cref="ConnectionContext.Transport"/>
    public override IDuplexPipe Transport { get; set; }

    /// <inheritdoc cref="BaseConnectionContext.ConnectionClosed"/>
    public override CancellationToken ConnectionClosed { get; set; }

    /// <inheritdoc cref="BaseConnectionContext.LocalEndPoint"/>
    public override EndPoint? LocalEndPoint { get; set; }

    /// <inheritdoc cref="BaseConnectionContext.RemoteEndPoint"/>
    public override EndPoint? RemoteEndPoint { get; set; }

    /// <inheritdoc/>
    public MemoryPool<byte> MemoryPool { get; }

    PipeReader IDuplexPipe.Input => _input;

    PipeWriter IDuplexPipe.Output => _output;

    /// <summary>Why it was aborted.</summary>
    internal ConnectionAbortedException? AbortReason { get; private set; }

    /// <summary>Whether the peer had sent its FIN when it was aborted.</summary>
    internal bool HadEnded { get; private set; }

    /// <summary>Resets the connection. Without a reason, which is how Kestrel says that the client is gone and nothing is lost, it only
    /// reads and writes no more; what was flushed is sent, and the FIN follows when it is disposed of.</summary>
    public override void Abort(ConnectionAbortedException? abortReason)
    {
        HadEnded |= AbortReason is null && _connection.PeerClosed.IsCancellationRequested;
        if (abortReason is null)
        {
            _input.End();
            _output.End();
            return;
        }
        AbortReason ??= abortReason;
        _connection.Abort();
    }

    /// <inheritdoc/>
    public override void Abort() => Abort(new ConnectionAbortedException("The connection was aborted by the server."));

    /// <summary>Sends what was written, then a FIN. What the client still sends is thrown away, so that it can read the answer to a request
    /// that was not read to its end.</summary>
    public override async ValueTask DisposeAsync()
    {
        _input.Complete();
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _root.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }
}
