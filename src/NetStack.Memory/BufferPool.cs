using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NetStack.Memory;

/// <summary>
/// A region cut into equal buffers. Buffers are counted: a fresh one holds one pin, <see cref="Retain"/> adds one, and the
/// last <see cref="Release"/> returns it and makes every handle to it stale. All state is private; nothing of it lies in the
/// region, where a device could reach it.
/// </summary>
/// <remarks>Not thread-safe: a pool belongs to the thread that pumps its NIC. No member allocates after construction, but for
/// more bodies at once, or longer chains, than ever before. A pool keeps its region alive. Two pools over one region are the
/// caller's to keep apart.</remarks>
public sealed class BufferPool
{
    /// <summary>The smallest buffer, in bytes: one header line.</summary>
    public const int MinBufferSize = HeaderLine.Size;

    private static int _lastId;

    private readonly State[] _buffers;
    private readonly int[] _free;
    private readonly FreeList<BodyChain> _chains = new();
    private int _freeCount;

    /// <summary>Cuts <paramref name="count"/> buffers out of a region.</summary>
    /// <param name="region">The memory; the pool does not own it.</param>
    /// <param name="bufferSize">Bytes in a buffer, at least <see cref="MinBufferSize"/>.</param>
    /// <param name="count">How many buffers; at least 1.</param>
    /// <param name="offset">Where in the region the first buffer begins, in bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small, or the buffers do not fit into the region.</exception>
    public BufferPool(DmaRegion region, int bufferSize, int count, int offset = 0)
    {
        ArgumentNullException.ThrowIfNull(region);
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferSize, MinBufferSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset + (long)bufferSize * count > region.Length)
            throw new ArgumentOutOfRangeException(nameof(count), $"{count} buffers of {bufferSize} bytes at {offset} do not fit into {region.Length} bytes.");
        Id = Interlocked.Increment(ref _lastId);
        Region = region;
        BufferSize = bufferSize;
        Offset = offset;
        _buffers = new State[count];
        _free = new int[count];
        for (int i = 0; i < count; i++) _free[i] = count - 1 - i; // the first rent gives buffer 0
        _freeCount = count;
    }

    /// <summary>Allocates a region of its own and cuts it.</summary>
    /// <param name="bufferSize">Bytes in a buffer, at least <see cref="MinBufferSize"/>.</param>
    /// <param name="count">How many buffers; at least 1.</param>
    /// <param name="writer">Who may write the memory.</param>
    /// <param name="hugePages">Ask for huge pages.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small, or all buffers together are longer than
    /// <see cref="DmaRegion.MaxLength"/>.</exception>
    /// <exception cref="OutOfMemoryException">The memory cannot be had.</exception>
    public static BufferPool Create(int bufferSize, int count, RegionWriter writer = RegionWriter.Device, bool hugePages = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bufferSize, MinBufferSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, DmaRegion.MaxLength / bufferSize);
        return new BufferPool(DmaRegion.Allocate(bufferSize * count, writer, hugePages), bufferSize, count);
    }

    /// <summary>This pool's number, unique in the process, from 1.</summary>
    public int Id { get; }

    /// <summary>The memory behind the pool.</summary>
    public DmaRegion Region { get; }

    /// <summary>Where in <see cref="Region"/> the first buffer begins, in bytes.</summary>
    public int Offset { get; }

    /// <summary>Bytes in one buffer.</summary>
    public int BufferSize { get; }

    /// <summary>How many buffers the pool has.</summary>
    public int Count => _buffers.Length;

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
        ref State state = ref _buffers[index];
        state.Pins = 1;
        state.Generation++;
        buffer = new BufferHandle(Id, index, state.Generation);
        return true;
    }

    /// <summary>Adds a pin to a held buffer.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public void Retain(BufferHandle buffer)
    {
        Check(buffer);
        checked { _buffers[buffer.Index].Pins++; }
    }

    /// <summary>Drops a pin; the last one returns the buffer to the pool.</summary>
    /// <returns>True when this was the last pin.</returns>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public bool Release(BufferHandle buffer)
    {
        Check(buffer);
        ref State state = ref _buffers[buffer.Index];
        if (--state.Pins > 0) return false;
        state.Generation++;
        _free[_freeCount++] = buffer.Index;
        return true;
    }

    /// <summary>How many pins a held buffer has.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public int PinsOf(BufferHandle buffer)
    {
        Check(buffer);
        return _buffers[buffer.Index].Pins;
    }

    /// <summary>Whether the handle names a buffer that is still held under it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsLive(BufferHandle buffer) =>
        buffer.PoolId == Id && (uint)buffer.Index < (uint)_buffers.Length && _buffers[buffer.Index].Generation == buffer.Generation;

    /// <summary>Where in <see cref="Region"/> the buffer begins, in bytes.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public int RegionOffset(BufferHandle buffer)
    {
        Check(buffer);
        return Offset + buffer.Index * BufferSize;
    }

    /// <summary>A window into a held buffer.</summary>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The window does not lie in the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public SharedSpan Window(BufferHandle buffer, int offset, int length)
    {
        CheckRange(buffer, offset, length);
        return WindowInside(buffer, offset, length);
    }

    /// <summary>Writes private bytes into a buffer that nobody else holds: how data to send gets where a device can read it.</summary>
    /// <param name="buffer">The buffer, with a single pin.</param>
    /// <param name="offset">Where in the buffer to begin, in bytes.</param>
    /// <param name="bytes">What to write.</param>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool, or somebody else holds the buffer too.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bytes do not fit.</exception>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public void Write(BufferHandle buffer, int offset, ReadOnlySpan<byte> bytes)
    {
        CheckRange(buffer, offset, bytes.Length);
        CheckSole(buffer);
        WindowInside(buffer, offset, bytes.Length).Write(bytes);
    }

    /// <summary>Throws unless the buffer is held and the range lies in it.</summary>
    internal void CheckRange(BufferHandle buffer, int offset, int length)
    {
        Check(buffer);
        if ((uint)offset > (uint)BufferSize || (uint)length > (uint)(BufferSize - offset)) ThrowRange(offset, length);
    }

    /// <summary>Throws unless the held buffer has one pin only: what others hold must not be written.</summary>
    internal void CheckSole(BufferHandle buffer)
    {
        if (PinsOf(buffer) != 1) throw new InvalidOperationException($"Buffer {buffer} is held elsewhere too: it must not be written.");
    }

    /// <summary>A window of a caller that checked the range before; whether the buffer is still held is checked again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SharedSpan WindowInside(BufferHandle buffer, int offset, int length)
    {
        Check(buffer);
        return Region.WindowInside(Offset + buffer.Index * BufferSize + offset, length);
    }

    /// <summary>An ownership record for a body whose first slice is of this pool.</summary>
    internal BodyChain RentChain() => _chains.TryTake(out BodyChain? chain) ? chain : new BodyChain(this);

    /// <summary>Takes an ownership record back.</summary>
    internal void ReturnChain(BodyChain chain) => _chains.Add(chain);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Check(BufferHandle buffer)
    {
        if (!IsLive(buffer)) ThrowStale(buffer);
    }

    [DoesNotReturn]
    private void ThrowStale(BufferHandle buffer) => throw new InvalidOperationException(
        buffer.PoolId == Id ? $"Buffer {buffer} went back to its pool: the handle is stale." : $"Buffer {buffer} is not of pool {Id}.");

    [DoesNotReturn]
    private void ThrowRange(int offset, int length) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"{offset}+{length} lies outside a buffer of {BufferSize} bytes.");

    private struct State
    {
        /// <summary>Odd while the buffer is held; counted on at each hand-out and each return, so one comparison is the whole check.</summary>
        internal ulong Generation;

        internal int Pins;
    }
}
