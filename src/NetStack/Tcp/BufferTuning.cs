namespace NetStack.Tcp;

/// <summary>
/// Grows the receive buffer with what the reader takes (dynamic right-sizing, as Linux's tcp_rcv_space_adjust): the window is to hold
/// twice what was read in the last round trip. A mutable value: keep it in a field.
/// </summary>
internal struct ReceiveWindowTuner
{
    private readonly int _most;
    private int _size;
    private int _space; // most bytes read in a round trip so far
    private SequenceNumber _readFrom;
    private Instant _readSince;
    private SequenceNumber _windowEnd; // when this arrived, a window's worth came: a round trip without time stamps
    private Instant _windowSince;
    private TimeSpan _roundTrip;
    private bool _isMeasuringWindow;

    /// <summary>Begins at the first byte of the stream.</summary>
    /// <param name="size">The buffer's first size in bytes.</param>
    /// <param name="most">The most it may become; a smaller number than <paramref name="size"/> fixes it.</param>
    /// <param name="initialSpace">Bytes the peer may send in its first window.</param>
    /// <param name="first">The first byte's number.</param>
    /// <param name="now">The present.</param>
    internal ReceiveWindowTuner(int size, int most, int initialSpace, SequenceNumber first, Instant now)
    {
        _size = size;
        _most = most;
        _space = Math.Max(initialSpace, 1);
        _readFrom = first;
        _readSince = now;
    }

    /// <summary>The buffer's size in bytes: what may be received and not read.</summary>
    internal readonly int Size => _size;

    /// <summary>The round trip as the receiver knows it; zero before it does.</summary>
    internal readonly TimeSpan RoundTrip => _roundTrip;

    /// <summary>Takes a sample: a data segment echoed our time stamp.</summary>
    internal void OnTimestampSample(TimeSpan roundTrip)
    {
        if (roundTrip <= TimeSpan.Zero) roundTrip = TimeSpan.FromTicks(10);
        _roundTrip = _roundTrip == TimeSpan.Zero ? roundTrip : _roundTrip + new TimeSpan((roundTrip - _roundTrip).Ticks / 8);
    }

    /// <summary>In-order data arrived on a connection without time stamps: a window's worth takes a round trip at least.</summary>
    /// <param name="next">RCV.NXT.</param>
    /// <param name="window">The window we offer, in bytes.</param>
    /// <param name="now">The present.</param>
    internal void OnReceived(SequenceNumber next, int window, Instant now)
    {
        if (_isMeasuringWindow && next < _windowEnd) return;
        if (_isMeasuringWindow)
        {
            TimeSpan sample = now - _windowSince;
            if (sample <= TimeSpan.Zero) sample = TimeSpan.FromTicks(10);
            if (_roundTrip == TimeSpan.Zero || sample < _roundTrip) _roundTrip = sample;
        }
        _isMeasuringWindow = true;
        _windowEnd = next + window;
        _windowSince = now;
    }

    /// <summary>The reader took bytes.</summary>
    /// <param name="readTo">The number of the first byte it did not take.</param>
    /// <param name="segmentSize">Bytes in a full segment of the peer.</param>
    /// <param name="now">The present.</param>
    /// <returns>Whether <see cref="Size"/> grew.</returns>
    internal bool OnRead(SequenceNumber readTo, int segmentSize, Instant now)
    {
        if (_roundTrip == TimeSpan.Zero || now - _readSince < _roundTrip) return false;
        int copied = readTo - _readFrom;
        _readFrom = readTo;
        _readSince = now;
        if (copied <= _space) return false;
        // Twice for the doubling of slow start, and more where the rate itself grows faster.
        long wanted = 2L * copied + 16L * segmentSize;
        wanted += wanted * (copied - _space) / _space * 2;
        _space = copied;
        int before = _size;
        _size = (int)Math.Max(_size, Math.Min(wanted, _most));
        return _size > before;
    }
}

/// <summary>Grows the send buffer with the congestion window.</summary>
internal static class SendBufferTuner
{
    /// <summary>The size that lets the window be filled while as much again waits (Linux tcp_sndbuf_expand); never smaller than before.</summary>
    /// <param name="size">The size in bytes.</param>
    /// <param name="most">The most it may become.</param>
    /// <param name="congestionWindow">The congestion window in bytes.</param>
    internal static int Grow(int size, int most, int congestionWindow) => (int)Math.Max(size, Math.Min(2L * congestionWindow, most));
}
