namespace NetStack.Bench.Economics;

/// <summary>
/// Goes round a ring in pieces, each where the last one ended. Ways that are compared start apart, so that when one comes to a frame, as much
/// was touched since another was there as the ring has: it is in the cache only if the ring is.
/// </summary>
internal sealed class RingCursor(int length, int way, int ways)
{
    internal const int FramesARound = 1024;

    private int _at = (int)((long)length * way / ways) / 64 * 64;

    /// <summary>The next piece, at most so many frames.</summary>
    internal (int First, int Count) Next(int most)
    {
        int count = Math.Min(most, length - _at);
        int first = _at;
        _at = first + count == length ? 0 : first + count;
        return (first, count);
    }
}
