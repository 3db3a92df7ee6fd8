using System.IO.Pipelines;
using NetStack.Tcp;

namespace NetStack.Runtime;

/// <summary>
/// What stays of a connection while the stack knows it: the stack's table roots it, and it roots operations that wait. What the
/// program holds, <see cref="NetConnection"/>, points here and not the other way round, so a connection that a program forgot is
/// noticed and reset.
/// </summary>
internal sealed partial class TcpChannel : ITcpUser
{
    private readonly StackDriver _driver;
    private readonly PipeScheduler _scheduler;
    private Waiter? _reads;
    private Waiter? _writes;
    private bool _isConnecting;
    private bool _isLetGo; // the stack's connection was closed for good
    private bool _isDisposed;

    internal TcpChannel(StackDriver driver, TcpConnection tcp, PipeScheduler scheduler, bool isConnecting)
    {
        _driver = driver;
        _scheduler = scheduler;
        _isConnecting = isConnecting;
        Tcp = tcp;
        tcp.Tag = this;
        if (!isConnecting) driver.Diagnostics.OnAccepted(tcp);
    }

    internal TcpConnection Tcp { get; }

    internal NetLoop Loop => _driver.Loop;

    internal Waiter Reads => _reads ??= new Waiter(Loop, _scheduler);

    internal Waiter Writes => _writes ??= new Waiter(Loop, _scheduler);

    /// <summary>Why the connection ended, once it did with an error.</summary>
    internal TcpError Error => Tcp.Error;

    /// <summary>Whether the peer sent its FIN and everything before it arrived, or the connection is over.</summary>
    internal bool IsInputEnded => Tcp.State is TcpState.CloseWait or TcpState.Closing or TcpState.LastAck or TcpState.TimeWait or TcpState.Closed || IsReadShut;

    internal bool IsReadShut { get; private set; }

    /// <summary>Whether the program is done with the connection.</summary>
    internal bool IsLetGo => _isLetGo;

    /// <summary>Bytes at the front of what is unread that the reader saw and left.</summary>
    internal long Examined { get; set; }

    /// <summary>Whether a reader looks at received bytes where they lie: they must not be given back.</summary>
    internal bool IsLookedAt { get; set; }

    /// <summary>Whether a reader has something to hear.</summary>
    internal bool IsReadable => Tcp.ReadableBytes > Examined || IsInputEnded;

    void ITcpUser.OnEvents(TcpEvents events)
    {
        bool wasConnecting = _isConnecting && (events & TcpEvents.Connected) == 0;
        if ((events & (TcpEvents.Connected | TcpEvents.Closed)) != 0 && _isConnecting)
        {
            _isConnecting = false;
            if (!wasConnecting) _driver.Diagnostics.OnConnected(Tcp);
            _writes?.Signal();
        }
        if ((events & TcpEvents.Writable) != 0 && HasUnsent) Push();
        if ((events & TcpEvents.Closed) != 0)
        {
            _driver.Diagnostics.OnClosed(Tcp, wasConnecting);
            OnClosed();
        }
        if (_reads is { IsWaiting: true } && IsReadable) _reads.Signal();
        TellEnds();
    }

    /// <summary>Waits until the handshake is over; the outcome is in <see cref="Error"/>.</summary>
    internal async ValueTask ConnectAsync(CancellationToken cancellationToken)
    {
        ValueTask connected;
        using (Loop.Enter())
        {
            if (!_isConnecting) return;
            connected = Writes.WaitAsync(cancellationToken);
        }
        await connected.ConfigureAwait(false);
    }

    /// <summary>Copies what can be read. The gate is held.</summary>
    /// <param name="destination">Where to; nothing is taken when it is empty.</param>
    /// <param name="count">How many bytes; 0 at the end, or for an empty destination.</param>
    /// <returns>False when there is nothing yet.</returns>
    /// <exception cref="IOException">The connection failed, and everything before that was read.</exception>
    internal bool TryRead(Span<byte> destination, out int count)
    {
        count = 0;
        Examined = 0;
        if (!IsReadable) return false;
        if (Tcp.ReadableBytes == 0) CheckReadable();
        count = Tcp.Read(destination);
        if (count > 0) _driver.Touch();
        return true;
    }

    /// <summary>Nothing more can be read: says so if that is a failure.</summary>
    /// <exception cref="IOException">The connection failed.</exception>
    internal void CheckReadable()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, typeof(NetConnection));
        if (Error != TcpError.None) throw SocketErrors.StreamException(Error);
    }

    internal void SetOptions(TcpConnectionOptions options)
    {
        Tcp.Options = options;
        _driver.Touch();
    }

    /// <summary>The program forgot the connection (the finalizer's thread): it is reset.</summary>
    internal void Abandon()
    {
        if (!_isLetGo && Loop.ResetsForgotten) ThreadPool.UnsafeQueueUserWorkItem(static channel => channel.Abort(), this, preferLocal: false);
    }

    /// <summary>Reads no more: what comes is thrown away and acknowledged. The gate is held.</summary>
    internal void ShutdownRead()
    {
        IsLookedAt = false;
        if (IsReadShut) return;
        IsReadShut = true;
        if (_isLetGo) return;
        Tcp.ShutdownRead();
        LetGoIfOver();
        _driver.Touch();
    }

    /// <summary>Resets the connection. Bytes that are being looked at stay until the reader is done.</summary>
    internal void Abort()
    {
        using (Loop.Enter())
        {
            if (_isLetGo) return;
            DropUnsent();
            Tcp.Reset();
            IsReadShut = true;
            if (!IsLookedAt) LetGo();
            _reads?.Signal();
            _writes?.Signal();
            TellEnds();
            _driver.Touch();
        }
    }

    /// <summary>Ends the connection: by a FIN behind what was written or, where that would lose bytes that nobody read or a write under
    /// way, by a reset.</summary>
    /// <returns>False when the stack could not take all that was written yet: then <see cref="DrainAsync"/> and <see cref="Close"/>.</returns>
    internal bool TryClose()
    {
        using (Loop.Enter())
        {
            if (!_isLetGo && ((!IsReadShut && Tcp.ReadableBytes > 0) || _writes is { IsBusy: true }))
            {
                Abort();
                return true;
            }
            EndOutput();
            bool isSent = !HasUnsent;
            if (isSent) EndInput();
            _driver.Touch();
            return isSent;
        }
    }

    /// <summary>Nobody reads or writes any more, and what was written is queued: the stack ends the connection by itself.</summary>
    internal void Close()
    {
        using (Loop.Enter())
        {
            EndInput();
            _driver.Touch();
        }
    }

    /// <summary>The reader is done with bytes it looked at, and goes on behind some of them. The gate is held.</summary>
    internal void OnLookedAt(int consumed)
    {
        IsLookedAt = false;
        Tcp.Consume(consumed);
        LetGoIfOver();
        if (consumed > 0) _driver.Touch(); // the window may be worth telling
    }

    /// <summary>Nobody reads any more: a read that waits fails.</summary>
    private void EndInput()
    {
        _isDisposed = IsReadShut = true;
        _reads?.Signal();
        if (_isLetGo) return;
        if (IsLookedAt) Tcp.Reset();
        else LetGo();
    }

    private void OnClosed()
    {
        DropUnsent();
        _reads?.Signal();
        _writes?.Signal();
        LetGoIfOver();
    }

    /// <summary>A connection that is over and that nobody reads is given back to the stack.</summary>
    private void LetGoIfOver()
    {
        if (!_isLetGo && !IsLookedAt && IsReadShut && (Tcp.State == TcpState.Closed || IsWriteShut)) LetGo();
    }

    private void LetGo()
    {
        _isLetGo = true;
        Tcp.Close();
        TellEnds();
    }
}
