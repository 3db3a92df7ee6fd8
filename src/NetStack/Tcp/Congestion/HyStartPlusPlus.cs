namespace NetStack.Tcp.Congestion;

/// <summary>
/// HyStart++ (RFC 9406): leaves slow start when the least round trip of a round rises, by way of a conservative phase that goes
/// back to slow start if the rise was noise. With appropriate byte counting (RFC 3465). A mutable value: keep it in a field.
/// </summary>
internal struct HyStartPlusPlus
{
    /// <summary>L where nothing paces what is sent.</summary>
    internal const int DefaultGrowthLimit = 8;

    // RFC 9406 section 4.3.
    private const int MinimumSamples = 8;
    private const int ConservativeDivisor = 4;
    private const int ConservativeRounds = 5;
    private const int ThresholdDivisor = 8;
    private static readonly TimeSpan LeastThreshold = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan MostThreshold = TimeSpan.FromMilliseconds(16);

    private TimeSpan _lastRound = TimeSpan.MaxValue;
    private TimeSpan _thisRound = TimeSpan.MaxValue;
    private TimeSpan _baseline = TimeSpan.MaxValue;
    private long _roundEnd = -1; // a place in the stream: what was sent when the round began
    private int _samples;
    private int _conservativeRounds;
    private int _growthLimit; // in segments an ACK: L
    private bool _isConservative;
    private bool _isStopped;

    /// <summary>Slow start from the beginning.</summary>
    public HyStartPlusPlus() : this(DefaultGrowthLimit)
    {
    }

    /// <summary>Slow start from the beginning.</summary>
    /// <param name="growthLimit">L: the most segments an ACK adds, at least 1.</param>
    internal HyStartPlusPlus(int growthLimit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(growthLimit, 1);
        _growthLimit = growthLimit;
    }

    /// <summary>Whether growth is conservative (CSS) at present.</summary>
    internal readonly bool IsConservative => _isConservative;

    /// <summary>Never looks again: only the first slow start is watched (section 4.3). Later ones grow by two segments an ACK at
    /// most, by one after a timeout, when an ACK that fills a hole tells little (RFC 3465 sections 2.2, 2.3).</summary>
    internal void Stop(bool isTimeout = false)
    {
        _isStopped = true;
        _isConservative = false;
        _growthLimit = isTimeout ? 1 : 2;
    }

    /// <summary>Takes an ACK in slow start; true when slow start is over and the threshold becomes the window.</summary>
    internal bool OnAck(in CongestionAck ack)
    {
        if (_isStopped) return false;
        if (_roundEnd < 0) _roundEnd = ack.TotalSent;
        if (ack.RoundTrip > TimeSpan.Zero)
        {
            _samples++;
            if (ack.RoundTrip < _thisRound) _thisRound = ack.RoundTrip;
            if (_samples >= MinimumSamples) Judge();
        }
        bool isOver = ack.TotalAcknowledged >= _roundEnd && BeginRound(ack.TotalSent);
        if (isOver) Stop();
        return isOver;
    }

    /// <summary>The window after an ACK in slow start, not above the threshold.</summary>
    /// <param name="window">The window before.</param>
    /// <param name="threshold">The slow start threshold.</param>
    /// <param name="acknowledged">Bytes acknowledged; what slow start did not use is left in it.</param>
    /// <param name="segment">Bytes in a full segment.</param>
    internal readonly int Grow(int window, int threshold, ref int acknowledged, int segment)
    {
        int growth = (int)Math.Min(acknowledged, (long)_growthLimit * segment);
        if (_isConservative) growth /= ConservativeDivisor;
        int room = threshold - window;
        acknowledged = growth > room ? acknowledged - room : 0;
        return window + Math.Min(growth, room);
    }

    private bool BeginRound(long sent)
    {
        bool isOver = _isConservative && ++_conservativeRounds >= ConservativeRounds;
        _roundEnd = sent;
        _lastRound = _thisRound;
        _thisRound = TimeSpan.MaxValue;
        _samples = 0;
        return isOver;
    }

    private void Judge()
    {
        if (_isConservative)
        {
            if (_thisRound >= _baseline) return;
            _baseline = TimeSpan.MaxValue;
            _isConservative = false;
            return;
        }
        if (_lastRound == TimeSpan.MaxValue) return;
        TimeSpan threshold = new(Math.Clamp(_lastRound.Ticks / ThresholdDivisor, LeastThreshold.Ticks, MostThreshold.Ticks));
        if (_thisRound < _lastRound + threshold) return;
        _baseline = _thisRound;
        _isConservative = true;
        _conservativeRounds = 0;
    }
}
