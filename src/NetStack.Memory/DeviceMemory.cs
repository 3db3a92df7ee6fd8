using System.Runtime.InteropServices;

namespace NetStack.Memory;

/// <summary>
/// The device's side of a region: what a NIC model, or a back end whose device is this process, reads and writes it through.
/// Consumers of frames must not use it, and the banned-API list keeps it out of Wire, Multiplexer and everything above.
/// </summary>
/// <param name="region">The region.</param>
public readonly struct DeviceMemory(DmaRegion region)
{
    /// <summary>The region.</summary>
    public DmaRegion Region { get; } = region;

    /// <summary>Device memory of a range, writable.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range lies outside the region.</exception>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public Span<byte> Span(int offset, int length) => MemoryMarshal.CreateSpan(ref Region.At(offset, length), length);

    /// <summary>
    /// Calls <paramref name="rewrite"/> with the offset and length of each fetch, right after it: the way to model a device
    /// that rewrites what was just read. Null switches it off. What it throws, the reader throws, after the fetch.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public void OnFetched(Action<int, int>? rewrite)
    {
        Region.ThrowIfDisposed();
        Region.Fetched = rewrite;
    }
}
