namespace NetStack.Runtime;

/// <remarks>Payload by handle. The gate is held.</remarks>
internal sealed partial class TcpChannel
{
    private BodyLease? _body; // a write that waits for room; goes last

    /// <summary>Reads the next body.</summary>
    /// <param name="body">The body; null at the end.</param>
    /// <returns>False when there is nothing yet, or no buffer to give it in.</returns>
    /// <exception cref="IOException">The connection failed, and everything before that was read.</exception>
    /// <exception cref="InvalidOperationException">The host does not pass bodies through, or a pipe reader looks at bytes.</exception>
    internal bool TryReadBody(out NetBody? body)
    {
        body = null;
        BodyLeases bodies = _driver.Bodies ?? throw new InvalidOperationException($"The host does not pass bodies through: set {nameof(NetStackHostOptions)}.{nameof(NetStackHostOptions.PassThrough)}.");
        if (IsLookedAt) throw new InvalidOperationException("The pipe reader has bytes that it did not advance over.");
        if (!Tcp.ReceivesBodies && !_isLetGo) Tcp.ReceivesBodies = true;
        Examined = 0;
        if (!IsReadable) return false;
        if (Tcp.ReadableBytes == 0)
        {
            CheckReadable();
            return true;
        }
        if (!Tcp.TryReadBody(out SummedBody read)) return false;
        body = bodies.Hold(read);
        _driver.Touch(); // the window may be worth telling
        return true;
    }

    /// <summary>Queues a body behind what was written. It is used up, whatever happens.</summary>
    /// <returns>Whether the stack took it; otherwise wait for <see cref="Writes"/> and call <see cref="FinishSend"/>.</returns>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="InvalidOperationException">Another write waits, the output was completed, or the body was used before.</exception>
    /// <exception cref="ArgumentException">The body is another host's.</exception>
    internal bool TrySendBody(NetBody body)
    {
        BodyLease lease = body.Take(_driver.Bodies);
        try
        {
            BeginSend();
        }
        catch
        {
            lease.Owner.End(lease);
            throw;
        }
        _body = lease;
        bool isDone = Push();
        _driver.Touch();
        if (isDone) CheckFailed();
        return isDone;
    }

    /// <summary>Gives a body up that still waits for room.</summary>
    internal void DropBody()
    {
        if (_body is not { } lease) return;
        _body = null;
        lease.Owner.End(lease);
    }

    /// <returns>Whether none waits any more.</returns>
    private bool TryPushBody()
    {
        if (_body is null) return true;
        if (!Tcp.TryWriteBody(ref _body.Body)) return false;
        DropBody(); // it is empty now
        return true;
    }
}
