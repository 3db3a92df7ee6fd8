using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NetStack.Memory;

/// <summary>
/// Names bytes without being able to read them: a chain of counted slices that can be forwarded, trimmed, shared and copied
/// out, never indexed. Ownership is linear: whoever holds the body calls <see cref="Release"/> once, or hands it on.
/// </summary>
/// <remarks>
/// Not thread-safe. A copy of the value is the same ownership, not a second one: what is trimmed or released through one copy is
/// trimmed or released for all, and any use of a copy after that release throws <see cref="InvalidOperationException"/>, in every
/// build. <see cref="Share()"/> makes a second ownership. Nothing here allocates in the steady state.
/// </remarks>
public struct PacketBody
{
    private BodyChain? _chain;
    private ulong _version;

    /// <summary>A body of one slice, whose pin it takes over.</summary>
    /// <inheritdoc cref="Append"/>
    public PacketBody(BodySlice slice) => Append(slice);

    private PacketBody(BodyChain chain)
    {
        _chain = chain;
        _version = chain.Version;
    }

    /// <summary>Bytes in the body.</summary>
    public readonly int Length => _chain is null ? 0 : Live().Length;

    /// <summary>Whether the body names nothing and holds no pin.</summary>
    public readonly bool IsEmpty => _chain is null || Live().Count == 0;

    /// <summary>How many slices the body has.</summary>
    public readonly int SliceCount => _chain is null ? 0 : Live().Count;

    /// <summary>The slice at <paramref name="index"/>, 0 to <see cref="SliceCount"/> less 1. The pin stays with the body.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such slice.</exception>
    public readonly BodySlice Slice(int index) =>
        _chain is null ? throw new ArgumentOutOfRangeException(nameof(index), "The body is empty.") : Live()[index];

    /// <summary>Appends a slice and takes over its pin.</summary>
    /// <exception cref="ArgumentException">The slice has no pool.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The slice does not lie in its buffer.</exception>
    /// <exception cref="InvalidOperationException">The slice's handle is stale or of another pool.</exception>
    /// <exception cref="OverflowException">The body would be longer than 2 GiB.</exception>
    /// <remarks>Where it throws, the pin stays with the caller.</remarks>
    public void Append(BodySlice slice)
    {
        if (slice.Pool is null) throw new ArgumentException("The slice names no pool.", nameof(slice));
        slice.Pool.CheckRange(slice.Buffer, slice.Offset, slice.Length);
        if (_chain is null) this = new PacketBody(slice.Pool.RentChain());
        Live().Append(slice);
    }

    /// <summary>A second ownership of the same bytes: every slice is pinned once more. Sharing an empty body gives an empty one.</summary>
    /// <exception cref="InvalidOperationException">A buffer was released behind the body's back; nothing is pinned then.</exception>
    public readonly PacketBody Share() => IsEmpty ? default : new PacketBody(Live().Share());

    /// <summary>A second ownership of a part of the bytes: only the slices it lies in are pinned once more.</summary>
    /// <param name="offset">Where the part begins, in bytes.</param>
    /// <param name="length">Bytes in the part; 0 gives an empty body.</param>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie in the body.</exception>
    /// <exception cref="InvalidOperationException">A buffer was released behind the body's back.</exception>
    public readonly PacketBody Share(int offset, int length)
    {
        if ((uint)offset > (uint)Length || (uint)length > (uint)(Length - offset))
            throw new ArgumentOutOfRangeException(nameof(offset), $"{offset}+{length} lies outside a body of {Length} bytes.");
        return length == 0 ? default : new PacketBody(Live().Share(offset, length));
    }

    /// <summary>Drops <paramref name="count"/> bytes from the front; slices that become empty are released, and with the last
    /// one the body is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many bytes.</exception>
    public void TrimStart(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Length);
        if (count == Length) Release();
        else Live().TrimStart(count);
    }

    /// <summary>Keeps the first <paramref name="length"/> bytes; slices past them are released, and with the last one the body is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many bytes.</exception>
    public void TrimTo(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        if (length == 0) Release();
        else Live().TrimEnd(Length - length);
    }

    /// <summary>Releases every pin; this variable is empty then. Releasing an empty body does nothing.</summary>
    /// <exception cref="InvalidOperationException">The body was released before through another copy of the value, or one of its
    /// buffers was; the pins it still has are released even so.</exception>
    public void Release()
    {
        if (_chain is null) return;
        BodyChain chain = Live();
        this = default;
        chain.End();
    }

    /// <summary>As <see cref="Release"/>, for an owner who cannot rely on the others who had the handle or its buffers.</summary>
    /// <returns>False when somebody released the body, or one of its buffers, who did not own it; the other buffers are released even so.</returns>
    public bool TryRelease()
    {
        BodyChain? chain = _chain;
        bool isLive = chain is null || chain.Version == _version;
        this = default;
        return isLive && (chain is null || chain.TryEnd());
    }

    /// <summary>Copies all bytes from <paramref name="offset"/> on, each read once.</summary>
    /// <param name="offset">Where to begin, 0 to <see cref="Length"/>, in bytes.</param>
    /// <param name="destination">At least <see cref="Length"/> less <paramref name="offset"/> bytes of private memory.</param>
    /// <param name="meter">Counts what was read and copied.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> lies outside the body.</exception>
    /// <exception cref="ArgumentException">The destination is too short; nothing is read then.</exception>
    public readonly void CopyTo(int offset, Span<byte> destination, FetchMeter meter)
    {
        int index = 0;
        for (int rest = CheckCopy(offset, destination.Length); rest > 0;)
        {
            SharedSpan window = _chain!.WindowAt(ref index, ref offset, rest);
            window.CopyTo(destination);
            meter.BodyRead(window.Length);
            meter.BodyCopied(window.Length);
            destination = destination[window.Length..];
            offset += window.Length;
            rest -= window.Length;
        }
    }

    /// <summary>Copies and sums in one pass (RFC 1071), each byte read once.</summary>
    /// <inheritdoc cref="CopyTo(int, Span{byte}, FetchMeter)"/>
    /// <param name="offset">Where to begin, 0 to <see cref="Length"/>, in bytes.</param>
    /// <param name="destination">At least <see cref="Length"/> less <paramref name="offset"/> bytes of private memory.</param>
    /// <param name="sum">Receives the sum of what was copied.</param>
    /// <param name="meter">Counts what was read and copied.</param>
    public readonly void CopyTo(int offset, Span<byte> destination, ref ChecksumAccumulator sum, FetchMeter meter)
    {
        int index = 0;
        for (int rest = CheckCopy(offset, destination.Length); rest > 0;)
        {
            SharedSpan window = _chain!.WindowAt(ref index, ref offset, rest);
            window.CopyTo(destination, ref sum);
            meter.BodyRead(window.Length);
            meter.BodyCopied(window.Length);
            destination = destination[window.Length..];
            offset += window.Length;
            rest -= window.Length;
        }
    }

    /// <summary>Sums all bytes (RFC 1071), each read once. Over memory that can change, the sum says nothing of a later read.</summary>
    /// <param name="sum">Receives the sum.</param>
    /// <param name="meter">Counts what was read.</param>
    public readonly void SumTo(ref ChecksumAccumulator sum, FetchMeter meter)
    {
        int index = 0;
        int offset = 0;
        for (int rest = Length; rest > 0;)
        {
            SharedSpan window = _chain!.WindowAt(ref index, ref offset, rest);
            window.SumTo(ref sum);
            meter.BodyRead(window.Length);
            offset += window.Length;
            rest -= window.Length;
        }
    }

    /// <summary>
    /// Copies all bytes from <paramref name="offset"/> on into other buffers, each read once and none passing through private memory.
    /// </summary>
    /// <param name="offset">Where to begin in this body, 0 to <see cref="Length"/>, in bytes.</param>
    /// <param name="destination">Another body, whose buffers nobody else holds.</param>
    /// <param name="at">Where to begin in <paramref name="destination"/>, in bytes.</param>
    /// <param name="meter">Counts what was read and copied.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> lies outside the body, or <paramref name="at"/>
    /// outside the destination.</exception>
    /// <exception cref="ArgumentException">The destination has too little room, or is this body.</exception>
    /// <exception cref="InvalidOperationException">Somebody else holds a buffer of the destination as well.</exception>
    public readonly void CopyTo(int offset, in PacketBody destination, int at, FetchMeter meter)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(at);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, destination.Length);
        int rest = CheckCopy(offset, destination.Length - at);
        if (rest == 0) return;
        if (ReferenceEquals(_chain, destination._chain)) throw new ArgumentException("A body cannot be copied onto itself.", nameof(destination));
        BodyChain target = destination.SoleOwner();
        int index = 0;
        int targetIndex = 0;
        while (rest > 0)
        {
            SharedSpan window = _chain!.WindowAt(ref index, ref offset, rest);
            SharedSpan room = target.WindowAt(ref targetIndex, ref at, window.Length);
            window.Slice(0, room.Length).CopyTo(room);
            meter.BodyRead(room.Length);
            meter.BodyCopied(room.Length);
            offset += room.Length;
            at += room.Length;
            rest -= room.Length;
        }
    }

    /// <summary>Writes private bytes to the front of buffers that nobody else holds.</summary>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    /// <exception cref="InvalidOperationException">Somebody else holds one of the buffers as well.</exception>
    internal readonly void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > Length) throw new ArgumentException("The body is shorter than what is written.", nameof(bytes));
        if (bytes.IsEmpty) return;
        BodyChain target = SoleOwner();
        int index = 0;
        for (int at = 0; bytes.Length > 0;)
        {
            SharedSpan room = target.WindowAt(ref index, ref at, bytes.Length);
            room.Write(bytes[..room.Length]);
            bytes = bytes[room.Length..];
            at += room.Length;
        }
    }

    /// <summary>The ownership record, or null for an empty body, for <see cref="HeaderSnapshot"/>.</summary>
    internal readonly BodyChain? Chain => _chain is null ? null : Live();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly BodyChain Live()
    {
        BodyChain chain = _chain!;
        if (chain.Version != _version) ThrowReleased();
        return chain;
    }

    /// <summary>The record of a body that may be written: each of its buffers has one pin.</summary>
    private readonly BodyChain SoleOwner()
    {
        BodyChain chain = Live();
        for (int i = 0; i < chain.Count; i++) chain[i].Pool.CheckSole(chain[i].Buffer);
        return chain;
    }

    private readonly int CheckCopy(int offset, int room)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        int rest = Length - offset;
        if (room < rest) throw new ArgumentException("The destination is shorter than what is copied.");
        return rest;
    }

    [DoesNotReturn]
    private static void ThrowReleased() => throw new InvalidOperationException("The body was released: this copy of the value is stale.");
}
