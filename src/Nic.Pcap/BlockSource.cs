using NetStack.Memory;

namespace NetStack.Nic.Pcap;

/// <summary>
/// Reads a stream in large blocks and gives out its bytes by handle: a packet that lies in one block is one slice, one that
/// crosses a border is two, and none is copied. A block is read into again once nobody holds a part of it.
/// </summary>
/// <remarks>Blocks that a user holds on to cost memory: beyond the usual few, further ones are allocated as needed.</remarks>
internal sealed class BlockSource : IDisposable
{
    /// <summary>Bytes in a block, unless told: large enough that a read is worth its system call.</summary>
    internal const int DefaultBlockSize = 512 * 1024;

    private const int BlocksPerPool = 2; // one is read while the packet across the border needs the other

    private readonly Stream _stream;
    private readonly int _blockSize;
    private readonly List<BufferPool> _pools = [];
    private Block[] _blocks = new Block[BlocksPerPool]; // a queue: the first is the one being consumed
    private int _head;
    private int _count;
    private int _available; // bytes read and not consumed
    private bool _atEnd;

    internal BlockSource(Stream stream, int blockSize = DefaultBlockSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 4096);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockSize, 16 * 1024 * 1024);
        _stream = stream;
        _blockSize = blockSize;
    }

    private struct Block
    {
        internal BufferPool Pool;
        internal BufferHandle Handle;
        internal int Start;
        internal int Filled;
    }

    /// <summary>The pools that blocks come from; the first is made with the first read.</summary>
    internal IReadOnlyList<BufferPool> Pools => _pools;

    /// <summary>How many bytes were consumed since the start.</summary>
    internal long Position { get; private set; }

    /// <summary>Why the stream could not be read further, if that was not its end.</summary>
    internal CaptureDamage? Failure { get; private set; }

    /// <summary>How many blocks were read to their end and wait for users to release what they hold of them.</summary>
    internal int HeldBlocks
    {
        get
        {
            int rented = 0;
            foreach (BufferPool pool in _pools) rented += pool.Count - pool.Available;
            return rented - _count;
        }
    }

    /// <summary>Bytes that can still be had without reading, for telling an empty rest from a cut one.</summary>
    internal int Available => _available;

    /// <summary>Reads until so many bytes are there.</summary>
    /// <returns>False when the stream ends before.</returns>
    internal bool Ensure(int count)
    {
        while (_available < count)
        {
            if (_atEnd || !ReadMore()) return false;
        }
        return true;
    }

    /// <summary>Copies bytes to private memory without consuming them, from <paramref name="offset"/> bytes ahead; they must be there.</summary>
    internal void Peek(int offset, Span<byte> destination)
    {
        int total = 0;
        for (int i = 0; total < destination.Length; i++)
        {
            ref Block block = ref At(i);
            int length = block.Filled - block.Start;
            if (offset >= length)
            {
                offset -= length;
                continue;
            }
            int taken = Math.Min(length - offset, destination.Length - total);
            block.Pool.Window(block.Handle, block.Start + offset, taken).CopyTo(destination[total..]);
            total += taken;
            offset = 0;
        }
    }

    /// <summary>Copies bytes to private memory and consumes them; they must be there.</summary>
    internal void Read(Span<byte> destination)
    {
        Peek(0, destination);
        Consume(destination.Length);
    }

    /// <summary>Consumes bytes and gives them out by handle; they must be there.</summary>
    internal PacketBody Take(int count)
    {
        PacketBody body = default;
        int left = count;
        for (int i = 0; left > 0; i++)
        {
            ref Block block = ref At(i);
            int taken = Math.Min(block.Filled - block.Start, left);
            if (taken == 0) continue;
            block.Pool.Retain(block.Handle);
            body.Append(new BodySlice(block.Pool, block.Handle, block.Start, taken));
            left -= taken;
        }
        Consume(count);
        return body;
    }

    /// <summary>Copies bytes to private memory without consuming them, if they lie in one block and were read.</summary>
    internal bool TryPeekFront(int offset, Span<byte> destination)
    {
        if (_count == 0) return false;
        ref Block block = ref _blocks[_head];
        if (block.Filled - block.Start - destination.Length < offset) return false;
        block.Pool.Window(block.Handle, block.Start + offset, destination.Length).CopyTo(destination);
        return true;
    }

    /// <summary>
    /// Begins a snapshot of the next bytes behind a header, if both lie in one block and were read. Nothing is consumed: the block
    /// stays while it is looked at, and <see cref="Skip"/> passes over it afterwards.
    /// </summary>
    internal bool TryLendFront(int headerSize, int count, HeaderSnapshot snapshot, FetchMeter meter)
    {
        ref Block block = ref _blocks[_head];
        if (block.Filled - block.Start - headerSize < count) return false;
        snapshot.BeginLent(block.Pool, block.Handle, block.Start + headerSize, count, meter);
        return true;
    }

    /// <summary>Passes over bytes, reading as needed.</summary>
    /// <returns>False when the stream ends before.</returns>
    internal bool Skip(long count)
    {
        while (count > 0)
        {
            if (_available == 0 && !Ensure(1)) return false;
            int step = (int)Math.Min(count, _available);
            Consume(step);
            count -= step;
        }
        return true;
    }

    public void Dispose()
    {
        while (_count > 0) DropFirst();
        foreach (BufferPool pool in _pools)
        {
            // A body that a user still holds keeps its memory: the pool's region is freed by whoever drops it last.
            if (pool.Available == pool.Count) pool.Region.Dispose();
        }
        _pools.Clear();
        _stream.Dispose();
    }

    private ref Block At(int index) => ref _blocks[(_head + index) % _blocks.Length];

    private void Consume(int count)
    {
        Position += count;
        _available -= count;
        while (count > 0)
        {
            ref Block block = ref At(0);
            int taken = Math.Min(block.Filled - block.Start, count);
            block.Start += taken;
            count -= taken;
            if (block.Start == block.Filled && (block.Filled == _blockSize || count > 0)) DropFirst();
        }
    }

    private void DropFirst()
    {
        ref Block block = ref At(0);
        block.Pool.Release(block.Handle);
        block = default;
        _head = (_head + 1) % _blocks.Length;
        _count--;
    }

    private bool ReadMore()
    {
        if (_count == 0 || At(_count - 1).Filled == _blockSize) AppendBlock();
        ref Block last = ref At(_count - 1);
        int offset = last.Pool.RegionOffset(last.Handle) + last.Filled;
        int read;
        try
        {
            read = _stream.Read(new DeviceMemory(last.Pool.Region).Span(offset, _blockSize - last.Filled));
        }
        catch (InvalidDataException e)
        {
            return Fail("bad_compression", e.Message);
        }
        catch (EndOfStreamException e)
        {
            return Fail("truncated_file", e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail("read_error", e.Message);
        }
        if (read == 0) _atEnd = true;
        last.Filled += read;
        _available += read;
        return read > 0;
    }

    private bool Fail(string code, string message)
    {
        Failure = new CaptureDamage(code, Position + _available, message.ReplaceLineEndings(" "));
        _atEnd = true;
        return false;
    }

    private void AppendBlock()
    {
        if (_count == _blocks.Length)
        {
            Block[] larger = new Block[_blocks.Length * 2];
            for (int i = 0; i < _count; i++) larger[i] = At(i);
            _blocks = larger;
            _head = 0;
        }
        ref Block block = ref _blocks[(_head + _count) % _blocks.Length];
        block = default;
        Rent(ref block);
        _count++;
    }

    private void Rent(ref Block block)
    {
        foreach (BufferPool pool in _pools)
        {
            if (!pool.TryRent(out block.Handle)) continue;
            block.Pool = pool;
            return;
        }
        BufferPool more = BufferPool.Create(_blockSize, BlocksPerPool);
        _pools.Add(more);
        more.TryRent(out block.Handle);
        block.Pool = more;
    }
}
