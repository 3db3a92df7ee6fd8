using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>A pool of buffers that was registered with one queue once and is kept posted there.</summary>
internal sealed class FilledRing
{
    private readonly BufferHandle[] _batch = new BufferHandle[64];

    internal FilledRing(INic nic, int queue, BufferPool pool, MultiplexerOptions? options = null)
    {
        Queue = nic.Queues[queue];
        Pool = pool;
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

    /// <summary>Posts every buffer that is free, as far as the device has room.</summary>
    internal void Refill()
    {
        if (!Registration.IsActive) return;
        int room = Math.Min(Pool.Available, Queue.PostRoom);
        while (room > 0)
        {
            int count = 0;
            while (count < _batch.Length && count < room && Pool.TryRent(out BufferHandle buffer)) _batch[count++] = buffer;
            int taken = Queue.Post(Registration, _batch.AsSpan(0, count));
            for (int i = taken; i < count; i++) Pool.Release(_batch[i]);
            if (taken < count) return;
            room -= count;
        }
    }
}
