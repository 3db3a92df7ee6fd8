using NetStack.Memory;

namespace NetStack;

/// <summary>
/// A range of a received packet: its front may be private already, the rest lies in memory that a device may still write. The
/// front is decided on, the rest is only ever copied or summed, each byte read once.
/// </summary>
/// <remarks>Lives on the stack, while the packet is being received.</remarks>
internal readonly ref struct InboundBytes
{
    private readonly HeaderSnapshot? _snapshot; // null where every byte is private
    private readonly ReadOnlySpan<byte> _private;
    private readonly int _start;

    /// <summary>A range of a frame.</summary>
    /// <param name="snapshot">The frame's snapshot.</param>
    /// <param name="start">Where in the frame the range begins, in bytes.</param>
    /// <param name="length">Bytes in the range, at most to the frame's end.</param>
    internal InboundBytes(HeaderSnapshot snapshot, int start, int length)
    {
        _snapshot = snapshot;
        _start = start;
        Length = length;
    }

    /// <summary>Bytes that are private as a whole: a datagram that was put together from fragments, or came from ourselves.</summary>
    internal InboundBytes(ReadOnlySpan<byte> bytes)
    {
        _private = bytes;
        Length = bytes.Length;
    }

    /// <summary>Bytes in the range.</summary>
    internal int Length { get; }

    /// <summary>
    /// The range's first bytes, private: at least <paramref name="count"/> of them, or the whole range where it is shorter.
    /// </summary>
    internal ReadOnlySpan<byte> Require(int count)
    {
        if (_snapshot is null) return _private;
        ReadOnlySpan<byte> bytes = _snapshot.Require(_start + Math.Min(count, Length));
        bytes = bytes.Length <= _start ? default : bytes[_start..];
        return bytes.Length > Length ? bytes[..Length] : bytes;
    }

    /// <summary>The range without its first bytes.</summary>
    internal InboundBytes Slice(int offset) => Slice(offset, Length - offset);

    /// <summary>A part of the range.</summary>
    internal InboundBytes Slice(int offset, int length)
    {
        if ((uint)offset > (uint)Length || (uint)length > (uint)(Length - offset)) throw new ArgumentOutOfRangeException(nameof(offset));
        return _snapshot is null ? new InboundBytes(_private.Slice(offset, length)) : new InboundBytes(_snapshot, _start + offset, length);
    }

    /// <summary>Copies the first bytes, as many as <paramref name="destination"/> holds, and sums them in the same pass.</summary>
    internal void CopyTo(Span<byte> destination, ref ChecksumAccumulator sum)
    {
        if (_snapshot is not null)
        {
            _snapshot.CopyTo(_start, destination, ref sum);
            return;
        }
        _private[..destination.Length].CopyTo(destination);
        sum.Add(destination);
    }

    /// <summary>The pool in which the range's first byte lies, by which it can be had by handle; null for private bytes.</summary>
    internal BufferPool? Pool => Length == 0 ? null : _snapshot?.PoolAt(_start);

    /// <summary>A second ownership of the range by handle; only where <see cref="Pool"/> is not null.</summary>
    internal PacketBody Share() => _snapshot!.Share(_start, Length);

    /// <summary>Sums the whole range.</summary>
    internal void SumTo(ref ChecksumAccumulator sum)
    {
        if (_snapshot is null) sum.Add(_private);
        else _snapshot.SumTo(_start, Length, ref sum);
    }
}
