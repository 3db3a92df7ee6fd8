using NetStack.Memory;

namespace NetStack.Tcp;

/// <summary>
/// Received payload that is kept by handle, in the order of the stream: what lies between two pieces, or behind the last one, lies
/// in the receive queue's blocks.
/// </summary>
/// <param name="pool">Private buffers that a device can send from, for what was copied once already.</param>
internal sealed class BodyQueue(BufferPool pool)
{
    private BufferWriter _writer = new(pool);
    private Piece[] _pieces = new Piece[8]; // a ring; its length is a power of two
    private int _head;

    /// <summary>Pieces held.</summary>
    internal int Count { get; private set; }

    /// <summary>The oldest piece; there is one.</summary>
    internal ref readonly Piece Head => ref _pieces[_head];

    /// <summary>Before when it is no use to copy what is held: memory was short.</summary>
    internal Instant RetryAt { get; set; } = new(long.MinValue);

    /// <summary>Whether a read found no free buffer, and waits for one.</summary>
    internal bool IsStarved { get; set; }

    /// <summary>Appends a piece and takes its body over.</summary>
    /// <param name="start">Where in the stream it begins, in bytes; behind every other piece.</param>
    /// <param name="body">The bytes and their sum.</param>
    /// <param name="now">The present.</param>
    internal void Add(long start, SummedBody body, Instant now)
    {
        if (Count == _pieces.Length) Grow();
        _pieces[(_head + Count++) & (_pieces.Length - 1)] = new Piece(start, body, now);
    }

    /// <summary>Takes the oldest piece, of which there is one.</summary>
    internal SummedBody TakeHead()
    {
        SummedBody body = _pieces[_head].Body;
        _pieces[_head] = default;
        _head = (_head + 1) & (_pieces.Length - 1);
        Count--;
        return body;
    }

    /// <summary>Writes private bytes into a buffer that a device can send from, as many as it takes.</summary>
    /// <returns>False when no buffer is free.</returns>
    internal bool TryWrite(ReadOnlySpan<byte> bytes, out SummedBody body)
    {
        int count = _writer.Write(bytes, out BodySlice slice);
        IsStarved = count == 0;
        if (IsStarved)
        {
            body = default;
            return false;
        }
        ChecksumAccumulator sum = default;
        sum.Add(bytes[..count]);
        body = new SummedBody(new PacketBody(slice), sum.Sum);
        return true;
    }

    /// <summary>Releases everything.</summary>
    internal void Clear()
    {
        while (Count > 0) TakeHead().Release();
        _writer.Release();
    }

    /// <summary>Lets go of the buffer that is being filled: nothing is left to be read.</summary>
    internal void ReleaseWriter() => _writer.Release();

    private void Grow()
    {
        Piece[] larger = new Piece[_pieces.Length * 2];
        for (int i = 0; i < Count; i++) larger[i] = _pieces[(_head + i) & (_pieces.Length - 1)];
        _pieces = larger;
        _head = 0;
    }

    /// <summary>A piece of the stream.</summary>
    /// <param name="Start">Where in the stream it begins, in bytes.</param>
    /// <param name="Body">Its bytes and their sum.</param>
    /// <param name="Since">Since when it is held.</param>
    internal readonly record struct Piece(long Start, SummedBody Body, Instant Since);
}
