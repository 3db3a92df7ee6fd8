using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace NetStack.Memory;

/// <summary>
/// The one private copy of a frame's first bytes. Bytes are fetched in lines of 64, the first at once and the next only when
/// the header chain asks; the watermark only grows and nothing below it is ever fetched again. Every decision about the frame
/// is taken from these bytes, by whoever holds the frame: multiplexer, port and stack share one snapshot.
/// </summary>
/// <remarks>Not thread-safe. Instances are reused: see <see cref="HeaderSnapshotPool"/>. A span of <see cref="Bytes"/> is valid
/// until the next <see cref="Require"/> or the snapshot's return.</remarks>
public sealed class HeaderSnapshot
{
    /// <summary>Private bytes a snapshot has from the start; longer header chains spill into a larger array.</summary>
    public const int InlineCapacity = 192;

    private const int MaxKeptCapacity = 64 * 1024;

    private byte[] _bytes = GC.AllocateUninitializedArray<byte>(InlineCapacity);
    private FetchMeter? _meter;
    private PacketBody _frame;
    private BufferPool? _lender; // set where no body names the frame: it lies in a buffer of this pool then
    private BufferHandle _lentBuffer;
    private int _lentOffset;
    private int _frameStart; // bytes that had been trimmed from the frame before the snapshot began
    private int _frameLength;
    private int _watermark;

    /// <summary>Bytes the frame has in memory: no more than these can ever be fetched.</summary>
    public int FrameLength => _frameLength;

    /// <summary>How many bytes were fetched.</summary>
    public int Watermark => _watermark;

    /// <summary>The bytes fetched so far.</summary>
    public ReadOnlySpan<byte> Bytes => new(_bytes, 0, _watermark);

    /// <summary>The pool it returns to; null while it is in none's care.</summary>
    internal HeaderSnapshotPool? Home { get; set; }

    /// <summary>
    /// The private bytes, of which at least the first <paramref name="count"/> are there if the frame has so many. Fetches
    /// whole lines as needed. The result may be longer or, at the frame's end, shorter than asked: check its length.
    /// </summary>
    /// <param name="count">Bytes wanted; any number is allowed, and one that is not positive asks for nothing.</param>
    /// <exception cref="InvalidOperationException">Bytes are wanted that were not fetched, of a frame that was released, or
    /// of its front after that was trimmed.</exception>
    /// <exception cref="ObjectDisposedException">Bytes are wanted that were not fetched, and the region was freed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Require(int count)
    {
        if (count > _watermark && _watermark < _frameLength) Fetch(count);
        return new ReadOnlySpan<byte>(_bytes, 0, _watermark);
    }

    /// <summary>
    /// Begins a snapshot of a frame that the caller owns; nothing is fetched yet. The snapshot reads through the frame's pins
    /// but takes none: once the frame is released, what was fetched stays and more cannot be had. Where the frame's end is
    /// trimmed, the snapshot ends there too.
    /// </summary>
    /// <param name="frame">The whole frame.</param>
    /// <param name="meter">Counts the fetches.</param>
    /// <exception cref="InvalidOperationException">The frame was released.</exception>
    public void Begin(in PacketBody frame, FetchMeter meter)
    {
        _frameLength = Bind(frame, meter);
        _watermark = 0;
    }

    /// <summary>
    /// Begins a snapshot of a frame that lies in one buffer and that no body names: for an owner who is asked for headers only.
    /// The owner keeps the buffer; the snapshot takes no pin. Once the buffer went back, what was fetched stays and more cannot be
    /// had. The rest of such a frame can be neither copied nor shared through the snapshot.
    /// </summary>
    /// <param name="pool">The buffer's pool.</param>
    /// <param name="buffer">The buffer.</param>
    /// <param name="offset">Where in the buffer the frame begins, in bytes.</param>
    /// <param name="length">The frame's bytes.</param>
    /// <param name="meter">Counts the fetches.</param>
    /// <exception cref="ArgumentOutOfRangeException">The frame does not lie in the buffer.</exception>
    /// <exception cref="InvalidOperationException">The handle is stale or of another pool.</exception>
    public void BeginLent(BufferPool pool, BufferHandle buffer, int offset, int length, FetchMeter meter)
    {
        ArgumentNullException.ThrowIfNull(meter);
        pool.CheckRange(buffer, offset, length);
        _frame = default;
        if (!ReferenceEquals(_lender, pool)) _lender = pool;
        if (!ReferenceEquals(_meter, meter)) _meter = meter;
        _lentBuffer = buffer;
        _lentOffset = offset;
        _frameStart = 0;
        _frameLength = length;
        _watermark = 0;
    }

    /// <summary>
    /// Goes on over another copy of the same frame, whose first <see cref="Watermark"/> bytes are these: what was fetched stays,
    /// later lines come from there.
    /// </summary>
    /// <exception cref="ArgumentException">The copy has another length.</exception>
    /// <exception cref="InvalidOperationException">The copy was released.</exception>
    public void Rebind(in PacketBody copy, FetchMeter meter)
    {
        if (copy.Length != _frameLength) throw new ArgumentException($"The copy has {copy.Length} bytes, the frame {_frameLength}.", nameof(copy));
        Bind(copy, meter);
    }

    /// <summary>Takes over the fetched bytes of another snapshot without touching the frame, for a second owner of the frame.</summary>
    /// <exception cref="ArgumentException">The snapshots are of frames of different lengths.</exception>
    /// <exception cref="InvalidOperationException">The frame was released.</exception>
    public void BeginFrom(HeaderSnapshot other, in PacketBody frame, FetchMeter meter)
    {
        if (other._frameLength != frame.Length) throw new ArgumentException("The snapshots are of frames of different lengths.", nameof(other));
        if (!ReferenceEquals(other, this))
        {
            _watermark = 0;
            EnsureCapacity(other._watermark);
            other.Bytes.CopyTo(_bytes);
        }
        Bind(frame, meter);
        _frameLength = other._frameLength;
        _watermark = other._watermark;
    }

    /// <summary>
    /// Copies the whole frame without reading any byte twice: what was fetched comes from the private copy, the rest from the
    /// frame. Whoever goes on with the copy calls <see cref="Rebind"/>, so that later lines come from it too.
    /// </summary>
    /// <param name="destination">At least <see cref="FrameLength"/> bytes of private memory.</param>
    /// <exception cref="ArgumentException">The destination has too little room; nothing is read then.</exception>
    /// <exception cref="InvalidOperationException">The frame was released or trimmed.</exception>
    public void CopyFrameTo(Span<byte> destination)
    {
        if (destination.Length < _frameLength) throw new ArgumentException("The destination is shorter than the frame.", nameof(destination));
        int position = PositionOfWholeRest();
        Bytes.CopyTo(destination);
        _meter?.BodyCopied(_watermark);
        if (_watermark < _frameLength) _frame.CopyTo(position, destination[_watermark..], _meter!);
    }

    /// <summary>As <see cref="CopyFrameTo(Span{byte})"/>, into buffers that nobody else holds.</summary>
    /// <param name="destination">At least <see cref="FrameLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination has too little room; nothing is read then.</exception>
    /// <exception cref="InvalidOperationException">Somebody else holds a buffer of the destination as well, or the frame was
    /// released or trimmed.</exception>
    public void CopyFrameTo(in PacketBody destination)
    {
        if (destination.Length < _frameLength) throw new ArgumentException("The destination is shorter than the frame.", nameof(destination));
        int position = PositionOfWholeRest();
        destination.Write(Bytes);
        _meter?.BodyCopied(_watermark);
        if (_watermark < _frameLength) _frame.CopyTo(position, destination, _watermark, _meter!);
    }

    /// <summary>
    /// Copies a range of the frame and sums what was copied in the same pass (RFC 1071): what was fetched comes from the private
    /// copy, the rest from the frame, each byte read once. The watermark stays where it is.
    /// </summary>
    /// <param name="start">Where in the frame the range begins, in bytes.</param>
    /// <param name="destination">Private memory; its length is the range's.</param>
    /// <param name="sum">Receives the sum of what was copied.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range does not lie in the frame.</exception>
    /// <exception cref="InvalidOperationException">The frame was released or trimmed.</exception>
    public void CopyTo(int start, Span<byte> destination, ref ChecksumAccumulator sum)
    {
        int known = PrivatePart(start, destination.Length);
        if (known > 0)
        {
            Bytes.Slice(start, known).CopyTo(destination);
            sum.Add(destination[..known]);
            _meter!.BodyCopied(known);
        }
        for (Rest rest = RestOf(start + known, destination.Length - known); rest.TryNext(out SharedSpan window);)
        {
            window.CopyTo(destination[known..], ref sum);
            known += window.Length;
            _meter!.BodyRead(window.Length);
            _meter.BodyCopied(window.Length);
        }
    }

    /// <summary>Sums a range of the frame (RFC 1071) as <see cref="CopyTo"/> does, without copying. Over memory that can change,
    /// the sum says nothing of a later read.</summary>
    /// <inheritdoc cref="CopyTo" path="/exception"/>
    public void SumTo(int start, int length, ref ChecksumAccumulator sum)
    {
        int known = PrivatePart(start, length);
        if (known > 0) sum.Add(Bytes.Slice(start, known));
        for (Rest rest = RestOf(start + known, length - known); rest.TryNext(out SharedSpan window);)
        {
            window.SumTo(ref sum);
            _meter!.BodyRead(window.Length);
        }
    }

    /// <summary>A second ownership of a range of the frame by handle: what others may write, not what was fetched of it.</summary>
    /// <inheritdoc cref="CopyTo" path="/exception"/>
    public PacketBody Share(int start, int length)
    {
        if ((uint)start > (uint)_frameLength || (uint)length > (uint)(_frameLength - start)) ThrowRange(start, length);
        return length == 0 ? default : _frame.Share(PositionOf(start, length), length);
    }

    /// <summary>The pool of the buffer in which a byte of the frame lies.</summary>
    /// <inheritdoc cref="CopyTo" path="/exception"/>
    public BufferPool PoolAt(int start)
    {
        if ((uint)start >= (uint)_frameLength) ThrowRange(start, 1);
        int position = PositionOf(start, 1);
        int index = 0;
        for (BodyChain chain = _frame.Chain!; position >= chain[index].Length; index++) position -= chain[index].Length;
        return _frame.Chain![index].Pool;
    }

    /// <summary>Where in what is left of the frame a range lies, fetched or not.</summary>
    private int PositionOf(int start, int length)
    {
        BodyChain? chain = _frame.Chain;
        int position = start - ((chain?.Trimmed ?? 0) - _frameStart);
        if (position < 0 || (chain?.Length ?? 0) - position < length) ThrowTrimmed();
        return position;
    }

    /// <summary>How many bytes of a range, from its start, were fetched already.</summary>
    private int PrivatePart(int start, int length)
    {
        if ((uint)start > (uint)_frameLength || (uint)length > (uint)(_frameLength - start)) ThrowRange(start, length);
        return Math.Clamp(_watermark - start, 0, length);
    }

    /// <summary>The windows of a range of the frame that was not fetched.</summary>
    private Rest RestOf(int start, int length)
    {
        if (length == 0) return default;
        int offset = PositionOfRest(out int rest) + (start - _watermark);
        if (rest < start - _watermark + length) ThrowTrimmed();
        return new Rest(_frame.Chain!, offset, length);
    }

    /// <summary>Forgets the frame.</summary>
    internal void Clear()
    {
        _frame = default;
        _lender = null;
        _frameLength = 0;
        _watermark = 0;
        if (_bytes.Length > MaxKeptCapacity) _bytes = GC.AllocateUninitializedArray<byte>(InlineCapacity);
    }

    /// <summary>Reads through a frame from now on; returns its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Bind(in PacketBody frame, FetchMeter meter)
    {
        ArgumentNullException.ThrowIfNull(meter);
        BodyChain? chain = frame.Chain;
        _frame = frame;
        if (_lender is not null) _lender = null;
        if (!ReferenceEquals(_meter, meter)) _meter = meter; // mostly the same one: spares a write that the collector has to hear of
        _frameStart = chain?.Trimmed ?? 0;
        return chain?.Length ?? 0;
    }

    /// <summary>
    /// Fetches whole lines until <paramref name="count"/> bytes are there or the frame ends. Each piece is noted before anything
    /// can throw, so that no byte is fetched twice whatever happens.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Fetch(int count)
    {
        if (_lender is not null)
        {
            FetchLent(_lender, count);
            return;
        }
        BodyChain? frame = _frame.Chain;
        if (_watermark == 0 && count <= 2 * HeaderLine.Size && frame is not null && frame.Trimmed == _frameStart)
        {
            int lines = count <= HeaderLine.Size ? HeaderLine.Size : 2 * HeaderLine.Size;
            if (frame.First.Length >= lines)
            {
                FetchFirstLines(frame.First, lines);
                return;
            }
        }
        int offset = PositionOfRest(out int rest);
        int wanted = (int)Math.Min(((long)count + HeaderLine.Size - 1) / HeaderLine.Size * HeaderLine.Size - _watermark, rest);
        EnsureCapacity(_watermark + wanted);
        BodyChain chain = _frame.Chain!;
        for (int index = 0; wanted > 0;)
        {
            SharedSpan window = chain.WindowAt(ref index, ref offset, wanted);
            window.Fetch(_bytes.AsSpan(_watermark));
            offset += window.Length;
            wanted -= window.Length;
            _watermark += window.Length;
            _meter!.HeaderFetched(window.Length);
            window.Announce(window.Length);
        }
    }

    /// <summary>As <see cref="Fetch"/>, of a frame that no body names.</summary>
    private void FetchLent(BufferPool pool, int count)
    {
        int wanted = (int)Math.Min(((long)count + HeaderLine.Size - 1) / HeaderLine.Size * HeaderLine.Size - _watermark, _frameLength - _watermark);
        EnsureCapacity(_watermark + wanted);
        SharedSpan window = pool.WindowInside(_lentBuffer, _lentOffset + _watermark, wanted);
        if (wanted is HeaderLine.Size or 2 * HeaderLine.Size) window.FetchLines(_bytes.AsSpan(_watermark));
        else window.Fetch(_bytes.AsSpan(_watermark));
        _watermark += wanted;
        _meter!.HeaderFetched(wanted);
        window.Announce(wanted);
    }

    /// <summary>The common case: the first line or two, from the start of a slice that has them whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void FetchFirstLines(in BodySlice slice, int length)
    {
        SharedSpan window = slice.Pool.WindowInside(slice.Buffer, slice.Offset, length);
        window.FetchLines(_bytes);
        _watermark = length;
        _meter!.HeaderFetched(length);
        window.Announce(length);
    }

    /// <summary>Where, in what is left of the frame, the bytes begin that were not fetched, and how many of them are left.</summary>
    private int PositionOfRest(out int rest)
    {
        BodyChain? chain = _frame.Chain;
        int position = _watermark - ((chain?.Trimmed ?? 0) - _frameStart);
        if (position < 0) ThrowTrimmed();
        rest = Math.Min((chain?.Length ?? 0) - position, _frameLength - _watermark);
        return position;
    }

    /// <summary>As <see cref="PositionOfRest"/>, for a caller that needs all of the rest.</summary>
    private int PositionOfWholeRest()
    {
        if (_watermark == _frameLength) return 0;
        int position = PositionOfRest(out int rest);
        if (rest != _frameLength - _watermark) ThrowTrimmed();
        return position;
    }

    private void EnsureCapacity(int length)
    {
        if (length <= _bytes.Length) return;
        int capacity = (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)length), (uint)Array.MaxLength);
        byte[] larger = GC.AllocateUninitializedArray<byte>(Math.Max(capacity, length));
        Bytes.CopyTo(larger);
        _bytes = larger;
    }

    [DoesNotReturn]
    private void ThrowRange(int start, int length) =>
        throw new ArgumentOutOfRangeException(nameof(start), $"{start}+{length} lies outside a frame of {_frameLength} bytes.");

    [DoesNotReturn]
    private static void ThrowTrimmed() => throw new InvalidOperationException("Bytes that are wanted were trimmed from the frame.");

    /// <summary>Steps through the windows of a range.</summary>
    private ref struct Rest(BodyChain chain, int offset, int length)
    {
        private int _index;
        private int _offset = offset;
        private int _length = length;

        internal bool TryNext(out SharedSpan window)
        {
            if (_length == 0)
            {
                window = default;
                return false;
            }
            window = chain.WindowAt(ref _index, ref _offset, _length);
            _offset += window.Length;
            _length -= window.Length;
            return true;
        }
    }
}
