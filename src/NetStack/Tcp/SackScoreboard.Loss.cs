namespace NetStack.Tcp;

/// <summary>Which ranges are lost, and which to send next.</summary>
internal sealed partial class SackScoreboard
{
    private const int MaxKept = 256; // ranges looked at, and left, in one detection

    // RFC 6675 IsLost looks at what is SACKed above a number. All below the frontier was judged; only what is above it is counted.
    private SequenceNumber _lossFrontier;
    private int _bytesAboveFrontier;
    private int _runsAboveFrontier;

    /// <summary>
    /// Marks as lost what was sent long enough before something that was delivered (RFC 8985 section 6.2 step 5). Call it after
    /// <see cref="RackLossDetector.UpdateWindow"/> on every ACK, and when the time it returned has come.
    /// </summary>
    /// <param name="rack">RACK's state.</param>
    /// <param name="now">The present.</param>
    /// <param name="due">When to call again, because ranges may become lost by then; null for no need.</param>
    /// <returns>How many bytes were marked: lost, or lost again after they were sent again.</returns>
    internal int DetectLosses(in RackLossDetector rack, Instant now, out Instant? due)
    {
        due = null;
        int marked = 0;
        int kept = 0;
        TimeSpan patience = rack.RoundTrip + rack.Window;
        for (int node = _ranges.Oldest; node >= 0 && kept < MaxKept;)
        {
            ref SentRange range = ref _ranges.Node(node);
            if (!rack.HasSegment || range.SentAt > rack.SentAt) break;
            node = range.Newer;
            Instant deadline = range.SentAt + patience;
            if (!rack.WasSentBefore(range)) kept++; // sent at the same instant
            else if (deadline <= now) marked += MarkLost(ref range);
            else
            {
                // The last of them sets the timer; it was sent no later than RACK's segment.
                due = ++kept == MaxKept ? rack.SentAt + patience : deadline;
            }
        }
        return marked;
    }

    /// <summary>
    /// Marks as lost what has <paramref name="threshold"/> SACKed ranges that do not touch, or more than threshold - 1 full
    /// segments of SACKed bytes, above it (RFC 6675 IsLost): the rule without RACK.
    /// </summary>
    /// <returns>How many bytes were newly marked.</returns>
    internal int MarkLostByThreshold(int threshold, int maximumSegmentSize)
    {
        int marked = 0;
        for (int position = _ranges.Find(_lossFrontier); position < _ranges.Count; position++)
        {
            ref SentRange range = ref _ranges[position];
            if (range.Has(SentRangeState.Sacked)) CountAboveFrontier(range, -1);
            else if (_runsAboveFrontier < threshold && _bytesAboveFrontier <= (threshold - 1) * maximumSegmentSize) break;
            else if (!range.Has(SentRangeState.Lost)) marked += MarkLost(ref range);
            _lossFrontier = range.End;
        }
        return marked;
    }

    /// <summary>Marks the first segment as lost: at the third duplicate ACK, and at each partial ACK of a NewReno recovery (RFC
    /// 6582), from a peer without SACK.</summary>
    /// <returns>How many bytes were marked; 0 where it is lost already and was not sent again, or SACKed.</returns>
    internal int MarkFirstLost(int maximumSegmentSize)
    {
        if (_ranges.Count == 0 || _ranges[0].Has(SentRangeState.Sacked) || _ranges[0].WaitsForRetransmission) return 0;
        if (_ranges[0].Length > maximumSegmentSize) _ranges.Split(0, maximumSegmentSize);
        return MarkLost(ref _ranges[0]);
    }

    /// <summary>Notes that, as a duplicate ACK from a peer without SACK says, one more segment left the network (RFC 5681 section 3.2).
    /// That lets the first two send a new segment each (RFC 3042), as SACKs do.
    /// An advance of SND.UNA eats up what was presumed, but for the one segment that filled the hole.</summary>
    internal void OnDuplicateAck(int maximumSegmentSize)
    {
        _presumedUnit = maximumSegmentSize;
        _presumedBytes = Math.Min(_presumedBytes + maximumSegmentSize, Math.Max(Outstanding - maximumSegmentSize, 0));
    }

    /// <summary>
    /// Marks what a retransmission timeout makes lost: with RACK the first segment and all that were sent too long ago (RFC 8985
    /// section 6.3), else everything outstanding that is not SACKed. If the peer dropped SACKed data, all its SACKs are
    /// forgotten (RFC 2018 section 8).
    /// </summary>
    /// <param name="rack">RACK's state; null where RACK is off.</param>
    /// <param name="now">The present.</param>
    internal void OnRetransmissionTimeout(RackLossDetector? rack, Instant now)
    {
        if (_ranges.Count == 0) return;
        bool isReneging = _ranges[0].Has(SentRangeState.Sacked);
        if (isReneging) ForgetSacks(now);
        bool isSelective = rack is not null && !isReneging;
        if (isSelective && _ranges[0].Length > _ranges[0].SegmentSize) _ranges.Split(0, _ranges[0].SegmentSize);
        for (int position = 0; position < _ranges.Count; position++)
        {
            ref SentRange range = ref _ranges[position];
            if (range.Has(SentRangeState.Sacked) || range.WaitsForRetransmission) continue;
            bool isYoung = isSelective && position > 0 && range.SentAt + (rack!.Value.RoundTrip + rack.Value.Window) > now;
            if (!isYoung) MarkLost(ref range);
        }
        _presumedBytes = 0;
        _retransmissionHint = _unacknowledged;
        BeginRecovery();
    }

    /// <summary>Takes all marks of loss back: the timeout or the recovery was spurious. What was sent again still counts so.</summary>
    internal void ClearLosses()
    {
        for (int position = _ranges.Count - 1; position >= 0; position--)
        {
            ref SentRange range = ref _ranges[position];
            range.State &= ~SentRangeState.Lost;
            if (!range.Has(SentRangeState.Sacked) && !range.Has(SentRangeState.Timed)) _ranges.TimeByAge(position);
        }
        _lostBytes = _waitingBytes = 0;
        _lossFrontier = _unacknowledged;
        CountAllAboveFrontier();
    }

    /// <summary>Begins a recovery: nothing was sent again in it yet (RFC 6675 HighRxt, RescueRxt).</summary>
    internal void BeginRecovery()
    {
        _highRetransmitted = _unacknowledged;
        _isRescueSpent = false;
    }

    /// <summary>Ends a recovery: what duplicate ACKs let presume is void.</summary>
    internal void EndRecovery() => _presumedBytes = 0;

    /// <summary>The first lost bytes that wait to be sent again (RFC 6675 NextSeg rule 1), joined up to a length.</summary>
    internal bool TryGetRetransmission(int maxLength, out SequenceNumber start, out int length)
    {
        start = default;
        length = 0;
        if (_waitingBytes == 0) return false;
        for (int position = _ranges.Find(_retransmissionHint); position < _ranges.Count; position++)
        {
            if (!_ranges[position].WaitsForRetransmission) continue;
            _retransmissionHint = start = _ranges[position].Start;
            for (; length < maxLength && position < _ranges.Count && _ranges[position].WaitsForRetransmission; position++)
            {
                length += _ranges[position].Length;
            }
            length = Math.Min(length, maxLength);
            return true;
        }
        return false;
    }

    /// <summary>Bytes below the highest SACK that nobody called lost yet, not sent again (NextSeg rule 3): for when there is room
    /// and nothing else to send.</summary>
    internal bool TryGetSpeculative(int maxLength, out SequenceNumber start, out int length)
    {
        for (int position = _ranges.Find(_highRetransmitted); position < _ranges.Count && _ranges[position].Start < _highestSacked; position++)
        {
            if ((_ranges[position].State & (SentRangeState.Sacked | SentRangeState.Retransmitted)) != 0) continue;
            start = _ranges[position].Start;
            length = Math.Min(_ranges[position].Length, maxLength);
            return true;
        }
        start = default;
        length = 0;
        return false;
    }

    /// <summary>The last outstanding segment, once in a recovery (NextSeg rule 4, the rescue retransmission).</summary>
    internal bool TryGetRescue(int maxLength, bool hasFin, out SequenceNumber start, out int length)
    {
        start = default;
        length = 0;
        return !_isRescueSpent && (_isRescueSpent = TryGetLast(maxLength, hasFin, out start, out length));
    }

    /// <summary>The last segment sent that is not SACKed: what a loss probe sends (RFC 8985 section 7.3).</summary>
    /// <param name="maxLength">The most payload bytes.</param>
    /// <param name="hasFin">Whether the last number sent is the FIN's, which goes with the payload before it.</param>
    /// <param name="start">Its first number.</param>
    /// <param name="length">Its numbers.</param>
    internal bool TryGetLast(int maxLength, bool hasFin, out SequenceNumber start, out int length)
    {
        start = default;
        length = 0;
        int position = _ranges.Count - 1;
        if (position >= 0 && _ranges[position].Has(SentRangeState.Sacked)) position--; // SACKed neighbours are one range
        if (position < 0) return false;
        SentRange range = _ranges[position];
        int fin = hasFin && range.End == _next ? 1 : 0;
        int text = range.Length - fin;
        int tail = text % range.SegmentSize is > 0 and int rest ? rest : range.SegmentSize;
        length = Math.Min(Math.Min(tail, maxLength), text) + fin;
        start = range.End - length;
        return true;
    }

    private int MarkLost(ref SentRange range)
    {
        Forget(range);
        range.State = (range.State & ~SentRangeState.Retransmitted) | SentRangeState.Lost;
        _ranges.Untime(ref range);
        _lostBytes += range.Length;
        _waitingBytes += range.Length;
        _retransmissionHint = SequenceNumber.Min(_retransmissionHint, range.Start);
        return range.Length;
    }

    /// <summary>Forgets all SACKs. What was joined under them tells no times any more, as if it were sent again now.</summary>
    private void ForgetSacks(Instant now)
    {
        for (int position = 0; position < _ranges.Count; position++)
        {
            ref SentRange range = ref _ranges[position];
            if (!range.Has(SentRangeState.Sacked)) continue;
            Forget(range);
            range.State = SentRangeState.EverRetransmitted;
            range.SackedSegments = 0;
            range.SentAt = now;
        }
        _highestSacked = _lossFrontier = _unacknowledged;
        _bytesAboveFrontier = _runsAboveFrontier = 0;
    }

    /// <summary>Adds a SACKed range to what is counted above the frontier, or takes it off; one that begins below moves the frontier
    /// to its end.</summary>
    private void CountAboveFrontier(in SentRange range, int sign)
    {
        if (range.Start >= _lossFrontier)
        {
            _runsAboveFrontier += sign;
            _bytesAboveFrontier += sign * range.Length;
        }
        else if (sign > 0) _lossFrontier = SequenceNumber.Max(_lossFrontier, range.End);
    }

    private void CountAllAboveFrontier()
    {
        _bytesAboveFrontier = _runsAboveFrontier = 0;
        for (int position = _ranges.Find(_lossFrontier); position < _ranges.Count; position++)
        {
            if (_ranges[position].Has(SentRangeState.Sacked)) CountAboveFrontier(_ranges[position], 1);
        }
    }
}
