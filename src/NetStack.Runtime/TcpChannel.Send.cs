using System.Buffers;

namespace NetStack.Runtime;

/// <remarks>Sending: bytes wait here while the stack's send buffer is full. The chunk that is being filled is its writer's alone; all
/// else is touched under the gate.</remarks>
internal sealed partial class TcpChannel
{
    private const int ChunkSize = 4096;

    private readonly record struct Chunk(byte[]? Array, int Start, int End);

    private Chunk _filling;               // what the writer fills
    private int _filledBefore;            // bytes in chunks that were filled since the last flush
    private Queue<Chunk>? _unsent;
    private Chunk _sending;               // goes before those
    private ReadOnlyMemory<byte> _direct; // the rest of a write whose caller waits; goes after them
    private bool _isShutdownDue;

    /// <summary>Whether the FIN is queued: nothing more can be written.</summary>
    internal bool IsWriteShut { get; private set; }

    /// <summary>Bytes that were written and not flushed.</summary>
    internal long Unflushed => _filledBefore + _filling.End;

    private bool HasUnsent => _sending.Array is not null || _unsent is { Count: > 0 } || !_direct.IsEmpty || _body is not null;

    /// <summary>Memory to write into. Only the writer calls this; the gate need not be held.</summary>
    /// <param name="sizeHint">Bytes it has at least; 0 for any.</param>
    internal Memory<byte> GetMemory(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        if (_filling.Array is { } array && array.Length - _filling.End < Math.Max(1, sizeHint))
        {
            using (Loop.Enter()) EndChunk();
        }
        if (_filling.Array is null) _filling = new Chunk(ArrayPool<byte>.Shared.Rent(Math.Max(sizeHint, ChunkSize)), 0, 0);
        return _filling.Array.AsMemory(_filling.End);
    }

    /// <summary>Counts bytes that were written to <see cref="GetMemory"/>.</summary>
    internal void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _filling.Array is { } array ? array.Length - _filling.End : 0);
        _filling = _filling with { End = _filling.End + bytes };
    }

    /// <summary>Queues what was written, and behind it bytes that the caller leaves unchanged until they went. The gate is held.</summary>
    /// <returns>Whether the stack took everything; otherwise wait for <see cref="Writes"/> and call <see cref="FinishSend"/>.</returns>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="InvalidOperationException">Another write waits, or the output was completed.</exception>
    internal bool TrySend(ReadOnlyMemory<byte> last)
    {
        BeginSend();
        _direct = last;
        bool isDone = Push();
        _driver.Touch();
        if (isDone) CheckFailed();
        return isDone;
    }

    /// <summary>What was written is to go, and something behind it.</summary>
    private void BeginSend()
    {
        if (_isShutdownDue) throw new InvalidOperationException("The output was completed: nothing more can be written.");
        if (!_direct.IsEmpty || _body is not null) throw new InvalidOperationException("Another write has not ended yet.");
        CheckFailed();
        EndChunk();
        _filledBefore = 0;
    }

    /// <summary>After a wait. Bytes of a write that was given up stay queued, as they do in a pipe. The gate is held.</summary>
    /// <returns>Whether everything went.</returns>
    /// <exception cref="IOException">The connection failed.</exception>
    internal bool FinishSend(bool isGivenUp)
    {
        if (isGivenUp && !_direct.IsEmpty)
        {
            byte[] copy = ArrayPool<byte>.Shared.Rent(_direct.Length);
            _direct.CopyTo(copy);
            (_unsent ??= new Queue<Chunk>()).Enqueue(new Chunk(copy, 0, _direct.Length));
            _direct = default;
        }
        if (HasUnsent) return false;
        CheckFailed();
        return true;
    }

    /// <summary>Writes no more: a FIN follows what is queued. The gate is held.</summary>
    internal void ShutdownWrite()
    {
        if (_isShutdownDue) return;
        EndOutput();
        _driver.Touch();
    }

    /// <summary>Waits until the stack has everything that was written: from there on it is sent without anybody's help.</summary>
    internal async ValueTask DrainAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            ValueTask drained;
            using (Loop.Enter())
            {
                if (!HasUnsent) return;
                drained = Writes.WaitAsync(cancellationToken);
            }
            await drained.ConfigureAwait(false);
        }
    }

    private void EndOutput()
    {
        if (_isShutdownDue) return;
        EndChunk();
        _isShutdownDue = true;
        Push();
    }

    /// <summary>Moves what waits into the stack.</summary>
    /// <returns>Whether nothing waits any more: all of it went, or it never will.</returns>
    private bool Push()
    {
        while (TryNext())
        {
            int length = _sending.End - _sending.Start;
            int taken = Tcp.Write(_sending.Array.AsSpan(_sending.Start, length), isMoreComing: _unsent is { Count: > 0 } || !_direct.IsEmpty);
            _sending = _sending with { Start = _sending.Start + taken };
            if (taken < length) return !Tcp.CanWrite && DropUnsent();
            ReturnSending();
        }
        if (!_direct.IsEmpty)
        {
            _direct = _direct[Tcp.Write(_direct.Span)..];
            if (!_direct.IsEmpty) return !Tcp.CanWrite && DropUnsent();
        }
        if (!TryPushBody()) return !Tcp.CanWrite && DropUnsent();
        if (_isShutdownDue && !IsWriteShut)
        {
            IsWriteShut = true;
            Tcp.ShutdownWrite();
            LetGoIfOver();
        }
        _writes?.Signal();
        return true;
    }

    private bool TryNext()
    {
        if (_sending.Array is not null) return true;
        if (_unsent is null || !_unsent.TryDequeue(out Chunk next)) return false;
        _sending = next;
        return true;
    }

    private void EndChunk()
    {
        if (_filling.Array is null) return;
        if (_filling.End > 0)
        {
            (_unsent ??= new Queue<Chunk>()).Enqueue(_filling);
            _filledBefore += _filling.End;
        }
        else ArrayPool<byte>.Shared.Return(_filling.Array);
        _filling = default;
    }

    private void ReturnSending()
    {
        if (_sending.Array is { } array) ArrayPool<byte>.Shared.Return(array);
        _sending = default;
    }

    /// <summary>The connection takes no more: what waits will never go.</summary>
    private bool DropUnsent()
    {
        while (TryNext()) ReturnSending();
        _direct = default;
        DropBody();
        _writes?.Signal();
        return true;
    }

    private void CheckFailed()
    {
        if (Error != NetStack.Tcp.TcpError.None) throw SocketErrors.StreamException(Error);
        ObjectDisposedException.ThrowIf(_isLetGo, typeof(NetConnection));
    }
}
