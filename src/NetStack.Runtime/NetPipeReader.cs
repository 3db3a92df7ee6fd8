using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using NetStack.Tcp;

namespace NetStack.Runtime;

/// <summary>
/// Reads a connection where its bytes lie: in the receive blocks of the stack. What is not consumed stays there and keeps the window
/// small, so a program that does not read stops its peer.
/// </summary>
/// <remarks>One caller at a time, but for <see cref="CancelPendingRead"/>. It holds the connection, which holds it.</remarks>
internal sealed class NetPipeReader(NetConnection connection) : PipeReader
{
    private readonly TcpChannel _channel = connection.Channel;
    private ReadOnlySequence<byte> _buffer;
    private bool _isReading;
    private bool _isCancelled;
    private bool _isCompleted;

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        using (_channel.Loop.Enter()) return TryTake(out result);
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ValueTask readable;
        using (_channel.Loop.Enter())
        {
            if (TryTake(out ReadResult result)) return new ValueTask<ReadResult>(result);
            readable = _channel.Reads.WaitAsync(cancellationToken);
        }
        return ReadLaterAsync(readable, cancellationToken);
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        using (_channel.Loop.Enter())
        {
            if (!_isReading) throw new InvalidOperationException("There is no read to advance from.");
            long taken = OffsetOf(consumed);
            long seen = OffsetOf(examined);
            if (taken < 0 || seen < taken || seen > _buffer.Length) throw new ArgumentOutOfRangeException(nameof(consumed), "The position is not in the buffer that was read.");
            _isReading = false;
            _buffer = default;
            _channel.Examined = seen - taken;
            _channel.OnLookedAt((int)taken);
        }
    }

    /// <inheritdoc/>
    public override void CancelPendingRead()
    {
        using (_channel.Loop.Enter())
        {
            _isCancelled = true;
            _channel.Reads.Signal();
        }
    }

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        if (exception is not null) _channel.Abort();
        using (_channel.Loop.Enter())
        {
            if (_isCompleted) return;
            _isCompleted = true;
            _isReading = false;
            _buffer = default;
            _channel.ShutdownRead();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> ReadLaterAsync(ValueTask readable, CancellationToken cancellationToken)
    {
        while (true)
        {
            await readable.ConfigureAwait(false);
            using (_channel.Loop.Enter())
            {
                if (TryTake(out ReadResult result)) return result;
                readable = _channel.Reads.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>Gives what can be read, if there is anything the reader has not seen, or nothing more will come.</summary>
    private bool TryTake(out ReadResult result)
    {
        if (_isCompleted) throw new InvalidOperationException("The input was completed: nothing more can be read.");
        if (_isReading) throw new InvalidOperationException("A read has not been ended by AdvanceTo yet.");
        result = default;
        bool isCancelled = _isCancelled;
        if (!isCancelled && !_channel.IsReadable) return false;
        bool hasNew = _channel.Tcp.ReadableBytes > _channel.Examined;
        if (!isCancelled && !hasNew) _channel.CheckReadable();
        _isCancelled = false;
        bool hasFailed = _channel.Error != TcpError.None;
        _buffer = _channel.Tcp.Peek();
        _isReading = _channel.IsLookedAt = true;
        result = new ReadResult(_buffer, isCancelled, isCompleted: _channel.IsInputEnded && !hasFailed); // a failure is told after the last byte
        return true;
    }

    private long OffsetOf(SequencePosition position) =>
        position.GetObject() is null ? 0 : _buffer.GetOffset(position) - _buffer.GetOffset(_buffer.Start);
}
