namespace NetStack.Memory;

/// <summary>
/// Fills buffers of a pool one after another with private bytes, and gives out slices of what was written: how data to send gets
/// where a device can read it. It alone writes a buffer it fills, and only past what it wrote before, so a slice that was given
/// out never changes, however many hold it.
/// </summary>
/// <remarks>A mutable value with linear ownership: keep it in a field, call <see cref="Release"/> once. Thread rule of
/// <see cref="BufferPool"/>. Allocates nothing.</remarks>
/// <param name="pool">Where buffers come from.</param>
public struct BufferWriter(BufferPool pool)
{
    private BufferHandle _buffer;
    private int _filled;
    private bool _has;

    /// <summary>Writes as many bytes as the present buffer still takes, or a new one when it is full.</summary>
    /// <param name="bytes">What to write.</param>
    /// <param name="slice">What was written, with a pin of its own; only where the result is not 0.</param>
    /// <returns>Bytes written, from the front; 0 when there are none or no buffer is free.</returns>
    /// <exception cref="ObjectDisposedException">The region was freed.</exception>
    public int Write(ReadOnlySpan<byte> bytes, out BodySlice slice)
    {
        slice = default;
        if (bytes.IsEmpty) return 0;
        if (_has && _filled == pool.BufferSize) Release();
        if (!_has)
        {
            if (!pool.TryRent(out _buffer)) return 0;
            _has = true;
            _filled = 0;
        }
        int count = Math.Min(bytes.Length, pool.BufferSize - _filled);
        pool.WindowInside(_buffer, _filled, count).Write(bytes[..count]);
        pool.Retain(_buffer);
        slice = new BodySlice(pool, _buffer, _filled, count);
        _filled += count;
        return count;
    }

    /// <summary>Lets go of the buffer that is being filled; slices that were given out stay.</summary>
    public void Release()
    {
        if (!_has) return;
        _has = false;
        pool.Release(_buffer);
    }
}
