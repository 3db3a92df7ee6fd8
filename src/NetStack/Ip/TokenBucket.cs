namespace NetStack.Ip;

/// <summary>
/// A token bucket as the time at which it would be full again: one number, no clock of its own. A mutable value.
/// </summary>
internal struct TokenBucket
{
    private long _fullAt; // nanoseconds; the bucket is full from then on

    /// <summary>Takes a token if there is one.</summary>
    /// <param name="perSecond">Tokens a second; 0 gives none.</param>
    /// <param name="burst">Tokens in a full bucket, at least 1.</param>
    /// <param name="now">The present.</param>
    internal bool TryTake(int perSecond, int burst, Instant now)
    {
        if (perSecond <= 0) return false;
        long interval = 1_000_000_000L / perSecond;
        long from = Math.Max(_fullAt, now.Nanoseconds);
        if (from - now.Nanoseconds > interval * (burst - 1)) return false;
        _fullAt = from + interval;
        return true;
    }
}
