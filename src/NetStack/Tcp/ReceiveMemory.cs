using System.Buffers;

namespace NetStack.Tcp;

/// <summary>
/// A block of private memory for received bytes, and at once a segment of the sequence a reader sees: bytes are read where they
/// were copied to.
/// </summary>
internal sealed class ReceiveBlock : ReadOnlySequenceSegment<byte>
{
    internal ReceiveBlock(int size)
    {
        Bytes = GC.AllocateUninitializedArray<byte>(size);
        Memory = Bytes;
    }

    /// <summary>The memory.</summary>
    internal byte[] Bytes { get; }

    /// <summary>Says where in the stream the block lies, in bytes, and which block follows.</summary>
    internal void Place(long offset, ReceiveBlock? next)
    {
        RunningIndex = offset;
        Next = next;
    }
}

/// <summary>Receive blocks of all connections under one limit. Blocks are made when first needed and reused.</summary>
/// <param name="blockSize">Bytes in a block, a power of two.</param>
/// <param name="limit">The most bytes in all blocks at once.</param>
internal sealed class ReceiveMemory(int blockSize, long limit)
{
    private readonly Stack<ReceiveBlock> _free = new();
    private readonly int _limit = (int)Math.Min(int.MaxValue, limit / blockSize);

    /// <summary>Bytes in a block.</summary>
    internal int BlockSize => blockSize;

    /// <summary>Blocks that connections hold.</summary>
    internal int Outstanding { get; private set; }

    /// <summary>Bytes that may still be rented.</summary>
    internal long Available => (long)(_limit - Outstanding) * blockSize;

    /// <summary>Takes a block; null when the limit is reached.</summary>
    internal ReceiveBlock? TryRent()
    {
        if (Outstanding == _limit) return null;
        Outstanding++;
        return _free.TryPop(out ReceiveBlock? block) ? block : new ReceiveBlock(blockSize);
    }

    /// <summary>Takes a block back. A reader must not look at it any more.</summary>
    internal void Return(ReceiveBlock block)
    {
        block.Place(0, null);
        Outstanding--;
        _free.Push(block);
    }
}
