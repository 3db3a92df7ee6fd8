namespace NetStack.Tcp;

/// <summary>
/// The least of the samples seen within a sliding window of time, in constant space: the best three samples of the window's
/// parts are kept, so the answer is exact while samples keep coming and never older than the window (Kathleen Nichols' filter,
/// as in Linux lib/win_minmax.c). A mutable value: keep it in a field.
/// </summary>
/// <param name="window">How long a sample counts, in nanoseconds.</param>
internal struct WindowedMinimum(long window)
{
    private (Instant At, long Value) _best;
    private (Instant At, long Value) _second;
    private (Instant At, long Value) _third;
    private bool _hasSample;

    /// <summary>The least sample, or <see cref="long.MaxValue"/> before the first.</summary>
    internal readonly long Value => _hasSample ? _best.Value : long.MaxValue;

    /// <summary>Takes a sample; time must not go backwards.</summary>
    internal void Add(long value, Instant now)
    {
        (Instant, long) sample = (now, value);
        if (!_hasSample || value <= _best.Value || Age(_third, now) > window)
        {
            _best = _second = _third = sample;
            _hasSample = true;
            return;
        }
        if (value <= _second.Value) _second = _third = sample;
        else if (value <= _third.Value) _third = sample;
        Expire(sample, now);
    }

    private void Expire((Instant At, long Value) sample, Instant now)
    {
        if (Age(_best, now) > window)
        {
            _best = _second;
            _second = _third;
            _third = sample;
            if (Age(_best, now) <= window) return;
            _best = _second;
            _second = _third;
        }
        else if (_second.At == _best.At && Age(_best, now) > window / 4) _second = _third = sample;
        else if (_third.At == _second.At && Age(_best, now) > window / 2) _third = sample;
    }

    private static long Age((Instant At, long Value) sample, Instant now) => now.Nanoseconds - sample.At.Nanoseconds;
}
