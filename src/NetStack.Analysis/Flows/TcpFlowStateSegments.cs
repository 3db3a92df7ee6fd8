namespace NetStack.Analysis;

/// <summary>A segment that is not acknowledged yet.</summary>
/// <param name="Sequence">Its first sequence number that is not acknowledged.</param>
/// <param name="Next">The one after its last.</param>
/// <param name="Number">The packet's number.</param>
/// <param name="Time">Nanoseconds since the flow's first packet.</param>
internal readonly record struct SentSegment(uint Sequence, uint Next, long Number, long Time);

/// <summary>
/// What a side sent and was not acknowledged, in the order of sending. It grows to <see cref="MaxSegments"/>; then the two oldest
/// are taken together, so that its span stays right and only the time of the oldest is lost.
/// </summary>
internal struct SegmentQueue
{
    /// <summary>The most segments that are kept: 24 KiB for a side.</summary>
    internal const int MaxSegments = 1024;

    private SentSegment[]? _ring; // a power of two
    private int _head;
    private int _count;
    private bool _isDisordered; // some segment begins before the end of one that was sent earlier

    /// <summary>From the lowest sequence number to the highest.</summary>
    internal readonly long Span
    {
        get
        {
            if (_count == 0) return 0;
            uint low = At(0).Sequence;
            uint high = At(_count - 1).Next;
            for (int i = _isDisordered ? 0 : _count; i < _count; i++)
            {
                SentSegment segment = At(i);
                if (segment.Sequence.IsBefore(low)) low = segment.Sequence;
                if (segment.Next.IsAfter(high)) high = segment.Next;
            }
            return high.IsAfter(low) ? high - low : 0;
        }
    }

    internal void Add(in SentSegment segment)
    {
        if (_ring is null) _ring = new SentSegment[4];
        else if (_count == _ring.Length) MakeRoom();
        if (_count == 0) _isDisordered = false;
        else if (segment.Sequence.IsBefore(At(_count - 1).Next)) _isDisordered = true;
        At(_count++) = segment;
    }

    /// <summary>Lets go what is acknowledged.</summary>
    /// <param name="acknowledgment">The acknowledgment number.</param>
    /// <param name="answered">The earliest segment that ends just there.</param>
    internal bool Acknowledge(uint acknowledgment, out SentSegment answered)
    {
        answered = default;
        bool found = false;
        if (!_isDisordered)
        {
            for (; _count > 0 && !At(0).Next.IsAfter(acknowledgment); Drop())
            {
                if (At(0).Next != acknowledgment) continue;
                answered = At(0);
                found = true;
            }
            if (_count > 0 && acknowledgment.IsAfter(At(0).Sequence)) At(0) = At(0) with { Sequence = acknowledgment };
            return found;
        }
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            SentSegment segment = At(i);
            if (segment.Next == acknowledgment && !found)
            {
                answered = segment;
                found = true;
            }
            if (segment.Next.IsAfter(acknowledgment))
                At(kept++) = acknowledgment.IsAfter(segment.Sequence) ? segment with { Sequence = acknowledgment } : segment;
        }
        _count = kept;
        return found;
    }

    /// <summary>Whether one segment has all of these numbers.</summary>
    internal readonly bool Covers(uint sequence, uint next)
    {
        for (int i = _count - 1; i >= 0; i--)
        {
            if (!sequence.IsBefore(At(i).Sequence) && !next.IsAfter(At(i).Next)) return true;
        }
        return false;
    }

    /// <summary>Finds the earliest segment that begins there.</summary>
    internal readonly bool TryFind(uint sequence, out SentSegment segment)
    {
        for (int i = 0; i < _count; i++)
        {
            segment = At(i);
            if (segment.Sequence == sequence) return true;
        }
        segment = default;
        return false;
    }

    private readonly ref SentSegment At(int index) => ref _ring![_head + index & _ring.Length - 1];

    private void Drop()
    {
        _head = _head + 1 & _ring!.Length - 1;
        _count--;
    }

    private void MakeRoom()
    {
        if (_ring!.Length < MaxSegments)
        {
            SentSegment[] larger = new SentSegment[_ring.Length * 2];
            for (int i = 0; i < _count; i++) larger[i] = At(i);
            _ring = larger;
            _head = 0;
            return;
        }
        SentSegment oldest = At(0);
        SentSegment second = At(1);
        At(1) = second with
        {
            Sequence = oldest.Sequence.IsBefore(second.Sequence) ? oldest.Sequence : second.Sequence,
            Next = oldest.Next.IsAfter(second.Next) ? oldest.Next : second.Next,
        };
        Drop();
    }
}
