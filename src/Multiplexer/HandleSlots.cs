namespace NetStack.Multiplexer;

/// <summary>
/// The snapshots of frames that a client has by handle. How many are out is how many frames it holds; and since they lie in pools by
/// the time they were lent in, how long the oldest is out is known to a quarter of the limit, without a note for each frame.
/// </summary>
internal sealed class HandleSlots
{
    private const int Generations = 5; // when the oldest is to be used again it is past the limit, or empty

    private readonly HeaderSnapshotPool[] _pools;
    private readonly Instant[] _lastLent;
    private readonly TimeSpan _limit;
    private int _current;
    private Instant _opened;

    /// <summary>Makes the pools: one where there is no limit.</summary>
    internal HandleSlots(TimeSpan? limit)
    {
        _pools = new HeaderSnapshotPool[limit is null ? 1 : Generations];
        for (int i = 0; i < _pools.Length; i++) _pools[i] = new HeaderSnapshotPool();
        _lastLent = new Instant[_pools.Length];
        _limit = limit ?? TimeSpan.MaxValue;
    }

    /// <summary>Frames that are out.</summary>
    internal int Outstanding
    {
        get
        {
            int count = 0;
            foreach (HeaderSnapshotPool pool in _pools) count += pool.Outstanding;
            return count;
        }
    }

    /// <summary>Frames that are surely out for longer than the limit.</summary>
    internal int Overdue(Instant now)
    {
        if (_pools.Length == 1) return 0;
        int count = 0;
        for (int i = 0; i < _pools.Length; i++)
        {
            if (_pools[i].Outstanding > 0 && now - _lastLent[i] >= _limit) count += _pools[i].Outstanding;
        }
        return count;
    }

    /// <summary>The pool for a frame that is lent now.</summary>
    internal HeaderSnapshotPool Lend(Instant now)
    {
        if (_pools.Length == 1) return _pools[0];
        if (now - _opened >= _limit / (Generations - 1))
        {
            int next = (_current + 1) % Generations;
            if (_pools[next].Outstanding == 0) _current = next;
            _opened = now;
        }
        _lastLent[_current] = now;
        return _pools[_current];
    }
}
