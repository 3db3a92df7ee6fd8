using System.Runtime.CompilerServices;

namespace NetStack.Runtime;

/// <summary>A connection as a stream. A read of no bytes waits until there is something to read, or the end, and takes nothing.</summary>
internal sealed class NetTcpStream(NetConnection connection) : Stream
{
    private readonly TcpChannel _channel = connection.Channel;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<int>(cancellationToken);
        ValueTask readable;
        using (_channel.Loop.Enter())
        {
            if (_channel.TryRead(buffer.Span, out int count)) return new ValueTask<int>(count);
            readable = _channel.Reads.WaitAsync(cancellationToken);
        }
        return ReadLaterAsync(readable, buffer, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Block(ReadAsync(buffer.AsMemory(offset, count)));
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled(cancellationToken);
        ValueTask writable;
        using (_channel.Loop.Enter())
        {
            if (_channel.TrySend(buffer)) return default;
            writable = _channel.Writes.WaitAsync(cancellationToken);
        }
        return WriteLaterAsync(writable, cancellationToken);
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Block(WriteAsync(buffer.AsMemory(offset, count)));
    }

    /// <summary>Does nothing: a write is sent at once.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) connection.Dispose();
        base.Dispose(disposing);
    }

    private static void Block(ValueTask task)
    {
        if (task.IsCompleted) task.GetAwaiter().GetResult();
        else task.AsTask().GetAwaiter().GetResult();
    }

    private static int Block(ValueTask<int> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : task.AsTask().GetAwaiter().GetResult();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReadLaterAsync(ValueTask readable, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            await readable.ConfigureAwait(false);
            using (_channel.Loop.Enter())
            {
                if (_channel.TryRead(buffer.Span, out int count)) return count;
                readable = _channel.Reads.WaitAsync(cancellationToken);
            }
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteLaterAsync(ValueTask writable, CancellationToken cancellationToken)
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
                if (_channel.FinishSend(isGivenUp: false)) return;
                writable = _channel.Writes.WaitAsync(cancellationToken);
            }
        }
    }
}
