namespace NetStack.Tcp;

/// <summary>
/// Spreads segments over time at a rate, with a small burst allowed after idleness. A mutable value: keep it in a field. Without a
/// rate it never holds anything back.
/// </summary>
/// <param name="burst">Bytes that may go at once after idleness.</param>
internal struct Pacer(int burst)
{
    private readonly int _burst = burst;
    private long _bytesPerSecond;
    private Instant _next;

    /// <summary>The rate; 0 for none.</summary>
    internal readonly long BytesPerSecond => _bytesPerSecond;

    /// <summary>When the next segment may go; at once if that is past.</summary>
    internal readonly Instant Next => _next;

    /// <summary>Sets the rate as Linux does: twice the window per round trip in slow start, 1.2 times afterwards.</summary>
    /// <param name="window">The congestion window in bytes.</param>
    /// <param name="smoothed">The smoothed round trip; zero turns pacing off.</param>
    /// <param name="isSlowStart">Whether the window is below half the threshold.</param>
    internal void SetRate(int window, TimeSpan smoothed, bool isSlowStart) =>
        _bytesPerSecond = smoothed <= TimeSpan.Zero ? 0 : Math.Max((long)((Int128)window * (isSlowStart ? 200 : 120) * TimeSpan.TicksPerSecond / 100 / smoothed.Ticks), 1);

    /// <summary>Turns pacing off.</summary>
    internal void Stop() => _bytesPerSecond = 0;

    /// <summary>Whether a segment may go now.</summary>
    internal readonly bool MaySend(Instant now) => _bytesPerSecond == 0 || _next <= now;

    /// <summary>Notes what was sent.</summary>
    internal void OnSent(int bytes, Instant now)
    {
        if (_bytesPerSecond == 0) return;
        Instant earliest = now.AddNanoseconds(-DurationOf(_burst));
        Instant from = _next < earliest ? earliest : _next;
        _next = from.AddNanoseconds(DurationOf(bytes));
    }

    private readonly long DurationOf(int bytes) => (long)Int128.Min((Int128)bytes * 1_000_000_000 / _bytesPerSecond, long.MaxValue);
}
