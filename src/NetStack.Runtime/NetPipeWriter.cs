using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace NetStack.Runtime;

/// <summary>Writes a connection. <see cref="WriteAsync"/> copies straight into the stack's send buffer.</summary>
/// <remarks>One caller at a time, but for <see cref="CancelPendingFlush"/>. It holds the connection, which holds it.</remarks>
internal sealed class NetPipeWriter(NetConnection connection) : PipeWriter
{
    private readonly TcpChannel _channel = connection.Channel;
    private bool _isCancelled;
    private bool _isCompleted;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _channel.Unflushed;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        CheckCompleted();
        return _channel.GetMemory(sizeHint);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes) => _channel.Advance(bytes);

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => WriteAsync(default, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        CheckCompleted();
        cancellationToken.ThrowIfCancellationRequested();
        ValueTask writable;
        using (_channel.Loop.Enter())
        {
            bool isDone = _channel.TrySend(source);
            bool isCancelled = TakeCancel();
            if (isCancelled && !isDone) _channel.FinishSend(isGivenUp: true);
            if (isCancelled || isDone) return new ValueTask<FlushResult>(Result(isCancelled));
            writable = _channel.Writes.WaitAsync(cancellationToken);
        }
        return FlushLaterAsync(writable, cancellationToken);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush()
    {
        using (_channel.Loop.Enter())
        {
            _isCancelled = true;
            _channel.Writes.Signal();
        }
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        if (_isCompleted) return;
        _isCompleted = true;
        if (exception is not null)
        {
            _channel.Abort(); // the peer must not take what it has for the whole
            return;
        }
        using (_channel.Loop.Enter()) _channel.ShutdownWrite();
    }

    private static FlushResult Result(bool isCancelled) => new(isCancelled, isCompleted: false);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FlushLaterAsync(ValueTask writable, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await writable.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                using (_channel.Loop.Enter()) _channel.FinishSend(isGivenUp: true);
                throw;
            }
            using (_channel.Loop.Enter())
            {
                if (_channel.FinishSend(isGivenUp: false)) return Result(false);
                if (TakeCancel())
                {
                    _channel.FinishSend(isGivenUp: true);
                    return Result(true);
                }
                writable = _channel.Writes.WaitAsync(cancellationToken);
            }
        }
    }

    private bool TakeCancel()
    {
        bool isCancelled = _isCancelled;
        _isCancelled = false;
        return isCancelled;
    }

    private void CheckCompleted()
    {
        if (_isCompleted) throw new InvalidOperationException("The output was completed: nothing more can be written.");
    }
}
