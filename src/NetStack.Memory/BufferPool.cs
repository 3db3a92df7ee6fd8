namespace NetStack.Memory;

/// <summary>
/// A region cut into equal buffers. Buffers are counted: a fresh one holds one pin, <see cref="Retain"/> adds one, and the
/// last <see cref="Release"/> returns it and makes every handle to it stale. All state is private; nothing of it lies in the
/// region, where a device could reach it.
/// </summary>
/// <remarks>Not thread-safe: a pool belongs to the thread that pumps its NIC. No member allocates after construction, but for
/// chains that grow longer than any before.</remarks>
public sealed class BufferPool
{
    private static int s_lastId;

    private readonly int _offset;
    private readonly int[] _pins;
    private readonly uint[] _generations;
    private readonly int[] _free;
    private int _freeCount;

    /// <summary>Cuts <paramref name="count"/> buffers out of a region.</summary>
    /// <param name="region">The memory; the pool does not own it.</param>
    /// <param name="bufferSize">Bytes in a buffer, at least 64.</param>
    /// <param name="count">How many buffers; at least 1.</param>
    /// <param name="offset">Where in the region the first buffer begins, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The buffers do not fit into the region.</exception>
    public BufferPool(DmaRegion region, int bufferSize, int count, int offset = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferSize, 64);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if ((long)offset + (long)bufferSize * count > region.Length)
            throw new ArgumentOutOfRangeException(nameof(count), $"{count} buffers of {bufferSize} bytes at {offset} do not fit into {region.Length} bytes.");
        Id = Interlocked.Increment(ref s_lastId);
        Region = region;
        BufferSize = bufferSize;
        _offset = offset;
        _pins = new int[count];
        _generations = new uint[count];
        _free = new int[count];
        for (int i = 0; i < count; i++) _free[i] = count - 1 - i; // the first rent gives buffer 0
        _freeCount = count;
    }

    /// <summary>Allocates a region of its own and cuts it.</summary>
    /// <param name="bufferSize">Bytes in a buffer, at least 64.</param>
    /// <param name="count">How many buffers.</param>
    /// <param name="writer">Who may write the memory.</param>
    /// <param name="hugePages">Ask for huge pages.</param>
    public static BufferPool Create(int bufferSize, int count, RegionWriter writer = RegionWriter.Device, bool hugePages = false) =>
        new(DmaRegion.Allocate(checked(bufferSize * count), writer, hugePages), bufferSize, count);

    /// <summary>This pool's number, unique in the process.</summary>
    public int Id { get; }

    /// <summary>The memory behind the pool.</summary>
    public DmaRegion Region { get; }

    /// <summary>Bytes in one buffer.</summary>
    public int BufferSize { get; }

    /// <summary>How many buffers the pool has.</summary>
    public int Count => _pins.Length;

    /// <summary>How many buffers nobody holds.</summary>
    public int Available => _freeCount;

    /// <summary>Takes a free buffer with one pin.</summary>
    /// <returns>False when every buffer is held.</returns>
    public bool TryRent(out BufferHandle buffer)
    {
        if (_freeCount == 0)
        {
            buffer = default;
            return false;
        }
        int index = _free[--_freeCount];
        _pins[index] = 1;
        buffer = new BufferHandle(Id, index, _generations[index]);
        return true;
    }

    /// <summary>Adds a pin to a held buffer.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public void Retain(BufferHandle buffer)
    {
        Check(buffer);
        _pins[buffer.Index]++;
    }

    /// <summary>Drops a pin; the last one returns the buffer to the pool.</summary>
    /// <returns>True when this was the last pin.</returns>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public bool Release(BufferHandle buffer)
    {
        Check(buffer);
        if (--_pins[buffer.Index] > 0) return false;
        _generations[buffer.Index]++;
        _free[_freeCount++] = buffer.Index;
        return true;
    }

    /// <summary>How many pins a held buffer has.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public int PinsOf(BufferHandle buffer)
    {
        Check(buffer);
        return _pins[buffer.Index];
    }

    /// <summary>Whether the handle names a buffer that is still held under it.</summary>
    public bool IsLive(BufferHandle buffer) =>
        buffer.PoolId == Id && (uint)buffer.Index < (uint)_pins.Length && _pins[buffer.Index] > 0 && _generations[buffer.Index] == buffer.Generation;

    /// <summary>Where in <see cref="Region"/> the buffer begins, in bytes.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public int RegionOffset(BufferHandle buffer)
    {
        Check(buffer);
        return _offset + buffer.Index * BufferSize;
    }

    /// <summary>A window into a held buffer.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The window does not lie in the buffer.</exception>
    public SharedSpan Window(BufferHandle buffer, int offset, int length)
    {
        Check(buffer);
        if ((uint)offset > (uint)BufferSize || (uint)length > (uint)(BufferSize - offset)) ThrowRange(offset, length);
        return Region.Window(_offset + buffer.Index * BufferSize + offset, length);
    }

    private void Check(BufferHandle buffer)
    {
        if (!IsLive(buffer)) ThrowStale(buffer);
    }

    private void ThrowStale(BufferHandle buffer) => throw new InvalidOperationException(
        buffer.PoolId == Id ? $"Buffer {buffer} went back to its pool: the handle is stale." : $"Buffer {buffer} is not of pool {Id}.");

    private void ThrowRange(int offset, int length) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"{offset}+{length} lies outside a buffer of {BufferSize} bytes.");
}
