using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using NetStack.Runtime;
using NetStack.Tcp;

namespace NetStack;

/// <summary>A TCP listener. Any number of callers may accept at once; disposing frees the port and resets what nobody accepted.</summary>
public sealed class NetListener : IAsyncDisposable, IDisposable
{
    private readonly StackDriver _driver;
    private readonly TcpListener _listener;
    private readonly PipeScheduler _scheduler;
    private readonly List<Waiter> _accepting = []; // longest waiting first
    private bool _isClosed;

    internal NetListener(StackDriver driver, TcpListener listener, PipeScheduler scheduler)
    {
        _driver = driver;
        _listener = listener;
        _scheduler = scheduler;
        listener.Tag = new User(this);
        driver.Open.Add(this);
        LocalEndPoint = EndPoints.FromWire(listener.Local);
        driver.Diagnostics.OnListening(listener);
    }

    /// <summary>The address and port; the port is the one chosen where 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Takes a connection, or waits for one.</summary>
    /// <exception cref="ObjectDisposedException">The listener was disposed of, before or meanwhile.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<NetConnection> AcceptAsync(CancellationToken cancellationToken = default) =>
        await TryAcceptAsync(cancellationToken).ConfigureAwait(false) ?? throw new ObjectDisposedException(nameof(NetListener));

    /// <summary>Every connection that comes, until the listener is disposed of.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async IAsyncEnumerable<NetConnection> AcceptAllAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await TryAcceptAsync(cancellationToken).ConfigureAwait(false) is { } connection) yield return connection;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return default;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using (_driver.Loop.Enter())
        {
            if (_isClosed) return;
            _isClosed = true;
            _driver.Open.Remove(this);
            _listener.Close();
            _driver.Diagnostics.OnListenerClosed(_listener);
            foreach (Waiter waiter in _accepting) waiter.Signal();
            _accepting.Clear();
            _driver.Touch();
        }
    }

    private async ValueTask<NetConnection?> TryAcceptAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter? waiter = null;
        while (true)
        {
            ValueTask acceptable;
            using (_driver.Loop.Enter())
            {
                if (_isClosed) return null;
                if (_listener.TryAccept(out TcpConnection? tcp)) return new NetConnection(new TcpChannel(_driver, tcp!, _scheduler, isConnecting: false));
                waiter ??= new Waiter(_driver.Loop, _scheduler);
                acceptable = waiter.WaitAsync(cancellationToken);
                _accepting.Add(waiter);
            }
            try
            {
                await acceptable.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                using (_driver.Loop.Enter()) _accepting.Remove(waiter);
                throw;
            }
        }
    }

    /// <summary>Tells one caller for each connection that waits.</summary>
    private void OnAcceptable()
    {
        int count = Math.Min(_listener.Pending, _accepting.Count);
        for (int i = 0; i < count; i++) _accepting[i].Signal();
        _accepting.RemoveRange(0, count);
    }

    private sealed class User(NetListener owner) : ITcpUser
    {
        public void OnEvents(TcpEvents events) => owner.OnAcceptable();
    }
}
