namespace NetStack.Tcp;

/// <summary>
/// What was sent and is not acknowledged (RFC 6675, RFC 2018), range by range: when each was sent, whether it is SACKed, lost, sent
/// again. A connection calls <see cref="OnSent"/> and <see cref="OnRetransmitted"/> for what it transmits, <see cref="OnAck"/> for
/// every acceptable ACK, then one of <see cref="DetectLosses"/> (RACK), <see cref="MarkLostByThreshold"/> (RFC 6675 without RACK)
/// or, from a peer without SACK, <see cref="OnDuplicateAck"/> and <see cref="MarkFirstLost"/>; sends what
/// <see cref="TryGetRetransmission"/> names while <see cref="Pipe"/> is below the window; and at a timeout calls
/// <see cref="OnRetransmissionTimeout"/>. SYN and FIN count as one number each.
/// </summary>
/// <remarks>
/// A peer cannot make it slow or large (CVE-2019-11477): ranges are cut only where segments were cut, so there are never more
/// than were sent, and never more than twice <see cref="MaxRanges"/>; SACKed neighbours become one range. A block that covers a part
/// of a segment does not count for that segment.
/// </remarks>
internal sealed partial class SackScoreboard
{
    /// <summary>The most ranges that are kept; then <see cref="IsFull"/>.</summary>
    internal const int DefaultMaxRanges = 32 * 1024;

    private readonly SentRangeList _ranges = new();
    private DeliveryRate _rate;
    private SequenceNumber _unacknowledged;
    private SequenceNumber _next;
    private SequenceNumber _retransmissionHint; // nothing that ends at or before it waits for retransmission
    private SequenceNumber _highRetransmitted; // RFC 6675 HighRxt
    private SequenceNumber _highestSacked; // behind the last SACKed number
    private bool _isRescueSpent;
    private int _sackedBytes;
    private int _sackedSegments;
    private int _lostBytes;
    private int _waitingBytes; // lost and not sent again
    private int _retransmittedBytes;
    private int _presumedBytes; // left the network by duplicate ACKs of a peer without SACK
    private int _presumedUnit;

    /// <summary>A scoreboard on which nothing was sent.</summary>
    /// <param name="first">SND.UNA and SND.NXT: the initial sequence number, to which the SYN belongs.</param>
    /// <param name="maxRanges">The most ranges it keeps, at least 16.</param>
    internal SackScoreboard(SequenceNumber first, int maxRanges = DefaultMaxRanges)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRanges, 16);
        MaxRanges = maxRanges;
        _unacknowledged = _next = _retransmissionHint = _highRetransmitted = _highestSacked = _lossFrontier = first;
    }

    /// <summary>The most ranges it keeps.</summary>
    internal int MaxRanges { get; }

    /// <summary>SND.UNA.</summary>
    internal SequenceNumber Unacknowledged => _unacknowledged;

    /// <summary>SND.NXT as far as <see cref="OnSent"/> knows: behind the last number sent.</summary>
    internal SequenceNumber Next => _next;

    /// <summary>Numbers sent and not acknowledged (RFC 5681 FlightSize).</summary>
    internal int Outstanding => _next - _unacknowledged;

    /// <summary>Numbers that are taken to be in the network (RFC 6675 pipe): outstanding, less SACKed and lost, plus sent again.</summary>
    internal int Pipe => Math.Max(Outstanding - _sackedBytes - _lostBytes + _retransmittedBytes - _presumedBytes, 0);

    /// <summary>Numbers that are SACKed.</summary>
    internal int SackedBytes => _sackedBytes;

    /// <summary>Segments that are SACKed, as they were sent (RFC 8985 RACK.segs_sacked).</summary>
    internal int SackedSegments => _sackedSegments;

    /// <summary>Numbers that count as lost, whether sent again or not.</summary>
    internal int LostBytes => _lostBytes;

    /// <summary>Numbers that count as lost and wait to be sent again.</summary>
    internal int WaitingBytes => _waitingBytes;

    /// <summary>Numbers that were sent again and are in the network.</summary>
    internal int RetransmittedBytes => _retransmittedBytes;

    /// <summary>Behind the last number that was SACKed; SND.UNA or before when none is.</summary>
    internal SequenceNumber HighestSacked => _highestSacked;

    /// <summary>All bytes ever acknowledged or SACKed.</summary>
    internal long Delivered => _rate.Delivered;

    /// <summary>How many ranges there are.</summary>
    internal int RangeCount => _ranges.Count;

    /// <summary>Whether no new range has room: send nothing new until an ACK comes.</summary>
    internal bool IsFull => _ranges.Count >= MaxRanges;

    /// <summary>Says that there is room in the window and nothing to send: rates measured now show the application's speed.</summary>
    internal void OnAppLimited() => _rate.OnAppLimited(Pipe);

    /// <summary>
    /// Notes new data, sent just now from <see cref="Next"/> on.
    /// </summary>
    /// <param name="length">Sequence numbers it takes, at least 1.</param>
    /// <param name="segmentSize">Into segments of what size it is cut on the wire, at least 1; the last may be shorter.</param>
    /// <param name="now">When.</param>
    /// <param name="timestamp">Its TSval; 0 without time stamps.</param>
    /// <exception cref="InvalidOperationException">It <see cref="IsFull"/>.</exception>
    internal void OnSent(int length, int segmentSize, Instant now, uint timestamp)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(segmentSize, 1);
        if (IsFull) throw new InvalidOperationException("The scoreboard is full.");
        _ranges.Insert(_ranges.Count, new SentRange
        {
            Start = _next,
            Length = length,
            SegmentSize = segmentSize,
            SentAt = now,
            Timestamp = timestamp,
            Delivery = _rate.OnSent(Pipe == 0, now),
        });
        _ranges.TimeLast(_ranges.Count - 1);
        _next += length;
    }

    /// <summary>Notes that a part of what is outstanding was sent again as segments of a size; it becomes one range.</summary>
    /// <param name="start">Its first number, as <see cref="TryGetRetransmission"/> or its kin named it.</param>
    /// <param name="length">How many numbers, at least 1; no more than those methods allowed.</param>
    /// <param name="segmentSize">Into segments of what size it is cut on the wire.</param>
    /// <param name="now">When.</param>
    /// <param name="timestamp">Its TSval; 0 without time stamps.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not outstanding, or a part of it is SACKed.</exception>
    internal void OnRetransmitted(SequenceNumber start, int length, int segmentSize, Instant now, uint timestamp)
    {
        if (length < 1 || start < _unacknowledged || start + length > _next) throw new ArgumentOutOfRangeException(nameof(start), "The range is not outstanding.");
        if (_ranges[_ranges.Find(start)].Has(SentRangeState.Sacked)) throw new ArgumentOutOfRangeException(nameof(start), "The range is SACKed.");
        int position = Isolate(start, length);
        ref SentRange range = ref _ranges[position];
        if (range.WaitsForRetransmission) _waitingBytes -= range.Length;
        if (!range.Has(SentRangeState.Retransmitted)) _retransmittedBytes += range.Length;
        range.State |= SentRangeState.Retransmitted | SentRangeState.EverRetransmitted;
        if (range.Retransmissions < byte.MaxValue) range.Retransmissions++;
        range.SegmentSize = segmentSize;
        range.SentAt = now;
        range.Timestamp = timestamp;
        range.Delivery = _rate.OnSent(Pipe == range.Length, now);
        _ranges.TimeLast(position);
        _highRetransmitted = SequenceNumber.Max(_highRetransmitted, start + length);
    }

    /// <summary>What a range is known to be, for a look from outside.</summary>
    internal SentRange RangeAt(int position) => _ranges[position];

    /// <summary>How often the first outstanding range was sent again; 0 when nothing is outstanding.</summary>
    internal int FirstRetransmissions => _ranges.Count == 0 ? 0 : _ranges[0].Retransmissions;

    /// <summary>When the first outstanding range was last sent; null when nothing is outstanding.</summary>
    internal Instant? FirstSentAt => _ranges.Count == 0 ? null : _ranges[0].SentAt;

    /// <summary>Makes a span of outstanding numbers a range of its own and returns its position: cuts at its ends, joins within.</summary>
    private int Isolate(SequenceNumber start, int length)
    {
        int position = CutAt(start);
        int end = CutAt(start + length);
        for (int joins = end - position - 1; joins > 0; joins--)
        {
            if (!TryJoin(position)) throw new ArgumentOutOfRangeException(nameof(length), "The range is not of one state.");
        }
        return position;
    }

    /// <summary>Lets a range begin at a number, and returns its position; the count of ranges for the number behind the last.</summary>
    private int CutAt(SequenceNumber number)
    {
        int position = _ranges.Find(number);
        if (position == _ranges.Count || _ranges[position].Start == number) return position;
        _ranges.Split(position, number - _ranges[position].Start);
        return position + 1;
    }

    /// <summary>Joins a range with the next one, if the same is known of both.</summary>
    private bool TryJoin(int position)
    {
        ref SentRange left = ref _ranges[position];
        ref SentRange right = ref _ranges[position + 1];
        const SentRangeState Same = SentRangeState.Sacked | SentRangeState.Lost | SentRangeState.Retransmitted;
        if ((left.State & Same) != (right.State & Same)) return false;
        left.Length += right.Length;
        left.SegmentSize = Math.Max(left.SegmentSize, right.SegmentSize);
        left.Retransmissions = Math.Max(left.Retransmissions, right.Retransmissions);
        left.State |= right.State & SentRangeState.EverRetransmitted;
        _ranges.RemoveAt(position + 1);
        return true;
    }
}
