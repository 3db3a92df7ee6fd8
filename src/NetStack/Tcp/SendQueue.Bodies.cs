using NetStack.Memory;

namespace NetStack.Tcp;

/// <remarks>
/// Bodies that were received and are sent on by handle, each with the sum it was verified with. That sum is never replaced by one of
/// memory that may have changed since: where a segment ends inside a body, its two parts are summed, and only if both together have
/// the carried sum does each go on with its own.
/// </remarks>
internal partial struct SendQueue
{
    /// <summary>Whether a part of what is held goes with the sum it came with.</summary>
    internal readonly bool CarriesSums => _carried > 0;

    /// <summary>Appends a body and takes it over.</summary>
    /// <returns>False when it changed since it was verified: nothing is taken, and it is released.</returns>
    internal bool TryAppend(ref SummedBody body, FetchMeter meter)
    {
        SummedBody taken = body.Take();
        PacketBody bytes = taken.Body;
        if (bytes.SliceCount == 1) AppendCarried(bytes.Slice(0), taken.Sum ?? SumOf(bytes.Slice(0), meter));
        else if (!TryAppendSlices(bytes, taken.Sum, meter))
        {
            bytes.Release();
            return false;
        }
        bytes.Release(); // each entry has a pin of its own
        return true;
    }

    /// <summary>Shortens a segment that would end inside a body which fits a segment whole: it is sent as it came, and its sum stays.</summary>
    /// <param name="offset">Where the segment begins, in bytes from the first one held.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="segment">Bytes of a full segment.</param>
    internal readonly int Fit(int offset, int length, int segment)
    {
        long end = _start + offset + length;
        if (length == 0 || end >= _end) return length;
        Entry last = At(Find(end - 1));
        if (last.End == end || last.Sum is null || last.Slice.Length > segment) return length;
        int shorter = (int)(last.Start - _start) - offset;
        return shorter > 0 ? shorter : length;
    }

    /// <summary>The sum of a part of the queue: what was carried, and for what was written here what memory says.</summary>
    /// <param name="offset">Where it begins, in bytes from the first one held.</param>
    /// <param name="length">Bytes in it, at least 1; offset and length lie in the queue.</param>
    /// <param name="meter">Counts what is read.</param>
    /// <param name="sum">The folded sum.</param>
    /// <returns>False when a body had to be cut and is not what was verified.</returns>
    internal bool TrySum(int offset, int length, FetchMeter meter, out ushort sum)
    {
        ChecksumAccumulator total = default;
        long at = _start + offset;
        sum = 0;
        if (!TryCutAt(at, meter) || !TryCutAt(at + length, meter)) return false;
        for (int i = Find(at); length > 0; i++)
        {
            Entry entry = At(i);
            int skip = (int)(at - entry.Start);
            int part = Math.Min(length, entry.Slice.Length - skip);
            if (entry.Sum is { } carried) total.AddSum(carried, part); // whole, or it would have been cut
            else total.AddSum(SumOf(entry.Slice with { Offset = entry.Slice.Offset + skip, Length = part }, meter), part);
            at += part;
            length -= part;
        }
        sum = total.Sum;
        return true;
    }

    /// <summary>Whether the oldest body is still what was verified.</summary>
    internal readonly bool IsFirstIntact(FetchMeter meter)
    {
        if (_count == 0) return true;
        Entry first = At(Find(_start));
        return first.Sum is not { } carried || SummedBody.AreEqual(SumOf(first.Slice, meter), carried);
    }

    private static ushort SumOf(in BodySlice slice, FetchMeter meter)
    {
        ChecksumAccumulator sum = default;
        slice.Pool.Window(slice.Buffer, slice.Offset, slice.Length).SumTo(ref sum);
        meter.BodyRead(slice.Length);
        return sum.Sum;
    }

    /// <summary>A body in several buffers has one sum for all: each slice gets its own, if together they have that one.</summary>
    private bool TryAppendSlices(in PacketBody bytes, ushort? sum, FetchMeter meter)
    {
        ChecksumAccumulator total = default;
        int before = _count;
        for (int i = 0; i < bytes.SliceCount; i++)
        {
            BodySlice slice = bytes.Slice(i);
            ushort own = SumOf(slice, meter);
            total.AddSum(own, slice.Length);
            AppendCarried(slice, own);
        }
        if (sum is not { } carried || SummedBody.AreEqual(total.Sum, carried)) return true;
        while (_count > before) DropLast();
        return false;
    }

    private void AppendCarried(in BodySlice slice, ushort sum)
    {
        slice.Pool.Retain(slice.Buffer);
        _end += slice.Length;
        if (_count == _entries.Length) Grow();
        _count++;
        _carried++;
        At(_count - 1) = new Entry(slice, _end) { Sum = sum };
    }

    private void DropLast()
    {
        ref Entry last = ref At(--_count);
        _end -= last.Slice.Length;
        Release(ref last);
    }

    /// <summary>Makes an entry end at a place, if one that carries a sum lies across it.</summary>
    private bool TryCutAt(long at, FetchMeter meter)
    {
        if (at <= At(0).Start || at >= _end) return true;
        int index = Find(at - 1);
        Entry entry = At(index);
        if (entry.Sum is not { } carried || entry.End == at) return true;
        BodySlice front = entry.Slice with { Length = (int)(at - entry.Start) };
        BodySlice back = entry.Slice with { Offset = entry.Slice.Offset + front.Length, Length = entry.Slice.Length - front.Length };
        ushort frontSum = SumOf(front, meter);
        ushort backSum = SumOf(back, meter);
        ChecksumAccumulator both = default;
        both.AddSum(frontSum, front.Length);
        both.AddSum(backSum, back.Length);
        if (!SummedBody.AreEqual(both.Sum, carried)) return false;
        back.Pool.Retain(back.Buffer);
        Insert(index);
        _carried++;
        At(index) = new Entry(front, at) { Sum = frontSum };
        At(index + 1) = new Entry(back, entry.End) { Sum = backSum };
        return true;
    }

    /// <summary>Doubles the entry at an index, moving whichever side of it is shorter.</summary>
    private void Insert(int index)
    {
        if (_count == _entries.Length) Grow();
        _count++;
        if (index < _count / 2)
        {
            _head = (_head - 1) & (_entries.Length - 1);
            for (int i = 0; i <= index; i++) At(i) = At(i + 1);
        }
        else
        {
            for (int i = _count - 1; i > index; i--) At(i) = At(i - 1);
        }
    }
}
