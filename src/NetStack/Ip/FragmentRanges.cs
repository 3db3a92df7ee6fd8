namespace NetStack.Ip;

/// <summary>What a fragment is to those of its datagram that came before.</summary>
internal enum FragmentFit
{
    /// <summary>It brings bytes: <see cref="FragmentRanges.Pieces"/> says which.</summary>
    New = 0,

    /// <summary>Its range is that of one earlier fragment. Only under <see cref="OverlapPolicy.Reject"/>; whether it is a duplicate
    /// is for its bytes to say.</summary>
    SameRange,

    /// <summary>It brings nothing that the policy keeps.</summary>
    Nothing,

    /// <summary>It overlaps, and the policy does not have it.</summary>
    Overlap,
}

/// <summary>A range of a datagram's bytes.</summary>
internal readonly record struct ByteRange(int Start, int End);

/// <summary>
/// Which bytes of a datagram have come, as the disjoint remains of its fragments, in order. A fragment that overlaps is settled
/// by the policy; bytes lie at their place in the datagram, so a fragment that another trims only loses range.
/// </summary>
/// <param name="maxFragments">The most fragments that are ever added: they leave at most twice as many remains.</param>
internal sealed class FragmentRanges(int maxFragments)
{
    private readonly ByteRange[] _ranges = new ByteRange[2 * maxFragments + 2];
    private readonly ByteRange[] _pieces = new ByteRange[2 * maxFragments + 2];
    private int _count;
    private int _pieceCount;

    /// <summary>Bytes that have come, each counted once.</summary>
    internal int Received { get; private set; }

    /// <summary>Where the last byte that came ends.</summary>
    internal int End => _count == 0 ? 0 : _ranges[_count - 1].End;

    /// <summary>Bytes from the datagram's start without a gap.</summary>
    internal int Contiguous
    {
        get
        {
            int end = 0;
            for (int i = 0; i < _count && _ranges[i].Start == end; i++) end = _ranges[i].End;
            return end;
        }
    }

    /// <summary>The parts of the fragment added last that are to be kept.</summary>
    internal ReadOnlySpan<ByteRange> Pieces => _pieces.AsSpan(0, _pieceCount);

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        _count = 0;
        _pieceCount = 0;
        Received = 0;
    }

    /// <summary>Adds a fragment with bytes [start, end), which is not empty.</summary>
    internal FragmentFit Add(int start, int end, OverlapPolicy policy)
    {
        _pieceCount = 0;
        switch (policy)
        {
            case OverlapPolicy.Reject:
                for (int i = 0; i < _count; i++)
                {
                    if (_ranges[i] == new ByteRange(start, end)) return FragmentFit.SameRange;
                    if (_ranges[i].Start < end && start < _ranges[i].End) return FragmentFit.Overlap;
                }
                break;
            case OverlapPolicy.First:
                return FillGaps(start, end);
            case OverlapPolicy.Bsd or OverlapPolicy.Linux:
                start = TrimFront(start, policy);
                break;
        }
        if (start >= end) return FragmentFit.Nothing;
        Cut(start, end);
        Insert(new ByteRange(start, end));
        _pieces[_pieceCount++] = new ByteRange(start, end);
        return FragmentFit.New;
    }

    /// <summary>Where a fragment begins after the one before it took its due.</summary>
    private int TrimFront(int start, OverlapPolicy policy)
    {
        int front = start;
        for (int i = 0; i < _count; i++)
        {
            bool isBefore = policy == OverlapPolicy.Bsd ? _ranges[i].Start <= start : _ranges[i].Start < start;
            if (isBefore) front = Math.Max(front, _ranges[i].End);
        }
        return front;
    }

    private FragmentFit FillGaps(int start, int end)
    {
        int at = start;
        for (int i = 0; i < _count && at < end; i++)
        {
            if (_ranges[i].End <= at) continue;
            if (_ranges[i].Start > at) _pieces[_pieceCount++] = new ByteRange(at, Math.Min(end, _ranges[i].Start));
            at = _ranges[i].End;
        }
        if (at < end) _pieces[_pieceCount++] = new ByteRange(at, end);
        foreach (ByteRange piece in Pieces) Insert(piece);
        return _pieceCount == 0 ? FragmentFit.Nothing : FragmentFit.New;
    }

    /// <summary>Takes [start, end) away from everything that came before.</summary>
    private void Cut(int start, int end)
    {
        for (int i = 0; i < _count; i++)
        {
            ByteRange old = _ranges[i];
            if (old.End <= start || old.Start >= end) continue;
            RemoveAt(i--);
            if (old.Start < start)
            {
                Insert(new ByteRange(old.Start, start));
                i++;
            }
            if (old.End > end)
            {
                Insert(new ByteRange(end, old.End));
                i++;
            }
        }
    }

    private void Insert(ByteRange range)
    {
        int at = _count;
        for (; at > 0 && _ranges[at - 1].Start > range.Start; at--) _ranges[at] = _ranges[at - 1];
        _ranges[at] = range;
        _count++;
        Received += range.End - range.Start;
    }

    private void RemoveAt(int index)
    {
        Received -= _ranges[index].End - _ranges[index].Start;
        _count--;
        for (int i = index; i < _count; i++) _ranges[i] = _ranges[i + 1];
    }
}
