using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace NetStack.Kestrel;

/// <summary>
/// The connection's own reader, which gives the stack's receive blocks, with failures as Kestrel knows them:
/// <see cref="ConnectionResetException"/>, <see cref="ConnectionAbortedException"/>.
/// </summary>
/// <remarks>One caller at a time, but for <see cref="CancelPendingRead"/>.</remarks>
internal sealed class TransportInput(NetStackConnectionContext context, PipeReader inner) : PipeReader
{
    private bool _isEndMadeUp; // the last result was not the inner reader's
    private volatile bool _isEnded;

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        try
        {
            if (!inner.TryRead(out result)) return false;
            result = Seen(result);
            return true;
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            result = EndOrThrow(failure);
            return true;
        }
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            ValueTask<ReadResult> read = inner.ReadAsync(cancellationToken);
            return read.IsCompletedSuccessfully && !_isEnded ? read : ReadLaterAsync(read);
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            return EndLater(failure);
        }
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (!_isEndMadeUp) inner.AdvanceTo(consumed, examined);
        _isEndMadeUp = false;
    }

    /// <summary>Reads no more: a read that waits, and the next one, find the end behind what is there. From any thread.</summary>
    internal void End()
    {
        _isEnded = true;
        inner.CancelPendingRead();
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => inner.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private static bool IsEnd(Exception failure) => failure is IOException or ObjectDisposedException;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadLaterAsync(ValueTask<ReadResult> read)
    {
        try
        {
            return Seen(await read.ConfigureAwait(false));
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            return EndOrThrow(failure);
        }
    }

    private ReadResult Seen(ReadResult result) => _isEnded ? new ReadResult(result.Buffer, isCanceled: false, isCompleted: true) : result;

    private ValueTask<ReadResult> EndLater(Exception failure)
    {
        try
        {
            return new ValueTask<ReadResult>(EndOrThrow(failure));
        }
        catch (Exception mapped)
        {
            return ValueTask.FromException<ReadResult>(mapped);
        }
    }

    /// <summary>A stream that had ended before we aborted it has ended, and has not failed.</summary>
    private ReadResult EndOrThrow(Exception failure)
    {
        SocketException? cause = failure.InnerException as SocketException;
        switch (cause?.SocketErrorCode)
        {
            case SocketError.ConnectionReset:
                throw new ConnectionResetException(cause.Message, cause);
            case null or SocketError.ConnectionAborted when context.HadEnded:
                _isEndMadeUp = true;
                return new ReadResult(default, isCanceled: false, isCompleted: true);
            case null or SocketError.ConnectionAborted:
                throw context.AbortReason ?? new ConnectionAbortedException(failure.Message, failure);
            default:
                throw failure; // a timeout, say: it is an IOException for Kestrel too
        }
    }
}
