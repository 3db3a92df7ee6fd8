namespace NetStack.Tcp;

/// <summary>
/// How many challenge ACKs all connections may send in a second (RFC 5961 section 7). The number is drawn anew each second
/// around the limit, from half to one and a half, so that nobody can count what others used up (CVE-2016-5696). Each connection has an
/// <see cref="AckRateLimiter"/> besides.
/// </summary>
/// <param name="limit">The mean limit per second, at least 1.</param>
/// <param name="random">Draws the numbers.</param>
internal sealed class ChallengeAckLimiter(int limit, SeededRandom random)
{
    private SeededRandom _random = random;
    private long _second = long.MinValue;
    private int _left;

    /// <summary>Takes leave to send one; false when none is left in this second.</summary>
    internal bool TryTake(Instant now)
    {
        long second = Math.DivRem(now.Nanoseconds, 1_000_000_000).Quotient;
        if (second != _second)
        {
            _second = second;
            _left = (limit + 1) / 2 + _random.Below(Math.Max(limit, 1));
        }
        if (_left <= 0) return false;
        _left--;
        return true;
    }
}

/// <summary>At most one answer to bad segments in an interval (Linux tcp_invalid_ratelimit): against ACK loops. A mutable value:
/// keep it in a field.</summary>
/// <param name="interval">The least time between two; Linux takes 500 ms.</param>
internal struct AckRateLimiter(TimeSpan interval)
{
    private Instant? _last;

    /// <summary>Takes leave to answer; false when the last answer was too recent.</summary>
    internal bool TryTake(Instant now)
    {
        if (_last is { } last && now - last < interval) return false;
        _last = now;
        return true;
    }
}
