using System.Runtime.InteropServices;

namespace NetStack.Memory;

/// <summary>
/// Memory that is registered once with a NIC and stays mapped until it is explicitly unregistered. It is native, zeroed,
/// page-aligned and page-exclusive: no page of it is shared with any other object, so a device that may write it can reach
/// nothing else. It never hands out a span or a pointer; bytes leave through <see cref="SharedSpan"/>, by copy.
/// </summary>
/// <remarks>Not thread-safe. A region and everything cut from it belong to the one thread that pumps its NIC.</remarks>
public sealed unsafe class DmaRegion : IDisposable
{
    /// <summary>The page size an IOMMU maps by default, in bytes.</summary>
    public const int PageSize = 4096;

    /// <summary>The size and alignment of a huge page, in bytes.</summary>
    public const int HugePageSize = 2 * 1024 * 1024;

    private byte* _memory;
    private int _registrations;

    private DmaRegion(byte* memory, int length, RegionWriter writer, bool hugePages)
    {
        _memory = memory;
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

    /// <summary>Called after each fetch with the offset and length read; the device side sets it to model a rewriting device.</summary>
    internal Action<int, int>? Fetched { get; set; }

    /// <summary>Allocates a region.</summary>
    /// <param name="length">Bytes wanted, 1 to <see cref="int.MaxValue"/> less a page; rounded up to whole pages.</param>
    /// <param name="writer">Who may write the memory while we hold it.</param>
    /// <param name="hugePages">Ask for 2 MiB pages. Where the platform has none to give the region is an ordinary one and
    /// <see cref="HugePages"/> is false.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is not positive or too large.</exception>
    /// <exception cref="OutOfMemoryException">The memory cannot be had.</exception>
    public static DmaRegion Allocate(int length, RegionWriter writer = RegionWriter.Device, bool hugePages = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        int page = hugePages ? HugePageSize : PageSize;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, int.MaxValue - page);
        int rounded = (length + page - 1) / page * page;
        byte* memory = (byte*)NativeMemory.AlignedAlloc((nuint)rounded, (nuint)page);
        bool huge = hugePages && Memory.HugePages.TryAdvise((nint)memory, rounded);
        NativeMemory.Clear(memory, (nuint)rounded);
        if (rounded > 0) GC.AddMemoryPressure(rounded);
        return new DmaRegion(memory, rounded, writer, huge);
    }

    /// <summary>Says that a device maps this region; the region cannot be freed until <see cref="RemoveRegistration"/>.</summary>
    public void AddRegistration()
    {
        ObjectDisposedException.ThrowIf(_memory == null, this);
        _registrations++;
    }

    /// <summary>Says that a device no longer maps this region: it was unmapped and the mapping flushed.</summary>
    /// <exception cref="InvalidOperationException">There was no registration.</exception>
    public void RemoveRegistration()
    {
        if (_registrations == 0) throw new InvalidOperationException("The region is not registered.");
        _registrations--;
    }

    /// <summary>Frees the memory.</summary>
    /// <exception cref="InvalidOperationException">A device still maps the region: unregister first.</exception>
    public void Dispose()
    {
        if (_memory == null) return;
        if (_registrations > 0) throw new InvalidOperationException($"The region is mapped by {_registrations} registration(s); unregister before freeing.");
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        GC.RemoveMemoryPressure(Length);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees memory whose owner was dropped, unless a device may still write it: then it leaks, which is safe.</summary>
    ~DmaRegion()
    {
        if (_memory == null || _registrations > 0) return;
        NativeMemory.AlignedFree(_memory);
        GC.RemoveMemoryPressure(Length);
    }

    /// <summary>The window [offset, offset+length), for the types of this assembly.</summary>
    internal SharedSpan Window(int offset, int length) => new(this, Pointer(offset, length), length);

    /// <summary>The bounds-checked address of a range. Only this assembly may ask.</summary>
    internal byte* Pointer(int offset, int length)
    {
        if (_memory == null) ThrowDisposed();
        if ((uint)offset > (uint)Length || (uint)length > (uint)(Length - offset)) ThrowRange(offset, length);
        return _memory + offset;
    }

    /// <summary>Where in the region an address lies, for the fetch hook.</summary>
    internal int OffsetOf(byte* address) => (int)(address - _memory);

    private static void ThrowDisposed() => throw new ObjectDisposedException(nameof(DmaRegion));

    private void ThrowRange(int offset, int length) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"{offset}+{length} lies outside a region of {Length} bytes.");
}
