using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>What one side of a connection was last seen to do.</summary>
internal sealed class TcpFlowSide
{
    internal const int UnknownScale = -1;
    internal const int NoScale = -2;

    private const int MaxSackBlocks = 4;

    private SegmentQueue _unacknowledged;
    private SackBuffer _sack;
    private int _sackBlocks;
    private bool _knowsFlight;
    private bool _pushed;

    internal bool SentSyn { get; set; }
    internal bool SentSynAck { get; set; }

    /// <summary>Its first sequence number, that of the SYN: seen, or guessed from the first segment or the first ACK of it.</summary>
    internal uint Base { get; private set; }
    internal bool HasBase { get; private set; }

    /// <summary>The highest sequence number after a segment, who had it and when.</summary>
    internal uint Next { get; private set; }
    internal bool HasNext { get; private set; }
    internal long NextTime { get; private set; }

    /// <summary>How far the other side can have acknowledged: the end of what was seen without a gap.</summary>
    internal uint MaxToAck { get; private set; }
    internal bool HasMaxToAck { get; private set; }

    /// <summary>The acknowledgment number and window of its latest segment.</summary>
    internal uint Acknowledgment { get; private set; }
    internal bool HasAck { get; private set; }
    internal long AckTime { get; private set; }
    internal int Window { get; private set; }
    internal bool HasWindow { get; private set; }
    internal bool WindowIsOfSyn { get; private set; }

    /// <summary>The window's shift, or that there is none or it is not known.</summary>
    internal int WindowShift { get; set; } = UnknownScale;

    /// <summary>What the window is multiplied by, or that it is not known or not scaled.</summary>
    internal int Multiplier => WindowShift >= 0 ? 1 << WindowShift : WindowShift;

    /// <summary>How often the ACK was repeated, and which packet had it first.</summary>
    internal int DuplicateAcks { get; private set; }
    internal long FirstAckPacket { get; private set; }

    /// <summary>What its latest segment was.</summary>
    internal TcpAnalysis Latest { get; private set; }

    internal long BytesInFlight => _knowsFlight ? _unacknowledged.Span : 0;
    internal long BytesSincePush { get; private set; }

    internal void Begin(in TcpSegment segment)
    {
        if (HasBase) return;
        HasBase = true;
        Base = segment.IsSyn ? segment.Sequence : segment.Sequence - 1; // so that the first segment has number 1
    }

    /// <summary>Guesses the first sequence number from an ACK; a flight is known from here on.</summary>
    internal void BeginFromAck(uint acknowledgment)
    {
        _knowsFlight = true;
        if (HasBase) return;
        HasBase = true;
        Base = acknowledgment - 1;
    }

    /// <summary>A window in bytes; that of a SYN is not scaled.</summary>
    internal long Scale(int window, bool isOfSyn) => isOfSyn || WindowShift < 0 ? window : (long)window << WindowShift;

    /// <summary>Takes the segment into account, after it was judged.</summary>
    internal void Remember(in TcpSegment segment, TcpAnalysis analysis)
    {
        if ((analysis & TcpAnalysis.LostSegment) != 0) _knowsFlight = false;
        CountAcks(segment, analysis);
        bool isProbe = (analysis & TcpAnalysis.ZeroWindowProbe) != 0; // its byte is not sent as long as the window is 0
        if (segment.TakesSequence) _unacknowledged.Add(new SentSegment(segment.Sequence, segment.Next, segment.Number, segment.Time));
        if (!isProbe) RememberSequence(segment);
        if (segment.Length > 0) BytesSincePush = (_pushed ? 0 : BytesSincePush) + segment.Length;
        if (segment.Length > 0) _pushed = (segment.Flags & TcpFlags.Psh) != 0;
        Window = segment.Window;
        HasWindow = true;
        WindowIsOfSyn = segment.IsSyn;
        Acknowledgment = segment.Acknowledgment;
        HasAck = segment.HasAck;
        AckTime = segment.Time;
        Latest = analysis;
    }

    /// <summary>Keeps the SACK blocks of a segment that has some.</summary>
    internal void RememberSack(ReadOnlySpan<byte> options)
    {
        if (options.IsEmpty) return;
        int count = 0;
        foreach (SackBlock block in TcpOptions.ReadSackBlocks(options))
        {
            if (count < MaxSackBlocks) _sack[count++] = (block.Left, block.Right);
        }
        if (count > 0) _sackBlocks = count;
    }

    /// <summary>Whether this side told of later data by SACK, and that it has not this.</summary>
    internal bool LacksInSack(uint sequence)
    {
        for (int i = 0; i < _sackBlocks; i++)
        {
            if (!sequence.IsBefore(_sack[i].Left) && sequence.IsBefore(_sack[i].Right)) return false;
        }
        return _sackBlocks > 0;
    }

    /// <summary>Takes the other side's ACK into account; the time since the segment that it answers.</summary>
    internal long? Acknowledge(in TcpSegment segment, out long acknowledged)
    {
        acknowledged = 0;
        if (!segment.HasAck) return null;
        if (TcpJudge.AcksUnseen(this, segment)) MaxToAck = segment.Acknowledgment;
        return _unacknowledged.Acknowledge(segment.Acknowledgment, out SentSegment answered) && (acknowledged = answered.Number) >= 0 ? segment.Time - answered.Time : null;
    }

    /// <summary>Whether all of the segment's numbers were sent before in one segment that is not acknowledged yet.</summary>
    internal bool WasSent(in TcpSegment segment) => _unacknowledged.Covers(segment.Sequence, segment.Sequence + (uint)segment.Length);

    /// <summary>The time since the same numbers were sent first, or since the latest new data where that was not seen.</summary>
    internal long? SinceOriginal(in TcpSegment segment, out long original)
    {
        if (_unacknowledged.TryFind(segment.Sequence, out SentSegment sent))
        {
            original = sent.Number;
            return segment.Time - sent.Time;
        }
        original = 0;
        return null;
    }

    private void CountAcks(in TcpSegment segment, TcpAnalysis analysis)
    {
        if ((analysis & TcpAnalysis.DuplicateAck) != 0) DuplicateAcks++;
        if (HasAck && segment.Acknowledgment == Acknowledgment) return;
        FirstAckPacket = segment.Number;
        DuplicateAcks = 0;
    }

    private void RememberSequence(in TcpSegment segment)
    {
        if (!HasNext || segment.Next.IsAfter(Next))
        {
            Next = segment.Next;
            NextTime = segment.Time;
            HasNext = true;
        }
        if (HasMaxToAck && segment.Sequence != MaxToAck) return;
        MaxToAck = Next;
        HasMaxToAck = true;
    }

    [System.Runtime.CompilerServices.InlineArray(MaxSackBlocks)]
    private struct SackBuffer
    {
        private (uint Left, uint Right) _first;
    }
}
