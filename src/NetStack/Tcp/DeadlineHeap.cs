namespace NetStack.Tcp;

/// <summary>What a <see cref="DeadlineHeap{T}"/> holds: an object with room for its place in the heap.</summary>
internal interface IDeadlineItem
{
    /// <summary>The heap's own number, a field the item keeps and never touches; 0 at first.</summary>
    ref int DeadlineSlot { get; }
}

/// <summary>
/// Items by deadline: the earliest first, among equals the one that was set first. Setting, moving and removing cost O(log n)
/// and allocate only when the heap grows. An item is in one heap at most and has one deadline: its earliest timer.
/// </summary>
/// <typeparam name="T">The items, for example connections.</typeparam>
internal sealed class DeadlineHeap<T> where T : class, IDeadlineItem
{
    private readonly record struct Entry(long Deadline, ulong Order, T Item)
    {
        internal bool IsBefore(in Entry other) => Deadline != other.Deadline ? Deadline < other.Deadline : Order < other.Order;
    }

    private Entry[] _entries = new Entry[16];
    private int _count;
    private ulong _order;

    /// <summary>How many items have a deadline.</summary>
    internal int Count => _count;

    /// <summary>The earliest deadline; null when there is none.</summary>
    internal Instant? NextDeadline => _count == 0 ? null : new Instant(_entries[0].Deadline);

    /// <summary>Gives an item a deadline, or another one; with the same one it keeps its place, with null it leaves the heap.</summary>
    internal void Set(T item, Instant? deadline)
    {
        if (deadline is null)
        {
            Remove(item);
            return;
        }
        long value = deadline.Value.Nanoseconds;
        int slot = item.DeadlineSlot - 1;
        if (slot >= 0 && _entries[slot].Deadline == value) return;
        var entry = new Entry(value, _order++, item);
        if (slot < 0)
        {
            if (_count == _entries.Length) Array.Resize(ref _entries, _count * 2);
            SiftUp(_count++, entry);
        }
        else if (entry.IsBefore(_entries[slot])) SiftUp(slot, entry);
        else SiftDown(slot, entry);
    }

    /// <summary>Takes an item's deadline away, if it has one.</summary>
    internal void Remove(T item)
    {
        int slot = item.DeadlineSlot - 1;
        if (slot < 0) return;
        item.DeadlineSlot = 0;
        Entry last = _entries[--_count];
        _entries[_count] = default;
        if (slot == _count) return;
        if (last.IsBefore(_entries[slot])) SiftUp(slot, last);
        else SiftDown(slot, last);
    }

    /// <summary>The deadline of an item; null when it has none.</summary>
    internal Instant? DeadlineOf(T item) => item.DeadlineSlot == 0 ? null : new Instant(_entries[item.DeadlineSlot - 1].Deadline);

    /// <summary>Takes out the first item whose deadline is <paramref name="now"/> or earlier; it has no deadline then.</summary>
    internal bool TryTakeDue(Instant now, out T item)
    {
        if (_count == 0 || _entries[0].Deadline > now.Nanoseconds)
        {
            item = null!;
            return false;
        }
        item = _entries[0].Item;
        Remove(item);
        return true;
    }

    private void SiftUp(int slot, in Entry entry)
    {
        while (slot > 0)
        {
            int parent = (slot - 1) / 2;
            if (!entry.IsBefore(_entries[parent])) break;
            Place(slot, _entries[parent]);
            slot = parent;
        }
        Place(slot, entry);
    }

    private void SiftDown(int slot, in Entry entry)
    {
        for (int child = 2 * slot + 1; child < _count; child = 2 * slot + 1)
        {
            if (child + 1 < _count && _entries[child + 1].IsBefore(_entries[child])) child++;
            if (!_entries[child].IsBefore(entry)) break;
            Place(slot, _entries[child]);
            slot = child;
        }
        Place(slot, entry);
    }

    private void Place(int slot, in Entry entry)
    {
        _entries[slot] = entry;
        entry.Item.DeadlineSlot = slot + 1;
    }
}
