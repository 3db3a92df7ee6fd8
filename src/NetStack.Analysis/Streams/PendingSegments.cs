using NetStack.Ip;

namespace NetStack.Analysis;

/// <summary>Bytes of a stream that came early, in order and without overlap: overlaps are settled by the policy as they come.</summary>
internal sealed class PendingSegments(OverlapPolicy policy)
{
    /// <summary>More pieces than this are not worth keeping.</summary>
    internal const int MaxCount = 4096;

    private readonly List<Piece> _pieces = [];

    // Held is the length of the array that the bytes are part of.
    private readonly record struct Piece(long Start, ReadOnlyMemory<byte> Bytes, long Packet, int Held)
    {
        internal long End => Start + Bytes.Length;

        internal ReadOnlyMemory<byte> Between(long start, long end) => Bytes.Slice((int)(start - Start), (int)(end - start));

        /// <summary>A part; one that is small keeps no large array.</summary>
        internal Piece Part(long start, long end)
        {
            ReadOnlyMemory<byte> part = Between(start, end);
            return 2 * part.Length >= Held ? new(start, part, Packet, Held) : new(start, part.ToArray(), Packet, part.Length);
        }
    }

    internal int Count => _pieces.Count;

    internal long Bytes { get; private set; }

    /// <summary>Bytes of memory that hold them; at most twice as many.</summary>
    internal long Held => _pieces.Sum(p => (long)p.Held);

    /// <summary>Where the first byte that waits is.</summary>
    internal long First => _pieces[0].Start;

    /// <summary>Adds a segment.</summary>
    /// <returns>The place of its first byte that differs from one that was there; negative where none does.</returns>
    internal long Add(long start, ReadOnlySpan<byte> bytes, long packet)
    {
        int at = FirstEndingAfter(start);
        long conflict = FirstConflict(at, start, bytes);
        Piece added = new(start, bytes.ToArray(), packet, bytes.Length);
        switch (policy)
        {
            case OverlapPolicy.Last:
                Overwrite(at, added);
                break;
            case OverlapPolicy.Bsd or OverlapPolicy.Linux:
                if (at < Count && (policy == OverlapPolicy.Bsd ? _pieces[at].Start <= start : _pieces[at].Start < start))
                {
                    if (_pieces[at].End >= added.End) return conflict;
                    added = added.Part(_pieces[at].End, added.End);
                    at++;
                }
                Overwrite(at, added);
                break;
            default:
                FillGaps(at, added);
                break;
        }
        return conflict;
    }

    /// <summary>Takes the bytes at a place, if they are there.</summary>
    internal bool TryTake(long at, out ReadOnlyMemory<byte> bytes, out long packet)
    {
        bytes = default;
        packet = 0;
        if (Count == 0 || _pieces[0].Start != at) return false;
        bytes = _pieces[0].Bytes;
        packet = _pieces[0].Packet;
        Bytes -= bytes.Length;
        _pieces.RemoveAt(0);
        return true;
    }

    private int FirstEndingAfter(long start)
    {
        int low = 0, high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_pieces[middle].End > start) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    private long FirstConflict(int at, long start, ReadOnlySpan<byte> bytes)
    {
        long end = start + bytes.Length;
        for (; at < Count && _pieces[at].Start < end; at++)
        {
            Piece old = _pieces[at];
            long from = Math.Max(start, old.Start), until = Math.Min(end, old.End);
            ReadOnlySpan<byte> theirs = old.Between(from, until).Span;
            ReadOnlySpan<byte> ours = bytes.Slice((int)(from - start), theirs.Length);
            int same = ours.CommonPrefixLength(theirs);
            if (same < ours.Length) return from + same;
        }
        return -1;
    }

    private void FillGaps(int at, Piece added)
    {
        long next = added.Start;
        for (; next < added.End; at++)
        {
            long end = at < Count ? Math.Min(added.End, _pieces[at].Start) : added.End;
            if (end > next) Insert(at++, added.Part(next, end));
            if (at >= Count) return;
            next = Math.Max(next, _pieces[at].End);
        }
    }

    private void Overwrite(int at, Piece added)
    {
        if (at < Count && _pieces[at].Start < added.Start)
        {
            Piece old = _pieces[at];
            Replace(at++, old.Part(old.Start, added.Start));
            if (old.End > added.End) Insert(at, old.Part(added.End, old.End));
        }
        while (at < Count && _pieces[at].End <= added.End)
        {
            Bytes -= _pieces[at].Bytes.Length;
            _pieces.RemoveAt(at);
        }
        if (at < Count && _pieces[at].Start < added.End) Replace(at, _pieces[at].Part(added.End, _pieces[at].End));
        Insert(at, added);
    }

    private void Insert(int at, Piece piece)
    {
        _pieces.Insert(at, piece);
        Bytes += piece.Bytes.Length;
    }

    private void Replace(int at, Piece piece)
    {
        Bytes += piece.Bytes.Length - _pieces[at].Bytes.Length;
        _pieces[at] = piece;
    }
}
