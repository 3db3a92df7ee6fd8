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

    private byte[] _bytes = GC.AllocateUninitializedArray<byte>(InlineCapacity, pinned: true);
    private PacketBody _frame;
    private FetchMeter _meter = new();
    private int _watermark;
    private int _frameLength;

    /// <summary>Bytes the frame has in memory: no more than these can ever be fetched.</summary>
    public int FrameLength => _frameLength;

    /// <summary>How many bytes were fetched.</summary>
    public int Watermark => _watermark;

    /// <summary>The bytes fetched so far.</summary>
    public ReadOnlySpan<byte> Bytes => new(_bytes, 0, _watermark);

    /// <summary>
    /// The private bytes, of which at least the first <paramref name="count"/> are there if the frame has so many. Fetches
    /// whole lines as needed. The result may be longer or, at the frame's end, shorter than asked: check its length.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Require(int count)
    {
        if (count > _watermark && _watermark < _frameLength) Fetch(count);
        return new ReadOnlySpan<byte>(_bytes, 0, _watermark);
    }

    /// <summary>
    /// Begins a snapshot of a frame that the caller owns; nothing is fetched yet. The snapshot reads through the frame's pins
    /// but takes none: it must be returned, rebound or begun anew before the frame is released.
    /// </summary>
    /// <param name="frame">The whole frame.</param>
    /// <param name="meter">Counts the fetches.</param>
    public void Begin(in PacketBody frame, FetchMeter meter)
    {
        _frame = frame;
        _frameLength = frame.Length;
        _meter = meter;
        _watermark = 0;
    }

    /// <summary>
    /// Goes on over another copy of the same frame, whose first <see cref="Watermark"/> bytes are these: what was fetched stays,
    /// later lines come from there.
    /// </summary>
    /// <exception cref="ArgumentException">The copy has another length.</exception>
    public void Rebind(in PacketBody copy, FetchMeter meter)
    {
        if (copy.Length != _frameLength) throw new ArgumentException($"The copy has {copy.Length} bytes, the frame {_frameLength}.", nameof(copy));
        _frame = copy;
        _meter = meter;
    }

    /// <summary>Takes over the fetched bytes of another snapshot without touching the frame, for a second owner of the frame.</summary>
    public void BeginFrom(HeaderSnapshot other, in PacketBody frame, FetchMeter meter)
    {
        Begin(frame, meter);
        if (other._frameLength != _frameLength) throw new ArgumentException("The snapshots are of frames of different lengths.", nameof(other));
        EnsureCapacity(other._watermark);
        other.Bytes.CopyTo(_bytes);
        _watermark = other._watermark;
    }

    /// <summary>
    /// Copies the whole frame without reading any byte twice: what was fetched comes from the private copy, the rest from the
    /// frame.
    /// </summary>
    /// <param name="destination">At least <see cref="FrameLength"/> bytes of private memory.</param>
    public void CopyFrameTo(Span<byte> destination)
    {
        Bytes.CopyTo(destination);
        _meter.BodyCopied(_watermark);
        _frame.CopyTo(_watermark, destination[_watermark..], _meter);
    }

    /// <summary>As <see cref="CopyFrameTo(Span{byte})"/>, into buffers that nobody else holds.</summary>
    /// <param name="destination">At least <see cref="FrameLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination has too little room.</exception>
    /// <exception cref="InvalidOperationException">Somebody else holds a buffer of the destination as well.</exception>
    public void CopyFrameTo(in PacketBody destination)
    {
        if (destination.Length < _frameLength) throw new ArgumentException("The destination is shorter than the frame.", nameof(destination));
        destination.Fill(Bytes);
        _meter.BodyCopied(_watermark);
        _frame.CopyTo(_watermark, destination, _watermark, _meter);
    }

    /// <summary>Forgets the frame.</summary>
    internal void Clear()
    {
        _frame = default;
        _frameLength = 0;
        _watermark = 0;
        if (_bytes.Length > 64 * 1024) _bytes = GC.AllocateUninitializedArray<byte>(InlineCapacity, pinned: true);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Fetch(int count)
    {
        int target = (int)Math.Min(((long)count + HeaderLine.Size - 1) / HeaderLine.Size * HeaderLine.Size, _frameLength);
        EnsureCapacity(target);
        _frame.FetchTo(_watermark, _bytes.AsSpan(_watermark, target - _watermark));
        _meter.HeaderFetched(target - _watermark);
        _watermark = target;
    }

    private void EnsureCapacity(int length)
    {
        if (length <= _bytes.Length) return;
        byte[] larger = GC.AllocateUninitializedArray<byte>((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length));
        Bytes.CopyTo(larger);
        _bytes = larger;
    }
}

/// <summary>Snapshots for reuse, last returned first given, so that the hot ones stay in the cache.</summary>
/// <remarks>Not thread-safe: one pool per pumping thread.</remarks>
public sealed class HeaderSnapshotPool
{
    private readonly Stack<HeaderSnapshot> _free = new();

    /// <summary>How many snapshots are out.</summary>
    public int Outstanding { get; private set; }

    /// <summary>Takes a snapshot and begins it over a frame; nothing is fetched yet.</summary>
    public HeaderSnapshot Rent(in PacketBody frame, FetchMeter meter)
    {
        HeaderSnapshot snapshot = _free.Count > 0 ? _free.Pop() : new HeaderSnapshot();
        snapshot.Begin(frame, meter);
        Outstanding++;
        return snapshot;
    }

    /// <summary>
    /// Takes a snapshot over from another pool: it returns here from now on. A free one goes the other way, so that neither pool
    /// runs dry however many frames pass from one to the other.
    /// </summary>
    public void Adopt(HeaderSnapshot snapshot, HeaderSnapshotPool from)
    {
        if (ReferenceEquals(from, this)) return;
        from.Outstanding--;
        from._free.Push(_free.Count > 0 ? _free.Pop() : new HeaderSnapshot());
        Outstanding++;
    }

    /// <summary>Gives a snapshot back; it must not be used after.</summary>
    public void Return(HeaderSnapshot snapshot)
    {
        snapshot.Clear();
        Outstanding--;
        _free.Push(snapshot);
    }
}
