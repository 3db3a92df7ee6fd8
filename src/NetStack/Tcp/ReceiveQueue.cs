using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using NetStack.Memory;

namespace NetStack.Tcp;

/// <summary>
/// Received bytes of one connection, in blocks that lie side by side in the stream: a segment is copied to its place whatever
/// order it comes in, and read from there. Places in the stream are bytes from its start, the byte after the peer's SYN.
/// </summary>
/// <remarks>
/// Copying and counting are two steps, because a segment is copied and summed in one pass before its checksum is known:
/// <see cref="Place"/> writes only where nothing is yet, and what it wrote counts only after <see cref="Commit"/>.
/// A mutable value: keep it in a field.
/// </remarks>
internal struct ReceiveQueue(ReceiveMemory memory)
{
    private readonly ReceiveMemory _memory = memory;
    private ReceiveBlock?[] _blocks = new ReceiveBlock?[4]; // at block number modulo length, a power of two
    private Reassembler _later;
    private long _read;
    private long _next;
    private int _held;

    /// <summary>The next byte a reader gets.</summary>
    internal readonly long ReadAt => _read;

    /// <summary>The next byte expected from the peer.</summary>
    internal readonly long Next => _next;

    /// <summary>Bytes a reader can get now.</summary>
    internal readonly int Unread => (int)(_next - _read);

    /// <summary>Which bytes came out of order.</summary>
    [UnscopedRef]
    internal readonly ref readonly Reassembler Later => ref _later;

    /// <summary>Copies bytes to their place, but for those that are there already or lie outside the window, and sums all.</summary>
    /// <param name="start">Where in the stream they begin; may lie before the next expected byte.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="limit">Where the window ends.</param>
    /// <param name="sum">Receives the sum of all bytes.</param>
    /// <returns>False when memory ran out: all is summed, but not all that was wanted is in place.</returns>
    internal bool Place(long start, InboundBytes bytes, long limit, ref ChecksumAccumulator sum)
    {
        bool placed = true;
        for (int done = 0; done < bytes.Length;)
        {
            long at = start + done;
            int run = (int)Math.Min(bytes.Length - done, RunAt(at, limit, out bool wanted));
            ReceiveBlock? block = wanted ? BlockAt(at) : null;
            if (block is null)
            {
                placed &= !wanted;
                bytes.Slice(done, run).SumTo(ref sum);
            }
            else
            {
                int offset = (int)(at - block.RunningIndex);
                run = Math.Min(run, block.Bytes.Length - offset);
                bytes.Slice(done, run).CopyTo(block.Bytes.AsSpan(offset, run), ref sum);
            }
            done += run;
        }
        return placed;
    }

    /// <summary>Whether a part of the stream could be committed: out of order, only so many ranges are kept.</summary>
    internal readonly bool CanCommit(long start, long end) => start <= _next || _later.CanAdd(start, end);

    /// <summary>Counts bytes that were placed and proved right. They lie in the window and end behind the next expected byte.</summary>
    /// <returns>Whether the next expected byte moved.</returns>
    internal bool Commit(long start, long end)
    {
        if (start > _next)
        {
            _later.Add(start, end);
            return false;
        }
        _next = Math.Max(_next, end);
        _later.TakeReached(ref _next);
        return true;
    }

    /// <summary>How many bytes of a range below a limit are there already.</summary>
    internal readonly bool IsThere(long start, long end) => end <= _next || (_later.TryFind(Math.Max(start, _next), out StreamRange range) && range.End >= end);

    /// <summary>What a reader can get, in place: valid until the next <see cref="Consume"/>.</summary>
    internal readonly ReadOnlySequence<byte> Peek()
    {
        if (_next == _read) return ReadOnlySequence<byte>.Empty;
        ReceiveBlock first = Held(_read);
        ReceiveBlock last = Held(_next - 1);
        return new ReadOnlySequence<byte>(first, (int)(_read - first.RunningIndex), last, (int)(_next - last.RunningIndex));
    }

    /// <summary>The next bytes a reader can get that lie in one block, up to a place behind <see cref="ReadAt"/>.</summary>
    internal readonly ReadOnlySpan<byte> PeekTo(long limit)
    {
        ReceiveBlock block = Held(_read);
        int offset = (int)(_read - block.RunningIndex);
        return block.Bytes.AsSpan(offset, (int)Math.Min(limit - _read, block.Bytes.Length - offset));
    }

    /// <summary>Copies a body to its place, which counts already, and sums what was copied.</summary>
    /// <returns>False when memory is short; nothing is read then.</returns>
    internal bool Write(long start, in PacketBody body, ref ChecksumAccumulator sum, FetchMeter meter)
    {
        long end = start + body.Length;
        for (long number = Number(start); number <= Number(end - 1); number++)
        {
            if (BlockAt(Math.Max(start, number * _memory.BlockSize)) is null) return false;
        }
        for (long at = start; at < end;)
        {
            ReceiveBlock block = Held(at);
            int offset = (int)(at - block.RunningIndex);
            int part = (int)Math.Min(end - at, block.Bytes.Length - offset);
            PacketBody piece = body.Share((int)(at - start), part);
            piece.CopyTo(0, block.Bytes.AsSpan(offset, part), ref sum, meter);
            piece.Release();
            at += part;
        }
        return true;
    }

    /// <summary>Copies what a reader can get, as much as fits, and consumes it.</summary>
    internal int Read(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, Unread);
        for (int done = 0; done < count;)
        {
            ReceiveBlock block = Held(_read + done);
            int offset = (int)(_read + done - block.RunningIndex);
            int part = Math.Min(count - done, block.Bytes.Length - offset);
            block.Bytes.AsSpan(offset, part).CopyTo(destination[done..]);
            done += part;
        }
        Consume(count);
        return count;
    }

    /// <summary>Goes on by some bytes, at most <see cref="Unread"/>; blocks that were read to their end go back.</summary>
    internal void Consume(int count)
    {
        long first = Number(_read);
        _read += count;
        bool idle = _read == _next && _later.Count == 0;
        if (idle) ReturnAll();
        else for (; first < Number(_read); first++) Return(first);
    }

    /// <summary>Drops everything.</summary>
    internal void Clear()
    {
        ReturnAll();
        _later.Clear();
        _read = _next;
    }

    /// <summary>Drops what came out of order (RFC 2018 section 8 allows it): memory is short.</summary>
    internal void DropLater()
    {
        _later.Clear();
        long last = Unread == 0 ? Number(_read) - 1 : Number(_next - 1);
        for (long number = last + 1; number < Number(_read) + _blocks.Length; number++) Return(number);
    }

    private readonly long Number(long at) => at / _memory.BlockSize;

    private readonly ref ReceiveBlock? Slot(long number) => ref _blocks[number & (_blocks.Length - 1)];

    private readonly ReceiveBlock Held(long at) => Slot(Number(at))!;

    /// <summary>How many bytes from a place on are of one kind: to be copied, or only to be summed.</summary>
    private readonly long RunAt(long at, long limit, out bool wanted)
    {
        wanted = false;
        if (at < _next) return _next - at;
        if (at >= limit) return long.MaxValue;
        int index = _later.FirstEndingAfter(at);
        if (index < _later.Count && _later[index].Start <= at) return _later[index].End - at;
        wanted = true;
        return (index < _later.Count ? Math.Min(limit, _later[index].Start) : limit) - at;
    }

    /// <summary>The block of a place at or behind the next expected byte, rented if need be; null when memory is short.</summary>
    private ReceiveBlock? BlockAt(long at)
    {
        long number = Number(at);
        long first = Number(_read);
        while (number - first >= _blocks.Length) Grow(first);
        if (Slot(number) is { } held) return held;
        ReceiveBlock? block = _memory.TryRent();
        if (block is null) return null;
        ReceiveBlock? next = number + 1 - first < _blocks.Length ? Slot(number + 1) : null;
        block.Place(number * _memory.BlockSize, next);
        if (number > first && Slot(number - 1) is { } previous) previous.Place(previous.RunningIndex, block);
        Slot(number) = block;
        _held++;
        return block;
    }

    private void Grow(long first)
    {
        ReceiveBlock?[] larger = new ReceiveBlock?[_blocks.Length * 2];
        for (long number = first; number < first + _blocks.Length; number++) larger[number & (larger.Length - 1)] = Slot(number);
        _blocks = larger;
    }

    private void Return(long number)
    {
        if (Slot(number) is not { } block) return;
        Slot(number) = null;
        _held--;
        _memory.Return(block);
    }

    private void ReturnAll()
    {
        for (int i = 0; _held > 0; i++) Return(i);
    }
}
