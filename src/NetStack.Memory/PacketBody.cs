namespace NetStack.Memory;

/// <summary>A part of one buffer, held by one pin.</summary>
/// <param name="Pool">The pool the buffer belongs to.</param>
/// <param name="Buffer">The buffer; the slice owns one pin on it.</param>
/// <param name="Offset">Where in the buffer the slice begins, in bytes.</param>
/// <param name="Length">Bytes in the slice.</param>
public readonly record struct BodySlice(BufferPool Pool, BufferHandle Buffer, int Offset, int Length)
{
    /// <summary>The window the slice names. Throws where the handle is stale.</summary>
    internal SharedSpan Window => Pool.Window(Buffer, Offset, Length);
}

/// <summary>
/// Names bytes without being able to read them: a chain of counted slices that can be forwarded, trimmed, shared and copied
/// out, never indexed. Ownership is linear: whoever holds the body calls <see cref="Release"/> once, or hands it on.
/// </summary>
/// <remarks>Not thread-safe. A copy of the value is the same ownership, not a second one: use <see cref="Share"/> for that.
/// Nothing here allocates in the steady state: the nodes of chains are pooled by <see cref="BodyChain"/>.</remarks>
public struct PacketBody
{
    private BodySlice _first;
    private BodyChain? _rest;

    /// <summary>A body of one slice, whose pin it takes over.</summary>
    public PacketBody(BodySlice slice)
    {
        _first = slice;
        Length = slice.Length;
    }

    /// <summary>Bytes in the body.</summary>
    public int Length { get; private set; }

    /// <summary>Whether the body names nothing and holds no pin.</summary>
    public readonly bool IsEmpty => _first.Pool is null;

    /// <summary>How many slices the body has.</summary>
    public readonly int SliceCount => IsEmpty ? 0 : 1 + (_rest?.Count ?? 0);

    /// <summary>The slice at <paramref name="index"/>, 0 to <see cref="SliceCount"/> less 1. The pin stays with the body.</summary>
    public readonly BodySlice Slice(int index) => index == 0 ? _first : _rest![index - 1];

    /// <summary>Appends a slice and takes over its pin.</summary>
    public void Append(BodySlice slice)
    {
        if (IsEmpty)
        {
            _first = slice;
        }
        else
        {
            _rest ??= BodyChain.Rent();
            _rest.Add(slice);
        }
        Length += slice.Length;
    }

    /// <summary>A second ownership of the same bytes: every slice is pinned once more.</summary>
    public readonly PacketBody Share()
    {
        PacketBody shared = default;
        for (int i = 0; i < SliceCount; i++)
        {
            BodySlice slice = Slice(i);
            slice.Pool.Retain(slice.Buffer);
            shared.Append(slice);
        }
        return shared;
    }

    /// <summary>Drops <paramref name="count"/> bytes from the front; slices that become empty are released.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many bytes.</exception>
    public void TrimStart(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Length);
        Rebuild(count, Length - count);
    }

    /// <summary>Keeps the first <paramref name="length"/> bytes; slices past them are released.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many bytes.</exception>
    public void TrimTo(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Rebuild(0, length);
    }

    /// <summary>Releases every pin. Releasing an empty body does nothing.</summary>
    /// <exception cref="InvalidOperationException">The body was released before through another copy of the value.</exception>
    public void Release()
    {
        if (IsEmpty) return;
        _first.Pool.Release(_first.Buffer);
        if (_rest is not null)
        {
            for (int i = 0; i < _rest.Count; i++) _rest[i].Pool.Release(_rest[i].Buffer);
            BodyChain.Return(_rest);
        }
        this = default;
    }

    /// <summary>Copies all bytes from <paramref name="offset"/> on, each read once.</summary>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="destination">At least <see cref="Length"/> less <paramref name="offset"/> bytes of private memory.</param>
    /// <param name="meter">Counts what was read and copied.</param>
    public readonly void CopyTo(int offset, Span<byte> destination, FetchMeter meter)
    {
        int total = 0;
        for (int i = 0; i < SliceCount; i++)
        {
            SharedSpan window = Skip(Slice(i), ref offset);
            window.CopyTo(destination[total..]);
            total += window.Length;
        }
        meter.BodyRead(total);
        meter.BodyCopied(total);
    }

    /// <summary>Copies and sums in one pass (RFC 1071), each byte read once.</summary>
    /// <inheritdoc cref="CopyTo(int, Span{byte}, FetchMeter)"/>
    /// <param name="offset">Where to begin, in bytes.</param>
    /// <param name="destination">At least <see cref="Length"/> less <paramref name="offset"/> bytes of private memory.</param>
    /// <param name="sum">Receives the sum of what was copied.</param>
    /// <param name="meter">Counts what was read and copied.</param>
    public readonly void CopyTo(int offset, Span<byte> destination, ref ChecksumAccumulator sum, FetchMeter meter)
    {
        int total = 0;
        for (int i = 0; i < SliceCount; i++)
        {
            SharedSpan window = Skip(Slice(i), ref offset);
            window.CopyTo(destination[total..], ref sum);
            total += window.Length;
        }
        meter.BodyRead(total);
        meter.BodyCopied(total);
    }

    /// <summary>
    /// Copies all bytes from <paramref name="offset"/> on into other buffers, each read once and none passing through private memory.
    /// </summary>
    /// <param name="offset">Where to begin in this body, in bytes.</param>
    /// <param name="destination">Buffers that nobody else holds.</param>
    /// <param name="at">Where to begin in <paramref name="destination"/>, in bytes.</param>
    /// <param name="meter">Counts what was read and copied.</param>
    /// <exception cref="ArgumentException">The destination has too little room.</exception>
    /// <exception cref="InvalidOperationException">Somebody else holds a buffer of the destination as well.</exception>
    public readonly void CopyTo(int offset, in PacketBody destination, int at, FetchMeter meter)
    {
        if (destination.Length - at < Length - offset) throw new ArgumentException("The destination is shorter than what is copied.", nameof(destination));
        int total = 0;
        int slot = 0;
        SharedSpan room = destination.Room(ref slot, ref at);
        for (int i = 0; i < SliceCount; i++)
        {
            SharedSpan window = Skip(Slice(i), ref offset);
            while (window.Length > 0)
            {
                if (room.Length == 0) room = destination.Room(ref slot, ref at);
                int count = Math.Min(window.Length, room.Length);
                window.Slice(0, count).CopyTo(room);
                window = window.Slice(count, window.Length - count);
                room = room.Slice(count, room.Length - count);
                total += count;
            }
        }
        meter.BodyRead(total);
        meter.BodyCopied(total);
    }

    /// <summary>Fills the front of buffers that nobody else holds from private bytes.</summary>
    /// <exception cref="InvalidOperationException">Somebody else holds one of the buffers as well.</exception>
    internal readonly void Fill(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        for (int i = 0; bytes.Length > 0; )
        {
            SharedSpan room = Room(ref i, ref at);
            int count = Math.Min(bytes.Length, room.Length);
            room.Fill(bytes[..count]);
            bytes = bytes[count..];
        }
    }

    /// <summary>The writable window of the next slice that has room past <paramref name="at"/>; empty past the last.</summary>
    private readonly SharedSpan Room(ref int index, ref int at)
    {
        while (index < SliceCount)
        {
            BodySlice slice = Slice(index++);
            SharedSpan room = Skip(slice, ref at);
            if (room.Length == 0) continue;
            if (slice.Pool.PinsOf(slice.Buffer) != 1) throw new InvalidOperationException($"Buffer {slice.Buffer} is held elsewhere too: it must not be written.");
            return room;
        }
        return default;
    }

    /// <summary>Fetches header bytes [offset, offset+length), which lie in the body, for <see cref="HeaderSnapshot"/>.</summary>
    internal readonly void FetchTo(int offset, Span<byte> destination)
    {
        int total = 0;
        for (int i = 0; total < destination.Length; i++)
        {
            SharedSpan window = Skip(Slice(i), ref offset);
            if (window.Length == 0) continue;
            if (window.Length > destination.Length - total) window = window.Slice(0, destination.Length - total);
            window.CopyTo(destination[total..]);
            total += window.Length;
        }
    }

    /// <summary>The window of the first slice.</summary>
    internal readonly SharedSpan FirstWindow => IsEmpty ? default : _first.Window;

    private static SharedSpan Skip(BodySlice slice, ref int offset)
    {
        int skipped = Math.Min(offset, slice.Length);
        offset -= skipped;
        return slice.Pool.Window(slice.Buffer, slice.Offset + skipped, slice.Length - skipped);
    }

    /// <summary>Rebuilds the chain from the part [start, start+length), moving pins and releasing what falls outside.</summary>
    private void Rebuild(int start, int length)
    {
        PacketBody kept = default;
        for (int i = 0; i < SliceCount; i++)
        {
            BodySlice slice = Slice(i);
            int skipped = Math.Min(start, slice.Length);
            start -= skipped;
            int taken = Math.Min(length - kept.Length, slice.Length - skipped);
            if (taken > 0) kept.Append(slice with { Offset = slice.Offset + skipped, Length = taken });
            else slice.Pool.Release(slice.Buffer);
        }
        if (_rest is not null) BodyChain.Return(_rest);
        this = kept;
    }
}
