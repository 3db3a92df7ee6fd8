using System.Runtime.CompilerServices;

namespace NetStack.Memory;

/// <summary>
/// A window onto memory that others may rewrite. It has no indexer, no span and no pointer: bytes only leave by being copied,
/// and every member here reads each byte exactly once. It lives on the stack and never crosses an await.
/// </summary>
public readonly unsafe ref struct SharedSpan
{
    private readonly byte* _start;
    private readonly int _length;
    private readonly DmaRegion? _region;

    internal SharedSpan(DmaRegion region, byte* start, int length)
    {
        _region = region;
        _start = start;
        _length = length;
    }

    /// <summary>Length in bytes.</summary>
    public int Length => _length;

    /// <summary>Who may write this memory; an empty window has no writer but its owner.</summary>
    public RegionWriter Writer => _region?.Writer ?? RegionWriter.Owner;

    /// <summary>Fetches the first 64 bytes as a value.</summary>
    /// <returns>False when the window is shorter than a line; nothing is read then.</returns>
    public bool TakeLine(out HeaderLine line)
    {
        if (_length < HeaderLine.Size)
        {
            line = default;
            return false;
        }
        FetchOnce.Line(_start, out line);
        _region!.Fetched?.Invoke(_region.OffsetOf(_start), HeaderLine.Size);
        return true;
    }

    /// <summary>Copies the whole window, reading each byte once.</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than the window.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (_length == 0) return;
        if (destination.Length < _length) ThrowShort();
        FetchOnce.Copy(_start, ref destination[0], _length);
        _region!.Fetched?.Invoke(_region.OffsetOf(_start), _length);
    }

    /// <summary>Copies the whole window and sums what was copied, in one pass over one read of each byte (RFC 1071).</summary>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is shorter than the window.</exception>
    public void CopyTo(Span<byte> destination, ref ChecksumAccumulator sum)
    {
        if (_length == 0) return;
        if (destination.Length < _length) ThrowShort();
        sum.AddPartial(FetchOnce.CopyAndSum(_start, ref destination[0], _length), _length);
        _region!.Fetched?.Invoke(_region.OffsetOf(_start), _length);
    }

    /// <summary>Copies the whole window into another, which its caller owns, reading each byte once.</summary>
    internal void CopyTo(SharedSpan destination)
    {
        if (destination._length < _length) ThrowShort();
        CopyTo(new Span<byte>(destination._start, destination._length));
    }

    /// <summary>Fills the start of the window, which the caller owns, from private bytes.</summary>
    internal void Fill(ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>(_start, _length));

    /// <summary>Sums the window, reading each byte once. Over memory that can change, a sum proves nothing about a later read.</summary>
    public void SumTo(ref ChecksumAccumulator sum)
    {
        if (_length == 0) return;
        sum.AddPartial(FetchOnce.Sum(_start, _length), _length);
        _region!.Fetched?.Invoke(_region.OffsetOf(_start), _length);
    }

    /// <summary>The part of the window that begins at <paramref name="offset"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie in the window.</exception>
    public SharedSpan Slice(int offset, int length)
    {
        if ((uint)offset > (uint)_length || (uint)length > (uint)(_length - offset)) throw new ArgumentOutOfRangeException(nameof(offset));
        return _length == 0 ? default : new SharedSpan(_region!, _start + offset, length);
    }

    /// <summary>
    /// Reads in place, for a caller that may: either nobody but the owner writes this memory, or the caller trusts the device
    /// to leave the data alone.
    /// </summary>
    /// <returns>False when neither holds.</returns>
    public bool TryTrust(Trust trust, out TrustedSpan trusted)
    {
        if (Writer != RegionWriter.Owner && !trust.Data)
        {
            trusted = default;
            return false;
        }
        trusted = new TrustedSpan(new ReadOnlySpan<byte>(_start, _length));
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ThrowShort() => throw new ArgumentException("The destination is shorter than the window.");
}

/// <summary>
/// Bytes that may be read in place, because nobody else writes them or because the caller declared that it trusts who does.
/// Only <see cref="SharedSpan.TryTrust"/> makes one.
/// </summary>
public readonly ref struct TrustedSpan
{
    internal TrustedSpan(ReadOnlySpan<byte> bytes) => Bytes = bytes;

    /// <summary>The bytes, in place.</summary>
    public ReadOnlySpan<byte> Bytes { get; }
}
