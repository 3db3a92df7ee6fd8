using NetStack.Memory;

namespace NetStack.Tcp;

/// <summary>
/// Bytes that were written and are not acknowledged, in buffers of the transmit pool. A segment is a share of them by handle, so
/// a retransmission copies nothing and a buffer lives until its last byte is acknowledged and no device holds it.
/// </summary>
/// <remarks>A mutable value: keep it in a field. Small writes grow the last slice instead of adding one.</remarks>
internal partial struct SendQueue(BufferPool pool)
{
    private BufferWriter _writer = new(pool);
    private Entry[] _entries = []; // a ring; its length is a power of two, 0 until something is written
    private int _head;
    private int _count;
    private int _carried; // entries that came with a sum
    private long _start;
    private long _end;

    /// <summary>Bytes held.</summary>
    internal readonly int Length => (int)(_end - _start);

    /// <summary>Appends bytes.</summary>
    /// <returns>How many were taken, from the front: fewer than given when the pool has no free buffer.</returns>
    internal int Write(ReadOnlySpan<byte> bytes)
    {
        int written = 0;
        while (written < bytes.Length)
        {
            int count = _writer.Write(bytes[written..], out BodySlice slice);
            if (count == 0) break;
            Append(slice);
            written += count;
        }
        return written;
    }

    /// <summary>Shares a part.</summary>
    /// <param name="offset">Where it begins, in bytes from the first one held.</param>
    /// <param name="length">Bytes in it; offset and length lie in the queue.</param>
    internal readonly PacketBody Share(int offset, int length)
    {
        PacketBody body = default;
        long at = _start + offset;
        for (int i = Find(at); length > 0; i++)
        {
            ref readonly Entry entry = ref At(i);
            int skip = (int)(at - entry.Start);
            int part = Math.Min(length, entry.Slice.Length - skip);
            entry.Slice.Pool.Retain(entry.Slice.Buffer);
            body.Append(entry.Slice with { Offset = entry.Slice.Offset + skip, Length = part });
            at += part;
            length -= part;
        }
        return body;
    }

    /// <summary>Drops acknowledged bytes from the front. When none are left the buffer being filled is let go too.</summary>
    internal void TrimStart(int count)
    {
        _start += count;
        while (_count > 0 && At(0).End <= _start)
        {
            Release(ref At(0));
            _head = (_head + 1) & (_entries.Length - 1);
            _count--;
        }
        if (_count == 0) _writer.Release();
    }

    /// <summary>Drops everything.</summary>
    internal void Clear() => TrimStart(Length);

    private void Append(in BodySlice slice)
    {
        _end += slice.Length;
        if (_count > 0)
        {
            ref Entry last = ref At(_count - 1);
            if (last.Sum is null && last.Slice.Buffer == slice.Buffer && last.Slice.Offset + last.Slice.Length == slice.Offset)
            {
                last = new Entry(last.Slice with { Length = last.Slice.Length + slice.Length }, _end);
                slice.Pool.Release(slice.Buffer);
                return;
            }
        }
        if (_count == _entries.Length) Grow();
        _count++;
        At(_count - 1) = new Entry(slice, _end);
    }

    private void Release(ref Entry entry)
    {
        entry.Slice.Pool.Release(entry.Slice.Buffer);
        if (entry.Sum is not null) _carried--;
        entry = default;
    }

    private void Grow()
    {
        Entry[] larger = new Entry[Math.Max(2, _entries.Length * 2)];
        for (int i = 0; i < _count; i++) larger[i] = At(i);
        _entries = larger;
        _head = 0;
    }

    private readonly ref Entry At(int index) => ref _entries[(_head + index) & (_entries.Length - 1)];

    /// <summary>The first entry that ends behind a place in the stream.</summary>
    private readonly int Find(long at)
    {
        int low = 0;
        int high = _count - 1;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (At(middle).End > at) high = middle;
            else low = middle + 1;
        }
        return low;
    }

    private readonly record struct Entry(BodySlice Slice, long End)
    {
        internal long Start => End - Slice.Length;

        /// <summary>The sum a body came with; null for what was written here.</summary>
        internal ushort? Sum { get; init; }
    }
}
