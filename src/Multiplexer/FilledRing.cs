using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>A pool of buffers that was registered with one queue once and is kept posted there.</summary>
internal sealed class FilledRing
{
    private static readonly byte[] Zeros = new byte[DmaRegion.PageSize];

    private readonly BufferHandle[] _batch = new BufferHandle[64];
    private readonly int[]? _written; // by buffer: bytes from its start that are cleared before it is posted again

    internal FilledRing(INic nic, int queue, BufferPool pool, bool scrub, MultiplexerOptions? options = null)
    {
        Queue = nic.Queues[queue];
        Pool = pool;
        _written = scrub ? new int[pool.Count] : null;
        Registration = nic.Register(pool, queue, BufferUse.Receive);
        Refill();
        Reserve = options?.ReserveOf(Posted) ?? 0;
    }

    internal INicQueue Queue { get; }

    internal BufferPool Pool { get; }

    internal BufferRegistration Registration { get; }

    /// <summary>Buffers that should stay with the device.</summary>
    internal int Reserve { get; }

    /// <summary>Buffers that are with the device.</summary>
    internal int Posted => (int)(Queue.Counters.BuffersPosted - Queue.Counters.BuffersCompleted);

    /// <summary>Receives from the queue; what its frames wrote into the buffers is noted where they are scrubbed.</summary>
    internal int Receive(Span<ReceivedFrame> frames)
    {
        int count = Queue.Receive(frames);
        if (_written is not null)
        {
            for (int i = 0; i < count; i++) NoteWritten(frames[i].Body);
        }
        return count;
    }

    /// <summary>Posts every buffer that is free, as far as the device has room.</summary>
    /// <returns>Bytes that were cleared before.</returns>
    internal long Refill()
    {
        if (!Registration.IsActive) return 0;
        long scrubbed = 0;
        int room = Math.Min(Pool.Available, Queue.PostRoom);
        while (room > 0)
        {
            int count = 0;
            while (count < _batch.Length && count < room && Pool.TryRent(out BufferHandle buffer))
            {
                if (_written is not null) scrubbed += Scrub(buffer);
                _batch[count++] = buffer;
            }
            int taken = Queue.Post(Registration, _batch.AsSpan(0, count));
            // Until its frame says how much was written all of a buffer may have been: a refused completion has no frame.
            for (int i = 0; i < taken && _written is not null; i++) _written[_batch[i].Index] = Pool.BufferSize;
            for (int i = taken; i < count; i++) Pool.Release(_batch[i]);
            if (taken < count) break;
            room -= count;
        }
        return scrubbed;
    }

    private void NoteWritten(in PacketBody body)
    {
        for (int i = 0; i < body.SliceCount; i++)
        {
            BodySlice slice = body.Slice(i);
            if (slice.Pool == Pool) _written![slice.Buffer.Index] = slice.Offset + slice.Length;
        }
    }

    private int Scrub(BufferHandle buffer)
    {
        int written = _written![buffer.Index];
        for (int at = 0; at < written; at += Zeros.Length) Pool.Write(buffer, at, Zeros.AsSpan(0, Math.Min(Zeros.Length, written - at)));
        _written[buffer.Index] = 0;
        return written;
    }
}
