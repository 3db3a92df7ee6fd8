namespace NetStack.Tcp;

/// <summary>
/// Round-trip time and retransmission timeout (RFC 6298). Give it one sample per ACK: from the time stamp echoed by an ACK of
/// new data, or from <see cref="AckOutcome.RoundTrip"/>, which follows Karn's algorithm. A mutable value: keep it in a field.
/// </summary>
/// <remarks>As in Linux the least timeout bounds the variation term: RTO = SRTT + max(4 × RTTVAR, least), which is never less
/// than what RFC 6298 section 2.3 asks and leaves room for a delayed ACK on a steady path.</remarks>
internal struct RttEstimator
{
    /// <summary>Linux's TCP_RTO_MIN.</summary>
    internal static readonly TimeSpan DefaultMinimumTimeout = TimeSpan.FromMilliseconds(200);

    /// <summary>Linux's TCP_RTO_MAX; RFC 6298 section 2.5 allows no less than 60 s.</summary>
    internal static readonly TimeSpan DefaultMaximumTimeout = TimeSpan.FromSeconds(120);

    /// <summary>The timeout before any sample (RFC 6298 section 2.1).</summary>
    internal static readonly TimeSpan DefaultInitialTimeout = TimeSpan.FromSeconds(1);

    private const long MinimumWindow = 300_000_000_000; // Linux tcp_min_rtt_wlen: 300 s
    private const int MaxBackoff = 16;

    private readonly long _minimumTimeout;
    private readonly long _maximumTimeout;
    private long _timeout;
    private long _smoothed;
    private long _variation;
    private long _latest;
    private WindowedMinimum _minimum = new(MinimumWindow);
    private int _backoff;

    /// <summary>An estimator without samples.</summary>
    /// <param name="minimumTimeout">The least timeout: 200 ms as Linux, 1 s as RFC 6298 section 2.4.</param>
    /// <param name="maximumTimeout">The longest timeout, at least 60 s by RFC 6298 section 2.5.</param>
    /// <param name="initialTimeout">The timeout until the first sample.</param>
    internal RttEstimator(TimeSpan minimumTimeout, TimeSpan maximumTimeout, TimeSpan initialTimeout)
    {
        _minimumTimeout = Nanoseconds(minimumTimeout);
        _maximumTimeout = Nanoseconds(maximumTimeout);
        _timeout = Math.Min(Nanoseconds(initialTimeout), _maximumTimeout);
    }

    /// <summary>Whether there was a sample.</summary>
    internal readonly bool HasSample => _latest > 0;

    /// <summary>SRTT; zero before the first sample.</summary>
    internal readonly TimeSpan Smoothed => Span(_smoothed);

    /// <summary>RTTVAR; zero before the first sample.</summary>
    internal readonly TimeSpan Variation => Span(_variation);

    /// <summary>The last sample; zero before the first.</summary>
    internal readonly TimeSpan Latest => Span(_latest);

    /// <summary>The least round trip of the last 300 s, which RACK and HyStart++ go by; zero before the first sample.</summary>
    internal readonly TimeSpan Minimum => HasSample ? Span(_minimum.Value) : TimeSpan.Zero;

    /// <summary>How often the timeout was doubled since the last sample.</summary>
    internal readonly int Backoff => _backoff;

    /// <summary>The retransmission timeout, doubled for every timeout since the last sample.</summary>
    internal readonly TimeSpan Timeout => Span(Math.Min(_timeout << _backoff, _maximumTimeout));

    /// <summary>
    /// Takes a sample and ends the backoff (RFC 6298 sections 2.2, 2.3, Karn's algorithm in section 3).
    /// </summary>
    /// <param name="roundTrip">The measured time; what is not positive counts as 1 µs.</param>
    /// <param name="now">When the ACK arrived.</param>
    /// <param name="samplesPerRoundTrip">How many samples a round trip brings, where every ACK brings one thanks to time
    /// stamps: each then weighs less (RFC 7323 appendix G). See <see cref="ExpectedSamples"/>.</param>
    internal void OnSample(TimeSpan roundTrip, Instant now, int samplesPerRoundTrip = 1)
    {
        long sample = Math.Max(Nanoseconds(roundTrip), 1_000);
        if (!HasSample)
        {
            _smoothed = sample;
            _variation = sample / 2;
        }
        else
        {
            long weight = Math.Max(samplesPerRoundTrip, 1);
            _variation += (Math.Abs(_smoothed - sample) - _variation) / (4 * weight);
            _smoothed += (sample - _smoothed) / (8 * weight);
        }
        _latest = sample;
        _minimum.Add(sample, now);
        _timeout = Math.Min(_smoothed + Math.Max(4 * _variation, _minimumTimeout), _maximumTimeout);
        _backoff = 0;
    }

    /// <summary>Doubles the timeout, because it ran out (RFC 6298 section 5.5).</summary>
    internal void OnTimeout()
    {
        if (_backoff < MaxBackoff) _backoff++;
    }

    /// <summary>Takes the doublings back: the timeout was spurious, or a zero window was probed with success.</summary>
    internal void ResetBackoff() => _backoff = 0;

    /// <summary>Says that a SYN had to be sent again: without a sample, data starts with 3 s (RFC 6298 section 5.7).</summary>
    internal void OnHandshakeRetransmitted()
    {
        _backoff = 0;
        if (!HasSample) _timeout = Math.Min(3_000_000_000, _maximumTimeout);
    }

    /// <summary>The samples a round trip brings when every second segment is acknowledged (RFC 7323 appendix G).</summary>
    /// <param name="flight">Bytes in flight.</param>
    /// <param name="maximumSegmentSize">Bytes in a full segment.</param>
    internal static int ExpectedSamples(int flight, int maximumSegmentSize)
    {
        int pair = 2 * Math.Max(maximumSegmentSize, 1);
        return Math.Max((int)(((long)flight + pair - 1) / pair), 1);
    }

    private static long Nanoseconds(TimeSpan span) => span.Ticks * 100;

    private static TimeSpan Span(long nanoseconds) => new(nanoseconds / 100);
}
