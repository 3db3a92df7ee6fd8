namespace NetStack.Analysis;

/// <summary>The last bytes of a stream, in a ring.</summary>
internal sealed class StreamHistory(int capacity)
{
    private byte[] _ring = new byte[Math.Min(capacity, 1024)];
    private int _at;    // where the next byte goes
    private int _count;

    internal void Add(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > capacity) bytes = bytes[^capacity..];
        if (_count + bytes.Length > _ring.Length && _ring.Length < capacity) Grow(_count + bytes.Length);
        int first = Math.Min(bytes.Length, _ring.Length - _at);
        bytes[..first].CopyTo(_ring.AsSpan(_at));
        bytes[first..].CopyTo(_ring);
        _at = (_at + bytes.Length) % _ring.Length;
        _count = Math.Min(_count + bytes.Length, _ring.Length);
    }

    /// <summary>Where bytes first differ from those kept; negative where they do not, or are not kept any more.</summary>
    /// <param name="age">How far before the end of the stream they begin.</param>
    /// <param name="bytes">The bytes.</param>
    internal int FirstDifference(long age, ReadOnlySpan<byte> bytes)
    {
        for (int i = (int)Math.Clamp(age - _count, 0, bytes.Length); i < bytes.Length; i++)
        {
            int back = (int)(age - i);
            if (_ring[(_at - back + _ring.Length) % _ring.Length] != bytes[i]) return i;
        }
        return -1;
    }

    internal void Clear() => _count = 0;

    private void Grow(int needed)
    {
        byte[] larger = new byte[Math.Min(capacity, Math.Max(needed, _ring.Length * 2))];
        int first = (_at - _count + _ring.Length) % _ring.Length;
        for (int i = 0; i < _count; i++) larger[i] = _ring[(first + i) % _ring.Length];
        _ring = larger;
        _at = _count % larger.Length;
    }
}
