using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NetStack.Memory;

/// <summary>
/// A window onto memory that others may rewrite. It has no indexer, no span and no pointer: bytes only leave by being copied,
/// and every member here reads each byte exactly once. It lives on the stack and never crosses an await.
/// </summary>
/// <remarks>Once the region was disposed, every member that reads or cuts throws <see cref="ObjectDisposedException"/>. A default
/// window is empty and belongs to no region.</remarks>
public readonly ref struct SharedSpan
{
    private readonly ref byte _start;
    private readonly int _length;
    private readonly DmaRegion? _region;

    internal SharedSpan(DmaRegion region, ref byte start, int length)
    {
        _region = region;
        _start = ref start;
        _length = length;
    }

    /// <summary>Length in bytes.</summary>
    public int Length => _length;

    /// <summary>Who may write this memory; a default window has no writer but its owner.</summary>
    public RegionWriter Writer => _region?.Writer ?? RegionWriter.Owner;

    /// <summary>Fetches the first 64 bytes as a value.</summary>
    /// <returns>False when the window is shorter than a line; nothing is read then.</returns>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public bool TakeLine(out HeaderLine line)
    {
        _region?.ThrowIfDisposed();
        if (_length < HeaderLine.Size)
        {
            line = default;
            return false;
        }
        FetchOnce.Line(ref _start, out line);
        Announce(HeaderLine.Size);
        return true;
    }

    /// <summary>Copies the whole window, reading each byte once.</summary>
    /// <param name="destination">Private memory, at least <see cref="Length"/> bytes, that does not overlap the window.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than the window; nothing is read then.</exception>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public void CopyTo(Span<byte> destination)
    {
        Fetch(destination);
        Announce(_length);
    }

    /// <summary>Copies the whole window and sums what was copied, in one pass over one read of each byte (RFC 1071).</summary>
    /// <param name="destination">Private memory, at least <see cref="Length"/> bytes, that does not overlap the window.</param>
    /// <param name="sum">Receives the sum of what was copied.</param>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than the window; nothing is read then.</exception>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public void CopyTo(Span<byte> destination, ref ChecksumAccumulator sum)
    {
        CheckReadable(destination.Length);
        sum.AddPartial(FetchOnce.CopyAndSum(ref _start, ref MemoryMarshal.GetReference(destination), _length), _length);
        Announce(_length);
    }

    /// <summary>Sums the window, reading each byte once. Over memory that can change, a sum proves nothing about a later read.</summary>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public void SumTo(ref ChecksumAccumulator sum)
    {
        CheckReadable(_length);
        sum.AddPartial(FetchOnce.Sum(ref _start, _length), _length);
        Announce(_length);
    }

    /// <summary>The part of the window that begins at <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie in the window.</exception>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public SharedSpan Slice(int offset, int length)
    {
        if ((uint)offset > (uint)_length || (uint)length > (uint)(_length - offset)) ThrowRange(offset, length);
        if (_region is null) return default;
        _region.ThrowIfDisposed();
        return new SharedSpan(_region, ref Unsafe.Add(ref _start, offset), length);
    }

    /// <summary>
    /// Reads in place, for a caller that may: either nobody but the owner writes this memory, or the caller trusts the device
    /// to leave the data alone.
    /// </summary>
    /// <returns>False when neither holds.</returns>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public bool TryTrust(Trust trust, out TrustedSpan trusted)
    {
        _region?.ThrowIfDisposed();
        if (Writer != RegionWriter.Owner && !trust.Data)
        {
            trusted = default;
            return false;
        }
        trusted = new TrustedSpan(MemoryMarshal.CreateReadOnlySpan(ref _start, _length));
        return true;
    }

    /// <summary>Copies like <see cref="CopyTo(Span{byte})"/> without telling the device model yet, for a caller that has to note
    /// what it read before anything else may throw; it calls <see cref="Announce"/> then.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Fetch(Span<byte> destination)
    {
        CheckReadable(destination.Length);
        FetchOnce.Copy(ref _start, ref MemoryMarshal.GetReference(destination), _length);
    }

    /// <summary>Fetches a window of one line or two, without telling the device model yet.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void FetchLines(Span<byte> destination)
    {
        if (destination.Length < _length || _length is not (HeaderLine.Size or 2 * HeaderLine.Size)) ThrowShort();
        _region!.ThrowIfDisposed();
        ref byte to = ref MemoryMarshal.GetReference(destination);
        FetchOnce.Line(ref _start, ref to);
        if (_length > HeaderLine.Size) FetchOnce.Line(ref Unsafe.Add(ref _start, HeaderLine.Size), ref Unsafe.Add(ref to, HeaderLine.Size));
    }

    /// <summary>Tells the device model that the first <paramref name="length"/> bytes were read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Announce(int length)
    {
        if (_region?.Fetched is not null && length > 0) _region.Fetched(_region.OffsetOf(ref _start), length);
    }

    /// <summary>Copies the whole window into another, whose buffer the caller alone holds, reading each byte once.</summary>
    internal void CopyTo(SharedSpan destination)
    {
        if (destination._length < _length) ThrowShort();
        CopyTo(MemoryMarshal.CreateSpan(ref destination._start, destination._length));
    }

    /// <summary>Writes private bytes to the start of the window, whose buffer the caller alone holds.</summary>
    internal void Write(ReadOnlySpan<byte> bytes) => bytes.CopyTo(MemoryMarshal.CreateSpan(ref _start, _length));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CheckReadable(int room)
    {
        if (room < _length) ThrowShort();
        _region?.ThrowIfDisposed();
    }

    [DoesNotReturn]
    private static void ThrowShort() => throw new ArgumentException("The destination is shorter than the window.");

    [DoesNotReturn]
    private void ThrowRange(int offset, int length) =>
        throw new ArgumentOutOfRangeException(nameof(offset), $"{offset}+{length} lies outside a window of {_length} bytes.");
}

/// <summary>
/// Bytes that may be read in place, because nobody else writes them or because the caller declared that it trusts who does.
/// Only <see cref="SharedSpan.TryTrust"/> makes one.
/// </summary>
public readonly ref struct TrustedSpan
{
    internal TrustedSpan(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>The bytes, in place. They stay readable, though meaningless, even if the region is disposed meanwhile.</summary>
    public ReadOnlySpan<byte> Bytes { get; }
}
