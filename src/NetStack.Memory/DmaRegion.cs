using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NetStack.Memory;

/// <summary>
/// Memory that is registered once with a NIC and stays mapped until it is explicitly unregistered. It never moves, is zeroed,
/// page-aligned and page-exclusive: no page of it is shared with any other object, so a device that may write it can reach
/// nothing else. It never hands out a span or a pointer; bytes leave through <see cref="SharedSpan"/>, by copy.
/// </summary>
/// <remarks>
/// Not thread-safe. A region and everything cut from it belong to the one thread that pumps its NIC.
/// The memory is a pinned array of the runtime, not native memory, and every window is a tracked reference into it. So no window
/// can dangle, whatever is disposed or dropped in which order: the memory goes when the region was disposed or dropped, and
/// nothing refers to it any more.
/// </remarks>
public sealed class DmaRegion : IDisposable
{
    /// <summary>The page size an IOMMU maps by default, in bytes.</summary>
    public const int PageSize = 4096;

    /// <summary>The size and alignment of a huge page, in bytes.</summary>
    public const int HugePageSize = 2 * 1024 * 1024;

    /// <summary>The longest region, in bytes: 2 GiB less 8 MiB.</summary>
    public const int MaxLength = int.MaxValue - 4 * HugePageSize + 1;

    private readonly int _start;
    private byte[]? _memory;
    private int _registrations;
    private GCHandle _mapped;

    private DmaRegion(byte[] memory, int start, int length, RegionWriter writer, bool hugePages)
    {
        _memory = memory;
        _start = start;
        Length = length;
        Writer = writer;
        HugePages = hugePages;
    }

    /// <summary>Length in bytes, a multiple of the page size.</summary>
    public int Length { get; }

    /// <summary>Who may write this memory while we hold it.</summary>
    public RegionWriter Writer { get; }

    /// <summary>Whether the kernel accepted the request to back this region with huge pages.</summary>
    public bool HugePages { get; }

    /// <summary>How many registrations hold this region mapped.</summary>
    public int Registrations => _registrations;

    /// <summary>Whether the region was freed; every window into it throws then.</summary>
    public bool IsDisposed => _memory is null;

    /// <summary>Called after each fetch with the offset and length read; the device side sets it to model a rewriting device.</summary>
    internal Action<int, int>? Fetched { get; set; }

    /// <summary>Allocates a region.</summary>
    /// <param name="length">Bytes wanted, 1 to <see cref="MaxLength"/>; rounded up to whole pages.</param>
    /// <param name="writer">Who may write the memory while we hold it.</param>
    /// <param name="hugePages">Ask for 2 MiB pages; the length is rounded up to whole ones. Where the platform has none to give
    /// the region is an ordinary one and <see cref="HugePages"/> is false.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is not positive or too large.</exception>
    /// <exception cref="OutOfMemoryException">The memory cannot be had.</exception>
    public static DmaRegion Allocate(int length, RegionWriter writer = RegionWriter.Device, bool hugePages = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength);
        int page = hugePages ? HugePageSize : PageSize;
        int rounded = (length + page - 1) / page * page;

        // One page more than wanted: the region begins at the first page border inside the array and ends at one.
        byte[] memory = GC.AllocateUninitializedArray<byte>(rounded + page, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0);
        int start = (int)(-address & (page - 1));
        bool huge = hugePages && Memory.HugePages.TryAdvise(address + start, rounded);
        Array.Clear(memory);
        return new DmaRegion(memory, start, rounded, writer, huge);
    }

    /// <summary>Says that a device maps this region; the region cannot be freed until <see cref="RemoveRegistration"/>, not even
    /// by dropping every reference to it.</summary>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public void AddRegistration()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (_registrations == 0) _mapped = GCHandle.Alloc(this);
        _registrations++;
    }

    /// <summary>Says that a device no longer maps this region: it was unmapped and the mapping flushed.</summary>
    /// <exception cref="InvalidOperationException">There was no registration.</exception>
    public void RemoveRegistration()
    {
        if (_registrations == 0) throw new InvalidOperationException("The region is not registered.");
        _registrations--;
        if (_registrations == 0) _mapped.Free();
    }

    /// <summary>Frees the memory: every window, pool and body over it throws <see cref="ObjectDisposedException"/> from now on.
    /// Disposing twice does nothing.</summary>
    /// <exception cref="InvalidOperationException">A device still maps the region: unregister first.</exception>
    public void Dispose()
    {
        if (_registrations > 0) throw new InvalidOperationException($"The region is mapped by {_registrations} registration(s); unregister before freeing.");
        _memory = null;
        Fetched = null;
    }

    /// <summary>The window [offset, offset+length), for the types of this assembly.</summary>
    internal SharedSpan Window(int offset, int length) => new(this, ref At(offset, length), length);

    /// <summary>The window [offset, offset+length) of a caller that knows it lies in the region.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal SharedSpan WindowInside(int offset, int length) => new(this, ref AtInside(offset), length);

    /// <summary>The bounds-checked place of a range.</summary>
    internal ref byte At(int offset, int length)
    {
        if ((uint)offset > (uint)Length || (uint)length > (uint)(Length - offset)) ThrowRange(offset, length);
        return ref AtInside(offset);
    }

    /// <summary>Where in the region a place lies, for the fetch hook.</summary>
    internal int OffsetOf(ref byte place) => (int)Unsafe.ByteOffset(ref AtInside(0), ref place);

    /// <summary>Throws if the region was freed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void ThrowIfDisposed()
    {
        if (_memory is null) ThrowDisposed();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref byte AtInside(int offset)
    {
        byte[]? memory = _memory;
        if (memory is null) ThrowDisposed();
        return ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(memory), _start + offset);
    }

    [DoesNotReturn]
    private static void ThrowDisposed() => throw new ObjectDisposedException(nameof(DmaRegion));

    [DoesNotReturn]
    private void ThrowRange(int offset, int length) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"{offset}+{length} lies outside a region of {Length} bytes.");
}
