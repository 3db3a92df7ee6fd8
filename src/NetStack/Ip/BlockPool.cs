namespace NetStack.Ip;

/// <summary>A datagram's bytes in blocks of a <see cref="BlockPool"/>. Whoever holds a pin releases it once.</summary>
/// <param name="First">The first block, or -1 where there is none.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct BlockChain(int First, int Length);

/// <summary>
/// Private memory in blocks of one size under one budget: what was received and waits for its reader. Blocks are made when they
/// are first needed and reused after.
/// </summary>
/// <param name="blockSize">Bytes in a block.</param>
/// <param name="budget">The most bytes in all blocks together.</param>
internal sealed class BlockPool(int blockSize, int budget)
{
    private readonly int _limit = Math.Max(1, budget / blockSize);
    private byte[][] _blocks = [];
    private int[] _next = [];
    private int[] _pins = [];
    private int _free = -1;
    private int _made;

    /// <summary>Bytes in a block.</summary>
    internal int BlockSize => blockSize;

    /// <summary>Blocks that are held.</summary>
    internal int Held { get; private set; }

    /// <summary>Bytes of memory that a datagram takes: whole blocks, at least one.</summary>
    internal int Charge(int length) => Math.Max(1, BlocksFor(length)) * blockSize;

    /// <summary>Takes one block; -1 when the budget is spent.</summary>
    internal int TryRent()
    {
        int block = _free;
        if (block >= 0) _free = _next[block];
        else if (_made == _limit) return -1;
        else block = Make();
        _next[block] = -1;
        _pins[block] = 1;
        Held++;
        return block;
    }

    /// <summary>Takes room for a datagram, with one pin.</summary>
    /// <returns>False when the budget is spent; nothing is held then.</returns>
    internal bool TryRent(int length, out BlockChain chain)
    {
        int count = BlocksFor(length);
        chain = new BlockChain(-1, length);
        if (count > _limit - Held) return false;
        int first = -1;
        for (int i = 0; i < count; i++)
        {
            int block = TryRent();
            _next[block] = first;
            first = block;
        }
        chain = new BlockChain(first, length);
        return true;
    }

    /// <summary>The bytes of one block.</summary>
    internal Span<byte> Block(int block) => _blocks[block];

    /// <summary>Adds a pin.</summary>
    internal void Retain(BlockChain chain)
    {
        if (chain.First >= 0) _pins[chain.First]++;
    }

    /// <summary>Drops a pin; the last one gives the blocks back.</summary>
    internal void Release(BlockChain chain)
    {
        if (chain.First < 0 || --_pins[chain.First] > 0) return;
        for (int block = chain.First; block >= 0;)
        {
            int next = _next[block];
            Release(block);
            block = next;
        }
    }

    /// <summary>Gives one block back.</summary>
    internal void Release(int block)
    {
        _next[block] = _free;
        _free = block;
        Held--;
    }

    /// <summary>Fills a datagram from packet memory, each byte read once, and sums what was copied.</summary>
    /// <param name="chain">The datagram.</param>
    /// <param name="at">Where in it to begin, in bytes.</param>
    /// <param name="bytes">What to copy; it fits.</param>
    /// <param name="sum">Receives the sum.</param>
    internal void Fill(BlockChain chain, int at, scoped InboundBytes bytes, ref Memory.ChecksumAccumulator sum)
    {
        int block = Find(chain.First, ref at);
        for (int done = 0; done < bytes.Length; block = _next[block], at = 0)
        {
            int part = Math.Min(blockSize - at, bytes.Length - done);
            bytes.Slice(done, part).CopyTo(_blocks[block].AsSpan(at, part), ref sum);
            done += part;
        }
    }

    /// <summary>Fills a datagram from private bytes.</summary>
    internal void Fill(BlockChain chain, int at, ReadOnlySpan<byte> bytes)
    {
        int block = Find(chain.First, ref at);
        for (; bytes.Length > 0; block = _next[block], at = 0)
        {
            int part = Math.Min(blockSize - at, bytes.Length);
            bytes[..part].CopyTo(_blocks[block].AsSpan(at));
            bytes = bytes[part..];
        }
    }

    /// <summary>Copies a datagram out, as much as there is room for.</summary>
    /// <returns>Bytes copied.</returns>
    internal int CopyTo(BlockChain chain, Span<byte> destination)
    {
        int count = Math.Min(chain.Length, destination.Length);
        int block = chain.First;
        for (int done = 0; done < count; block = _next[block])
        {
            int part = Math.Min(blockSize, count - done);
            _blocks[block].AsSpan(0, part).CopyTo(destination[done..]);
            done += part;
        }
        return count;
    }

    private int Make()
    {
        if (_made == _blocks.Length)
        {
            int capacity = Math.Min(_limit, Math.Max(16, _made * 2));
            Array.Resize(ref _blocks, capacity);
            Array.Resize(ref _next, capacity);
            Array.Resize(ref _pins, capacity);
        }
        _blocks[_made] = GC.AllocateUninitializedArray<byte>(blockSize);
        return _made++;
    }

    private int BlocksFor(int length) => (length + blockSize - 1) / blockSize;

    private int Find(int block, ref int at)
    {
        for (; at >= blockSize; at -= blockSize) block = _next[block];
        return block;
    }
}
