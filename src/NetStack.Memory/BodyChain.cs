using System.Diagnostics.CodeAnalysis;

namespace NetStack.Memory;

/// <summary>A part of one buffer, held by one pin.</summary>
/// <param name="Pool">The pool the buffer belongs to.</param>
/// <param name="Buffer">The buffer; the slice owns one pin on it.</param>
/// <param name="Offset">Where in the buffer the slice begins, in bytes.</param>
/// <param name="Length">Bytes in the slice.</param>
public readonly record struct BodySlice(BufferPool Pool, BufferHandle Buffer, int Offset, int Length);

/// <summary>
/// The record of one ownership of a body: its slices, and a version that ends with the ownership. Every copy of a
/// <see cref="PacketBody"/> value refers to the same record, so a copy that is used after the release is found out, even where
/// the buffers themselves are still held by others. Records are reused through their home pool.
/// </summary>
internal sealed class BodyChain(BufferPool home)
{
    private const int MaxKeptCapacity = 1024;

    private BodySlice _first;
    private BodySlice[] _more = []; // slices after the first: [_moreStart, _moreEnd)
    private int _moreStart;
    private int _moreEnd;
    private bool _hasFirst;

    /// <summary>Counted on when the ownership ends. 64 bits: it does not come round again.</summary>
    internal ulong Version { get; private set; }

    /// <summary>Bytes in all slices.</summary>
    internal int Length { get; private set; }

    /// <summary>How many bytes were trimmed from the front since the ownership began.</summary>
    internal int Trimmed { get; private set; }

    internal int Count => _hasFirst ? 1 + _moreEnd - _moreStart : 0;

    internal ref readonly BodySlice First => ref _first;

    internal ref readonly BodySlice this[int index]
    {
        get
        {
            if ((uint)index >= (uint)Count) throw new ArgumentOutOfRangeException(nameof(index), $"There is no slice {index} of {Count}.");
            if (index == 0) return ref _first;
            return ref _more[_moreStart + index - 1];
        }
    }

    /// <summary>Appends a slice, whose range lies in a held buffer, and takes over its pin.</summary>
    internal void Append(in BodySlice slice)
    {
        Length = checked(Length + slice.Length);
        if (!_hasFirst)
        {
            _first = slice;
            _hasFirst = true;
            return;
        }
        if (_moreEnd == _more.Length) Array.Resize(ref _more, Math.Max(8, _moreEnd * 2));
        _more[_moreEnd++] = slice;
    }

    /// <summary>Drops bytes from the front, with the pins of slices that become empty. There are at least so many.</summary>
    internal void TrimStart(int count)
    {
        Trimmed += count;
        Length -= count;
        bool stale = false;
        while (count > 0)
        {
            if (count < _first.Length)
            {
                _first = _first with { Offset = _first.Offset + count, Length = _first.Length - count };
                break;
            }
            count -= _first.Length;
            stale |= !TryRelease(TakeFirst());
        }
        if (stale) ThrowStale();
    }

    /// <summary>Drops bytes from the end, with the pins of slices that become empty. There are at least so many.</summary>
    internal void TrimEnd(int count)
    {
        Length -= count;
        bool stale = false;
        while (count > 0)
        {
            ref BodySlice last = ref _moreEnd > _moreStart ? ref _more[_moreEnd - 1] : ref _first;
            if (count < last.Length)
            {
                last = last with { Length = last.Length - count };
                break;
            }
            count -= last.Length;
            stale |= !TryRelease(TakeLast());
        }
        if (stale) ThrowStale();
    }

    /// <summary>Ends the ownership: releases every pin and makes every value that refers to it stale.</summary>
    /// <exception cref="InvalidOperationException">A buffer was released behind the body's back; all others are released even so.</exception>
    internal void End()
    {
        if (!TryEnd()) ThrowStale();
    }

    /// <summary>As <see cref="End"/>; false when a slice was stale. The others are released even so.</summary>
    internal bool TryEnd()
    {
        bool stale = false;
        Version++;
        if (_hasFirst) stale = !TryRelease(_first);
        for (int i = _moreStart; i < _moreEnd; i++) stale |= !TryRelease(_more[i]);
        Clear();
        home.ReturnChain(this);
        return !stale;
    }

    /// <summary>Pins every slice once more, for a second ownership; pins none if one is stale.</summary>
    internal BodyChain Share()
    {
        for (int i = 0; i < Count; i++)
        {
            if (!this[i].Pool.IsLive(this[i].Buffer)) ThrowStale();
        }
        BodyChain shared = First.Pool.RentChain();
        for (int i = 0; i < Count; i++)
        {
            ref readonly BodySlice slice = ref this[i];
            slice.Pool.Retain(slice.Buffer);
            shared.Append(slice);
        }
        return shared;
    }

    /// <summary>Pins the slices of a part once more, for a second ownership of it; the part lies in the body and is not empty.</summary>
    internal BodyChain Share(int offset, int length)
    {
        int index = 0;
        while (offset >= this[index].Length) offset -= this[index++].Length;
        BodyChain shared = this[index].Pool.RentChain();
        while (length > 0)
        {
            ref readonly BodySlice slice = ref this[index++];
            int part = Math.Min(length, slice.Length - offset);
            slice.Pool.Retain(slice.Buffer);
            shared.Append(slice with { Offset = slice.Offset + offset, Length = part });
            length -= part;
            offset = 0;
        }
        return shared;
    }

    /// <summary>The window from a place in the body to the end of its slice, but no longer than wanted; the place lies in the body.</summary>
    /// <param name="index">A slice at or before the place; moved on to the slice of the place.</param>
    /// <param name="offset">The place, counted from that slice's start; moved on with it. To go on, the caller adds what it used.</param>
    /// <param name="wanted">The most bytes the window may have.</param>
    internal SharedSpan WindowAt(scoped ref int index, scoped ref int offset, int wanted)
    {
        while (offset >= this[index].Length) offset -= this[index++].Length;
        ref readonly BodySlice slice = ref this[index];
        return slice.Pool.WindowInside(slice.Buffer, slice.Offset + offset, Math.Min(wanted, slice.Length - offset));
    }

    private BodySlice TakeFirst()
    {
        BodySlice taken = _first;
        if (_moreStart < _moreEnd)
        {
            _first = _more[_moreStart];
            _more[_moreStart++] = default;
        }
        else
        {
            _first = default;
            _hasFirst = false;
        }
        return taken;
    }

    private BodySlice TakeLast()
    {
        if (_moreStart == _moreEnd) return TakeFirst();
        BodySlice taken = _more[--_moreEnd];
        _more[_moreEnd] = default;
        return taken;
    }

    private void Clear()
    {
        _first = default;
        _hasFirst = false;
        if (_more.Length > MaxKeptCapacity) _more = [];
        else if (_moreEnd > 0) Array.Clear(_more, _moreStart, _moreEnd - _moreStart);
        _moreStart = 0;
        _moreEnd = 0;
        Length = 0;
        Trimmed = 0;
    }

    private static bool TryRelease(in BodySlice slice)
    {
        if (!slice.Pool.IsLive(slice.Buffer)) return false;
        slice.Pool.Release(slice.Buffer);
        return true;
    }

    [DoesNotReturn]
    private static void ThrowStale() => throw new InvalidOperationException("A buffer of the body was released by somebody who did not own the pin.");
}
