namespace NetStack.Tcp;

/// <summary>
/// The storage of the <see cref="SackScoreboard"/>: ranges in the order of sequence numbers, and those in flight chained in the
/// order of transmission as well. Looking up costs O(log n); adding at the end and taking from the front O(1); adding in the
/// middle moves at most a quarter of the 4-byte node numbers on average. Memory grows and is kept.
/// </summary>
internal sealed class SentRangeList
{
    private const int None = -1;
    private const int FirstCapacity = 2; // idle connections keep it

    private SentRange[] _nodes = [];
    private int[] _order = []; // circular, a power of two long
    private int _head;
    private int _count;
    private int _free = None;
    private int _used;
    private int _oldest = None;
    private int _newest = None;

    /// <summary>How many ranges there are.</summary>
    internal int Count => _count;

    /// <summary>The node of the range that was sent first of those in flight, or -1.</summary>
    internal int Oldest => _oldest;

    /// <summary>The range at a position in the order of sequence numbers. The reference holds until a range is added.</summary>
    internal ref SentRange this[int position] => ref _nodes[NodeAt(position)];

    /// <summary>The range in a node.</summary>
    internal ref SentRange Node(int node) => ref _nodes[node];

    /// <summary>The first position whose range ends behind a sequence number; <see cref="Count"/> if there is none.</summary>
    internal int Find(SequenceNumber sequence)
    {
        int low = 0, high = _count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (this[middle].End > sequence) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    /// <summary>Adds a range at a position, in no order of transmission.</summary>
    internal void Insert(int position, in SentRange range)
    {
        SentRange copy = range;
        copy.State &= ~SentRangeState.Timed;
        int node = TakeNode();
        _nodes[node] = copy;
        if (_count == _order.Length) GrowOrder();
        int mask = _order.Length - 1;
        if (position > _count / 2)
        {
            for (int i = _count; i > position; i--) _order[(_head + i) & mask] = _order[(_head + i - 1) & mask];
        }
        else
        {
            _head = (_head - 1) & mask;
            for (int i = 0; i < position; i++) _order[(_head + i) & mask] = _order[(_head + i + 1) & mask];
        }
        _order[(_head + position) & mask] = node;
        _count++;
    }

    /// <summary>Takes a range out of both orders.</summary>
    internal void RemoveAt(int position)
    {
        int mask = _order.Length - 1;
        int node = _order[(_head + position) & mask];
        Untime(ref _nodes[node]);
        if (position > _count / 2)
        {
            for (int i = position; i < _count - 1; i++) _order[(_head + i) & mask] = _order[(_head + i + 1) & mask];
        }
        else
        {
            for (int i = position; i > 0; i--) _order[(_head + i) & mask] = _order[(_head + i - 1) & mask];
            _head = (_head + 1) & mask;
        }
        _count--;
        _nodes[node].Newer = _free;
        _free = node;
    }

    /// <summary>Cuts a range in two at an offset within it; both halves know the same, and stay together in the order of
    /// transmission.</summary>
    internal void Split(int position, int offset)
    {
        SentRange right = this[position];
        right.Start += offset;
        right.Length -= offset;
        this[position].Length = offset;
        Insert(position + 1, right);
        if (right.Has(SentRangeState.Timed)) TimeAfter(NodeAt(position), NodeAt(position + 1));
    }

    /// <summary>Makes a range the last one sent.</summary>
    internal void TimeLast(int position)
    {
        int node = NodeAt(position);
        Untime(ref _nodes[node]);
        TimeAfter(_newest, node);
    }

    /// <summary>Puts a range, which is in no order of transmission, where its age belongs: quick for those older than the others.</summary>
    internal void TimeByAge(int position)
    {
        int node = NodeAt(position);
        int older = None;
        for (int next = _oldest; next != None && _nodes[next].SentAt < _nodes[node].SentAt; next = _nodes[next].Newer) older = next;
        TimeAfter(older, node);
    }

    /// <summary>Takes a range out of the order of transmission, if it is there.</summary>
    internal void Untime(ref SentRange range)
    {
        if (!range.Has(SentRangeState.Timed)) return;
        if (range.Older == None) _oldest = range.Newer;
        else _nodes[range.Older].Newer = range.Newer;
        if (range.Newer == None) _newest = range.Older;
        else _nodes[range.Newer].Older = range.Older;
        range.State &= ~SentRangeState.Timed;
    }

    private int NodeAt(int position) => _order[(_head + position) & (_order.Length - 1)];

    private void TimeAfter(int older, int node)
    {
        ref SentRange range = ref _nodes[node];
        range.State |= SentRangeState.Timed;
        range.Older = older;
        range.Newer = older == None ? _oldest : _nodes[older].Newer;
        if (older == None) _oldest = node;
        else _nodes[older].Newer = node;
        if (range.Newer == None) _newest = node;
        else _nodes[range.Newer].Older = node;
    }

    private int TakeNode()
    {
        if (_free != None)
        {
            int node = _free;
            _free = _nodes[node].Newer;
            return node;
        }
        if (_used == _nodes.Length) Array.Resize(ref _nodes, Math.Max(_nodes.Length * 2, FirstCapacity));
        return _used++;
    }

    private void GrowOrder()
    {
        int[] larger = new int[Math.Max(_order.Length * 2, FirstCapacity)];
        for (int i = 0; i < _count; i++) larger[i] = NodeAt(i);
        _order = larger;
        _head = 0;
    }
}
