namespace NetStack.Tcp;

/// <summary>A range of the stream, in bytes from its start.</summary>
internal readonly record struct StreamRange(long Start, long End)
{
    internal long Length => End - Start;
}

/// <summary>
/// Which bytes beyond the next expected one are there: sorted ranges that neither touch nor overlap, and which of them were
/// touched last, for the order of SACK blocks (RFC 2018 section 4). A mutable value: keep it in a field.
/// </summary>
internal struct Reassembler
{
    /// <summary>The most ranges: a segment that would make one more is refused.</summary>
    internal const int MaxRanges = 256;

    private const int Remembered = 4;

    private StreamRange[]? _ranges;
    private long _recent0, _recent1, _recent2, _recent3; // a byte of each range touched last, newest first

    /// <summary>How many ranges there are.</summary>
    internal int Count { get; private set; }

    /// <summary>Bytes in all ranges.</summary>
    internal long Bytes { get; private set; }

    /// <summary>The range at an index, in the order of the stream.</summary>
    internal readonly StreamRange this[int index] => _ranges![index];

    /// <summary>The first range that ends behind a place, by index; <see cref="Count"/> when there is none.</summary>
    internal readonly int FirstEndingAfter(long at)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ranges![middle].End > at) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    /// <summary>Whether a range can be added without exceeding the limit.</summary>
    internal readonly bool CanAdd(long start, long end)
    {
        if (Count < MaxRanges) return true;
        int first = FirstEndingAfter(start - 1);
        return first < Count && _ranges![first].Start <= end;
    }

    /// <summary>Adds a range that is not empty and that <see cref="CanAdd"/> allowed; what it touches becomes one with it.</summary>
    internal void Add(long start, long end)
    {
        Remember(start);
        int first = FirstEndingAfter(start - 1);
        int last = first;
        for (; last < Count && _ranges![last].Start <= end; last++)
        {
            start = Math.Min(start, _ranges[last].Start);
            end = Math.Max(end, _ranges[last].End);
            Bytes -= _ranges[last].Length;
        }
        Bytes += end - start;
        Replace(first, last, new StreamRange(start, end));
    }

    /// <summary>Takes the first range if a place in the stream reached it.</summary>
    /// <param name="next">The next expected byte; moved to the range's end.</param>
    internal void TakeReached(ref long next)
    {
        int taken = 0;
        while (taken < Count && _ranges![taken].Start <= next)
        {
            next = Math.Max(next, _ranges[taken].End);
            Bytes -= _ranges[taken].Length;
            taken++;
        }
        if (taken == 0) return;
        Array.Copy(_ranges!, taken, _ranges!, 0, Count - taken);
        Count -= taken;
    }

    /// <summary>The range touched <paramref name="age"/> segments ago.</summary>
    /// <param name="age">0 for the newest, up to 3.</param>
    /// <param name="range">The range.</param>
    /// <returns>False when it is not there any more, or is one that a smaller age gives.</returns>
    internal readonly bool TryGetRecent(int age, out StreamRange range)
    {
        range = default;
        if (!TryFind(Recent(age), out range)) return false;
        for (int newer = 0; newer < age; newer++)
        {
            long place = Recent(newer);
            if (place >= range.Start && place < range.End) return false;
        }
        return true;
    }

    /// <summary>The range that holds a byte.</summary>
    internal readonly bool TryFind(long at, out StreamRange range)
    {
        int index = FirstEndingAfter(at);
        range = index < Count ? _ranges![index] : default;
        return index < Count && range.Start <= at;
    }

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        Count = 0;
        Bytes = 0;
    }

    private readonly long Recent(int age) => age switch { 0 => _recent0, 1 => _recent1, 2 => _recent2, _ => _recent3 };

    private void Remember(long place)
    {
        // A range that is touched again moves to the front; the older ones keep their order.
        int known = Remembered - 1;
        if (TryFind(place, out StreamRange range))
        {
            for (int age = 0; age < known; age++)
            {
                if (Recent(age) >= range.Start && Recent(age) < range.End) known = age;
            }
        }
        if (known >= 3) _recent3 = _recent2;
        if (known >= 2) _recent2 = _recent1;
        if (known >= 1) _recent1 = _recent0;
        _recent0 = place;
    }

    private void Replace(int first, int last, StreamRange range)
    {
        _ranges ??= new StreamRange[8];
        int grown = Count - (last - first) + 1;
        if (grown > _ranges.Length) Array.Resize(ref _ranges, _ranges.Length * 2);
        Array.Copy(_ranges, last, _ranges, first + 1, Count - last);
        _ranges[first] = range;
        Count = grown;
    }
}
