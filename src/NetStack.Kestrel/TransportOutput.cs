using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace NetStack.Kestrel;

/// <summary>
/// The connection's own writer, whose flushes never fail: Kestrel expects that a pipe says by <see cref="FlushResult.IsCompleted"/> that nobody
/// reads any more. What is written after that goes nowhere.
/// </summary>
/// <remarks>One caller at a time, but for <see cref="CancelPendingFlush"/>.</remarks>
internal sealed class TransportOutput(PipeWriter inner) : PipeWriter
{
    private const int ScratchSize = 4096;

    private static readonly FlushResult Ended = new(isCanceled: false, isCompleted: true);

    private volatile bool _isEnded;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _isEnded ? 0 : inner.UnflushedBytes;

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => _isEnded ? new byte[Math.Max(sizeHint, ScratchSize)] : inner.GetMemory(sizeHint);

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        if (!_isEnded) inner.Advance(bytes);
    }

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => WriteAsync(default, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (_isEnded) return new ValueTask<FlushResult>(Ended);
        try
        {
            ValueTask<FlushResult> flush = inner.WriteAsync(source, cancellationToken);
            return flush.IsCompletedSuccessfully ? flush : FlushLaterAsync(flush);
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            _isEnded = true;
            return new ValueTask<FlushResult>(Ended);
        }
    }

    /// <summary>Writes no more; a flush that waits is complete. From any thread.</summary>
    internal void End()
    {
        _isEnded = true;
        inner.CancelPendingFlush();
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private static bool IsEnd(Exception failure) => failure is IOException or ObjectDisposedException;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FlushLaterAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            FlushResult result = await flush.ConfigureAwait(false);
            return _isEnded ? Ended : result;
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            _isEnded = true;
            return Ended;
        }
    }
}
