namespace NetStack.Tcp;

/// <summary>
/// When to acknowledge (RFC 5681 section 4.2, RFC 9293 section 3.8.6.3): at least every second full segment, within the delay, and at once
/// when data is missing, a gap was filled, or a congestion mark changed. A mutable value: keep it in a field.
/// </summary>
internal struct DelayedAck
{
    /// <summary>Linux's TCP_DELACK_MIN.</summary>
    internal static readonly TimeSpan DefaultDelay = TimeSpan.FromMilliseconds(40);

    /// <summary>The longest delay that RFC 1122 section 4.2.3.2 allows.</summary>
    internal static readonly TimeSpan MostDelay = TimeSpan.FromMilliseconds(500);

    private readonly TimeSpan _delay;
    private int _quick;
    private int _pending; // bytes received since the last ACK
    private int _segmentSize; // the largest seen
    private bool _isDue;
    private Instant? _deadline;

    /// <summary>A policy.</summary>
    /// <param name="delay">How long an ACK may wait, at most 500 ms; zero or less acknowledges every segment.</param>
    /// <param name="quickSegments">How many segments are acknowledged at once at the start, so that the peer's slow start is fast.</param>
    internal DelayedAck(TimeSpan delay, int quickSegments)
    {
        _delay = delay > MostDelay ? MostDelay : delay;
        _quick = quickSegments;
    }

    /// <summary>Whether an ACK must be sent now.</summary>
    internal readonly bool IsDue => _isDue;

    /// <summary>When an ACK must be sent at the latest; null when none waits.</summary>
    internal readonly Instant? Deadline => _deadline;

    /// <summary>The peer's full segment as far as was seen, in bytes.</summary>
    internal readonly int SegmentSize => _segmentSize;

    /// <summary>Data came in order and left no gap behind.</summary>
    /// <param name="length">Bytes of payload.</param>
    /// <param name="segments">How many segments they came in, at least 1.</param>
    /// <param name="now">The present.</param>
    internal void OnInOrder(int length, int segments, Instant now)
    {
        _segmentSize = Math.Max(_segmentSize, (length + segments - 1) / segments);
        _pending += length;
        bool isQuick = _quick > 0;
        _quick = Math.Max(_quick - segments, 0);
        if (isQuick || _delay <= TimeSpan.Zero || _pending > _segmentSize) _isDue = true;
        else _deadline ??= now + _delay;
    }

    /// <summary>An ACK is due at once: data out of order or old, a filled gap, FIN, a changed congestion mark, a window worth telling.</summary>
    internal void OnUrgent() => _isDue = true;

    /// <summary>Acknowledges the next segments at once, for example after a loss or an idle time.</summary>
    internal void BeQuick(int segments) => _quick = Math.Max(_quick, segments);

    /// <summary>The delay may have run out.</summary>
    internal void OnDeadline(Instant now)
    {
        if (_deadline <= now) _isDue = true;
    }

    /// <summary>A segment with the current acknowledgement was sent, with or without data.</summary>
    internal void OnSent()
    {
        _isDue = false;
        _deadline = null;
        _pending = 0;
    }
}
