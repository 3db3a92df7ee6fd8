using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.TcpParts;

/// <summary>The scoreboard in its plainest form: a list of single segments, every question answered by looking at all of them.</summary>
internal sealed class ScoreboardModel(SequenceNumber first)
{
    internal sealed record Unit
    {
        internal required SequenceNumber Start { get; init; }
        internal required int Length { get; init; }
        internal bool Sacked { get; set; }
        internal bool Lost { get; set; }
        internal bool InFlightAgain { get; set; }
        internal bool Ever { get; set; }
        internal Instant SentAt { get; set; }
        internal uint Timestamp { get; set; }
        internal SequenceNumber End => Start + Length;
    }

    internal List<Unit> Units { get; private set; } = [];
    internal SequenceNumber Una { get; private set; } = first;
    internal SequenceNumber Next { get; private set; } = first;

    // RACK, as RFC 8985 writes it.
    internal (Instant At, SequenceNumber End)? Rack { get; private set; }
    internal TimeSpan RackRtt { get; private set; }
    internal bool Reordering { get; private set; }
    private SequenceNumber? _fack;

    internal int Sacked => Units.Where(u => u.Sacked).Sum(u => u.Length);
    internal int Lost => Units.Where(u => u.Lost).Sum(u => u.Length);
    internal int Waiting => Units.Where(Waits).Sum(u => u.Length);
    internal int Again => Units.Where(u => u.InFlightAgain).Sum(u => u.Length);
    internal int Pipe => Units.Where(u => !u.Sacked).Sum(u => (u.Lost ? 0 : u.Length) + (u.InFlightAgain ? u.Length : 0));

    internal static bool Waits(Unit unit) => unit.Lost && !unit.InFlightAgain && !unit.Sacked;

    internal void Send(int length, int segmentSize, Instant now, uint timestamp)
    {
        for (int at = 0; at < length; at += segmentSize)
        {
            Units.Add(new Unit { Start = Next + at, Length = Math.Min(segmentSize, length - at), SentAt = now, Timestamp = timestamp });
        }
        Next += length;
    }

    internal void Retransmit(SequenceNumber start, int length, int segmentSize, Instant now, uint timestamp)
    {
        CutAt(start);
        CutAt(start + length);
        bool lost = Units.First(u => u.Start == start).Lost;
        Units.RemoveAll(u => u.Start >= start && u.End <= start + length);
        for (int at = 0; at < length; at += segmentSize)
        {
            Units.Add(new Unit
            {
                Start = start + at,
                Length = Math.Min(segmentSize, length - at),
                SentAt = now,
                Timestamp = timestamp,
                Lost = lost,
                InFlightAgain = true,
                Ever = true,
            });
        }
        Units = [.. Units.OrderBy(u => u.Start - Una)];
    }

    /// <summary>The expected outcome: delivered bytes, newly SACKed bytes, Karn's samples, the lowest end of an original.</summary>
    internal (int Delivered, int Sacked, TimeSpan? First, TimeSpan? Last, SequenceNumber? LowestOriginal) Ack(
        SequenceNumber ack, SackBlock[] blocks, Instant now, uint? echo, TimeSpan minimum)
    {
        int delivered = 0, sacked = 0;
        List<Unit> originalsAcked = [], originalsSacked = [];
        bool againAcked = false;
        CutAt(ack);
        foreach (Unit unit in Units.Where(u => u.End <= ack && !u.Sacked).ToArray())
        {
            delivered += unit.Length;
            RackUpdate(unit, now, echo, minimum);
            if (unit.Ever) againAcked = true;
            else originalsAcked.Add(unit);
        }
        Units.RemoveAll(u => u.End <= ack);
        if (ack > Una) Una = ack;
        foreach (Unit unit in Units.Where(u => !u.Sacked && blocks.Any(b => Valid(b) && new SequenceNumber(b.Left) <= u.Start && new SequenceNumber(b.Right) >= u.End)).ToArray())
        {
            delivered += unit.Length;
            sacked += unit.Length;
            RackUpdate(unit, now, echo, minimum);
            if (!unit.Ever) originalsSacked.Add(unit);
            (unit.Sacked, unit.Lost, unit.InFlightAgain) = (true, false, false);
        }
        List<Unit> originals = [.. originalsAcked, .. originalsSacked];
        SequenceNumber? lowest = originals.Count == 0 ? null : originals.MinBy(u => u.End - (Una - (1 << 20)))!.End;
        List<Unit> timed = againAcked ? originalsSacked : originalsAcked.Count > 0 ? originalsAcked : originalsSacked;
        return (delivered, sacked, timed.Count == 0 ? null : now - timed[0].SentAt, timed.Count == 0 ? null : now - timed[^1].SentAt, lowest);
    }

    internal bool Valid(SackBlock block)
    {
        SequenceNumber left = new(block.Left), right = new(block.Right);
        return left < right && left >= Una && right <= Next;
    }

    /// <summary>RFC 6675 IsLost, for every segment.</summary>
    internal void MarkByThreshold(int threshold, int segment)
    {
        foreach (Unit unit in Units.Where(u => !u.Sacked && !u.Lost).ToArray())
        {
            Unit[] above = [.. Units.Where(u => u.Sacked && u.Start > unit.Start)];
            int runs = above.Count(u => !above.Any(o => o.End == u.Start));
            if (runs >= threshold || above.Sum(u => u.Length) > (threshold - 1) * segment) (unit.Lost, unit.InFlightAgain) = (true, false);
        }
    }

    /// <summary>RFC 8985 RACK_detect_loss.</summary>
    internal Instant? RackDetect(TimeSpan window, Instant now)
    {
        Instant? due = null;
        if (Rack is not { } rack) return null;
        foreach (Unit unit in Units.Where(u => !u.Sacked))
        {
            if (!SentAfter(rack.At, rack.End, unit.SentAt, unit.End) || Waits(unit)) continue;
            Instant deadline = unit.SentAt + (RackRtt + window);
            if (deadline <= now) (unit.Lost, unit.InFlightAgain) = (true, false);
            else if (due is null || deadline > due) due = deadline;
        }
        return due;
    }

    internal bool Timeout(bool useRack, TimeSpan window, Instant now)
    {
        bool reneged = Units.Count > 0 && Units[0].Sacked;
        if (reneged) Units.ForEach(u => u.Sacked = false);
        foreach (Unit unit in Units.Where(u => !u.Sacked && !Waits(u)))
        {
            bool young = unit != Units[0] && !reneged && useRack && unit.SentAt + (RackRtt + window) > now;
            if (!young) (unit.Lost, unit.InFlightAgain) = (true, false);
        }
        return reneged;
    }

    internal void ClearLosses() => Units.ForEach(u => u.Lost = false);

    private void RackUpdate(Unit unit, Instant now, uint? echo, TimeSpan minimum)
    {
        if (_fack is null || unit.End > _fack) _fack = unit.End;
        else if (unit.End < _fack && !unit.Ever) Reordering = true;
        TimeSpan rtt = now - unit.SentAt;
        if (unit.Ever && ((echo is { } e && (int)(e - unit.Timestamp) < 0) || rtt < minimum)) return;
        RackRtt = rtt;
        if (Rack is null || SentAfter(unit.SentAt, unit.End, Rack.Value.At, Rack.Value.End)) Rack = (unit.SentAt, unit.End);
    }

    private static bool SentAfter(Instant t1, SequenceNumber s1, Instant t2, SequenceNumber s2) => t1 > t2 || (t1 == t2 && s1 > s2);

    private void CutAt(SequenceNumber at)
    {
        int index = Units.FindIndex(u => u.Start < at && u.End > at);
        if (index < 0) return;
        Unit whole = Units[index];
        int left = at - whole.Start;
        Units[index] = whole with { Length = left };
        Units.Insert(index + 1, whole with { Start = at, Length = whole.Length - left });
    }
}
