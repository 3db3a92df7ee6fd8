namespace NetStack.Memory;

/// <summary>Snapshots for reuse, last returned first given, so that the hot ones stay in the cache.</summary>
/// <remarks>Not thread-safe: one pool per pumping thread.</remarks>
public sealed class HeaderSnapshotPool
{
    private readonly FreeList<HeaderSnapshot> _free = new();

    /// <summary>How many snapshots are out.</summary>
    public int Outstanding { get; private set; }

    /// <summary>Takes a snapshot and begins it over a frame; nothing is fetched yet.</summary>
    /// <exception cref="InvalidOperationException">The frame was released.</exception>
    public HeaderSnapshot Rent(in PacketBody frame, FetchMeter meter)
    {
        HeaderSnapshot snapshot = Take();
        snapshot.Begin(frame, meter);
        snapshot.Home = this;
        Outstanding++;
        return snapshot;
    }

    /// <summary>
    /// Takes a snapshot over from another pool: it returns here from now on. A free one goes the other way, so that neither pool
    /// runs dry however many frames pass from one to the other.
    /// </summary>
    /// <exception cref="InvalidOperationException">The snapshot is not out from <paramref name="from"/>.</exception>
    public void Adopt(HeaderSnapshot snapshot, HeaderSnapshotPool from)
    {
        if (!ReferenceEquals(snapshot.Home, from)) throw NotOut();
        if (ReferenceEquals(from, this)) return;
        from.Outstanding--;
        from._free.Add(Take());
        snapshot.Home = this;
        Outstanding++;
    }

    /// <summary>Gives a snapshot back; it must not be used after.</summary>
    /// <exception cref="InvalidOperationException">The snapshot is not out from this pool: it was returned before, or it is
    /// another pool's.</exception>
    public void Return(HeaderSnapshot snapshot)
    {
        if (!ReferenceEquals(snapshot.Home, this)) throw NotOut();
        snapshot.Home = null;
        snapshot.Clear();
        Outstanding--;
        _free.Add(snapshot);
    }

    private HeaderSnapshot Take() => _free.TryTake(out HeaderSnapshot? snapshot) ? snapshot : new HeaderSnapshot();

    private static InvalidOperationException NotOut() => new("The snapshot is not out from this pool: it was returned before, or it is another pool's.");
}
