using NetStack.Wire;

namespace NetStack.Tcp;

/// <summary>What an ACK does to the ranges.</summary>
internal sealed partial class SackScoreboard
{
    private const int MaxBlocks = 4; // what fits into the option space

    /// <summary>
    /// Takes the acknowledgement and the SACK blocks of a segment. A number above SND.NXT is ignored with all its blocks; one
    /// below SND.UNA acknowledges nothing, but its blocks count. Blocks that are empty, reversed or not within what is
    /// outstanding are ignored (RFC 2018 section 8), but for a first block that is a DSACK (RFC 2883 section 4).
    /// </summary>
    /// <param name="facts">The ACK.</param>
    /// <param name="blocks">Its SACK blocks in the order of the option; empty if SACK was not agreed on.</param>
    /// <param name="rack">Hears of everything that was delivered.</param>
    internal AckOutcome OnAck(in AckFacts facts, ReadOnlySpan<SackBlock> blocks, ref RackLossDetector rack)
    {
        var pass = new Pass(facts, ref rack);
        if (facts.Acknowledgement > _next) return pass.Outcome;
        if (blocks.Length > MaxBlocks) blocks = blocks[..MaxBlocks];
        if (FindDuplicate(facts.Acknowledgement, blocks, ref pass.Outcome)) blocks = blocks[1..];
        if (facts.Acknowledgement > _unacknowledged) Acknowledge(facts.Acknowledgement, ref pass);
        Span<SackBlock> ascending = stackalloc SackBlock[MaxBlocks];
        foreach (SackBlock block in ascending[..Sort(blocks, ascending)])
        {
            Sack(new SequenceNumber(block.Left), new SequenceNumber(block.Right), ref pass);
        }
        pass.TakeRoundTrips();
        (pass.Outcome.RateBytes, pass.Outcome.RateInterval) = _rate.Finish(pass.Rate);
        pass.Outcome.IsRateAppLimited = pass.Rate.Prior.IsAppLimited;
        return pass.Outcome;
    }

    /// <summary>What is gathered while an ACK is taken.</summary>
    private ref struct Pass(in AckFacts facts, ref RackLossDetector rack)
    {
        internal readonly ref readonly AckFacts Facts = ref facts;
        internal readonly ref RackLossDetector Rack = ref rack;
        internal AckOutcome Outcome;
        internal DeliverySample Rate;
        private (Instant First, Instant Last)? _acknowledged, _sacked;
        private bool _isRetransmissionAcknowledged;

        /// <summary>Notes a range that was delivered.</summary>
        internal void OnDelivered(in SentRange range, bool isSacked)
        {
            Outcome.Delivered += range.Length;
            Rack.OnDelivered(range, Facts);
            if (range.Has(SentRangeState.EverRetransmitted))
            {
                Outcome.HasRetransmittedDelivered = true;
                _isRetransmissionAcknowledged |= !isSacked;
                return;
            }
            if (!Outcome.HasOriginalDelivered || range.End < Outcome.LowestOriginalEnd) Outcome.LowestOriginalEnd = range.End;
            Outcome.HasOriginalDelivered = true;
            if (isSacked) _sacked = (_sacked?.First ?? range.SentAt, range.SentAt);
            else _acknowledged = (_acknowledged?.First ?? range.SentAt, range.SentAt);
        }

        internal void TakeRoundTrips()
        {
            if ((_isRetransmissionAcknowledged ? _sacked : _acknowledged ?? _sacked) is not { } sent) return;
            Outcome.RoundTrip = Facts.Now - sent.First;
            Outcome.ShortestRoundTrip = Facts.Now - sent.Last;
        }
    }

    private bool FindDuplicate(SequenceNumber acknowledgement, ReadOnlySpan<SackBlock> blocks, ref AckOutcome outcome)
    {
        if (blocks.Length == 0) return false;
        SequenceNumber left = new(blocks[0].Left), right = new(blocks[0].Right);
        if (left >= right || right > _next) return false;
        bool isOld = right <= acknowledgement;
        bool isInside = blocks.Length > 1 && left >= new SequenceNumber(blocks[1].Left) && right <= new SequenceNumber(blocks[1].Right);
        if (!isOld && !isInside) return false;
        outcome.HasDuplicateSack = true;
        outcome.DuplicateStart = left;
        outcome.DuplicateEnd = right;
        return true;
    }

    /// <summary>Keeps the valid blocks, those with lower numbers first: the order in which RACK is to see what was delivered.</summary>
    private int Sort(ReadOnlySpan<SackBlock> blocks, Span<SackBlock> ascending)
    {
        int count = 0;
        foreach (SackBlock block in blocks)
        {
            SequenceNumber left = new(block.Left), right = new(block.Right);
            if (left >= right || left < _unacknowledged || right > _next) continue;
            int at = count++;
            for (; at > 0 && new SequenceNumber(ascending[at - 1].Left) > left; at--) ascending[at] = ascending[at - 1];
            ascending[at] = block;
        }
        return count;
    }

    private void Acknowledge(SequenceNumber acknowledgement, ref Pass pass)
    {
        pass.Outcome.Acknowledged = acknowledgement - _unacknowledged;
        while (_ranges.Count > 0 && _ranges[0].Start < acknowledgement)
        {
            if (_ranges[0].End > acknowledgement) CutFirst(acknowledgement - _ranges[0].Start);
            ref SentRange range = ref _ranges[0];
            if (!range.Has(SentRangeState.Sacked)) OnDelivered(range, false, ref pass);
            Forget(range);
            _ranges.RemoveAt(0);
        }
        _unacknowledged = acknowledgement;
        int eaten = Math.Max(pass.Outcome.Acknowledged - _presumedUnit, 0);
        _presumedBytes = Math.Clamp(_presumedBytes - eaten, 0, Math.Max(Outstanding - _presumedUnit, 0));
        _retransmissionHint = SequenceNumber.Max(_retransmissionHint, acknowledgement);
        _highRetransmitted = SequenceNumber.Max(_highRetransmitted, acknowledgement);
        _highestSacked = SequenceNumber.Max(_highestSacked, acknowledgement);
        _lossFrontier = SequenceNumber.Max(_lossFrontier, acknowledgement);
        pass.Outcome.IsReneging = _ranges.Count > 0 && _ranges[0].Has(SentRangeState.Sacked);
    }

    private void OnDelivered(in SentRange range, bool isSacked, ref Pass pass)
    {
        pass.OnDelivered(range, isSacked);
        _rate.OnDelivered(range, pass.Facts.Now, ref pass.Rate);
    }

    /// <summary>Cuts the first range at an offset, and once more at the next edge of a segment, so that later cuts fall on edges.</summary>
    private void CutFirst(int offset)
    {
        if (_ranges[0].Has(SentRangeState.Sacked))
        {
            CutSackedRun(offset);
            return;
        }
        int rest = offset % _ranges[0].SegmentSize;
        int edge = offset - rest + _ranges[0].SegmentSize;
        if (rest != 0 && edge < _ranges[0].Length) _ranges.Split(0, edge);
        _ranges.Split(0, offset);
    }

    private void Sack(SequenceNumber left, SequenceNumber right, ref Pass pass)
    {
        for (int position = _ranges.Find(left); position < _ranges.Count && _ranges[position].Start < right; position++)
        {
            if (_ranges[position].Has(SentRangeState.Sacked) || !TryCutToWholeSegments(ref position, left, right)) continue;
            ref SentRange range = ref _ranges[position];
            OnDelivered(range, true, ref pass);
            pass.Outcome.Sacked += range.Length;
            position = MarkSacked(position);
        }
    }

    /// <summary>Makes those whole segments of a range that lie between two numbers a range of their own; false if there is none.</summary>
    private bool TryCutToWholeSegments(ref int position, SequenceNumber left, SequenceNumber right)
    {
        ref SentRange range = ref _ranges[position];
        int size = range.SegmentSize;
        int from = left <= range.Start ? 0 : (left - range.Start + size - 1) / size * size;
        int to = right >= range.End ? range.Length : (right - range.Start) / size * size;
        if (to <= from) return false;
        if (to - from < range.Length && _ranges.Count >= 2 * MaxRanges) return false;
        if (to < range.Length) _ranges.Split(position, to);
        if (from > 0) _ranges.Split(position++, from);
        return true;
    }

    /// <summary>Marks a range and joins it with SACKed neighbours; returns where it is then.</summary>
    private int MarkSacked(int position)
    {
        ref SentRange range = ref _ranges[position];
        Forget(range);
        _ranges.Untime(ref range);
        range.State = (range.State & SentRangeState.EverRetransmitted) | SentRangeState.Sacked;
        range.SackedSegments = (range.Length + range.SegmentSize - 1) / range.SegmentSize;
        _sackedBytes += range.Length;
        _sackedSegments += range.SackedSegments;
        _highestSacked = SequenceNumber.Max(_highestSacked, range.End);
        CountAboveFrontier(range, 1);
        if (position + 1 < _ranges.Count && _ranges[position + 1].Has(SentRangeState.Sacked)) JoinSacked(position);
        if (position > 0 && _ranges[position - 1].Has(SentRangeState.Sacked)) JoinSacked(--position);
        return position;
    }

    /// <summary>Joins a SACKed range with the next one, which is SACKed too.</summary>
    private void JoinSacked(int position)
    {
        ref SentRange left = ref _ranges[position];
        ref SentRange right = ref _ranges[position + 1];
        CountAboveFrontier(left, -1);
        CountAboveFrontier(right, -1);
        left.Length += right.Length;
        left.SegmentSize = Math.Max(left.SegmentSize, right.SegmentSize);
        left.SackedSegments += right.SackedSegments;
        left.State |= right.State & SentRangeState.EverRetransmitted;
        CountAboveFrontier(left, 1);
        _ranges.RemoveAt(position + 1);
    }

    /// <summary>Cuts the first range, which is SACKed, at an offset.</summary>
    private void CutSackedRun(int offset)
    {
        CountAboveFrontier(_ranges[0], -1);
        _ranges.Split(0, offset);
        ref SentRange left = ref _ranges[0];
        ref SentRange right = ref _ranges[1];
        left.SackedSegments = Math.Min(offset / left.SegmentSize, left.SackedSegments - 1);
        right.SackedSegments -= left.SackedSegments;
        CountAboveFrontier(left, 1);
        CountAboveFrontier(right, 1);
    }

    /// <summary>Takes what a range counts for out of the sums, because it goes or its state changes.</summary>
    private void Forget(in SentRange range)
    {
        if (range.Has(SentRangeState.Sacked))
        {
            _sackedBytes -= range.Length;
            _sackedSegments -= range.SackedSegments;
            CountAboveFrontier(range, -1);
        }
        if (range.Has(SentRangeState.Lost)) _lostBytes -= range.Length;
        if (range.WaitsForRetransmission) _waitingBytes -= range.Length;
        if (range.Has(SentRangeState.Retransmitted)) _retransmittedBytes -= range.Length;
    }
}
