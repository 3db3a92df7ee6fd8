namespace NetStack.Analysis;

/// <summary>
/// The rules that Wireshark's User's Guide gives under "TCP Analysis", in the order in which they take precedence. They look at both
/// sides as they were before the segment.
/// </summary>
internal static class TcpJudge
{
    private const long FastLimit = 20_000_000; // 20 ms after the duplicate ACK
    private const long OvertakenLimit = 3_000_000; // 3 ms, where the round trip is not known

    /// <summary>What the segment is by its own direction's numbers; repetitions of data are not looked at.</summary>
    internal static TcpAnalysis Forward(TcpFlowSide from, TcpFlowSide to, in TcpSegment segment)
    {
        if (segment.Length == 1 && from.HasNext && segment.Sequence == from.Next && to.HasWindow && to.Window == 0) return TcpAnalysis.ZeroWindowProbe;
        TcpAnalysis analysis = TcpAnalysis.None;
        if (segment.Window == 0 && !segment.IsControl) analysis |= TcpAnalysis.ZeroWindow;
        if (from.HasNext && segment.Sequence.IsAfter(from.Next) && !segment.IsReset) analysis |= TcpAnalysis.LostSegment;
        if (segment.IsControl) return analysis;

        if (from.HasNext && segment.Length <= 1 && segment.Sequence == from.Next - 1) analysis |= TcpAnalysis.KeepAlive;
        if (segment.Length > 0) return FillsWindow(to, segment) ? analysis | TcpAnalysis.WindowFull : analysis;
        if (from.HasNext && segment.Sequence == from.Next && from.HasAck && segment.Acknowledgment == from.Acknowledgment)
            analysis |= SameNumbers(from, to, segment.Window);
        return analysis;
    }

    /// <summary>Whether the segment acknowledges what the other side was not seen to send.</summary>
    internal static bool AcksUnseen(TcpFlowSide to, in TcpSegment segment) =>
        segment.HasAck && to.HasMaxToAck && segment.Acknowledgment.IsAfter(to.MaxToAck);

    /// <summary>Which kind of repetition a segment is whose sequence numbers are not new.</summary>
    internal static TcpAnalysis Repetition(TcpFlowSide from, TcpFlowSide to, in TcpSegment segment, TcpAnalysis so, long? roundTrip)
    {
        if (!segment.TakesSequence || (so & TcpAnalysis.KeepAlive) != 0) return TcpAnalysis.None;
        if (segment.Length > 0 && to.HasAck && !(segment.Sequence + (uint)segment.Length).IsAfter(to.Acknowledgment))
            return TcpAnalysis.SpuriousRetransmission;
        bool isNew = !from.HasNext || !segment.Sequence.IsBefore(from.Next);
        bool followsProbe = segment.Length > 1 && segment.Sequence == from.Next - 1; // more than was probed with: new data
        if (isNew || followsProbe) return TcpAnalysis.None;
        if (IsFast(to, segment)) return TcpAnalysis.FastRetransmission;
        long sinceNewest = segment.Time - from.NextTime;
        bool isSoon = sinceNewest >= 0 && sinceNewest < (roundTrip ?? OvertakenLimit);
        if (isSoon && segment.Next != from.Next && !from.WasSent(segment)) return TcpAnalysis.OutOfOrder;
        return TcpAnalysis.Retransmission;
    }

    /// <summary>A segment without data that repeats sequence and acknowledgment number of the one before.</summary>
    private static TcpAnalysis SameNumbers(TcpFlowSide from, TcpFlowSide to, int window)
    {
        if (window != from.Window) return window == 0 ? TcpAnalysis.None : TcpAnalysis.WindowUpdate;
        if (window == 0) return (to.Latest & TcpAnalysis.ZeroWindowProbe) != 0 ? TcpAnalysis.ZeroWindowProbeAck : TcpAnalysis.None;
        return (to.Latest & TcpAnalysis.KeepAlive) != 0 ? TcpAnalysis.KeepAliveAck : TcpAnalysis.DuplicateAck;
    }

    private static bool FillsWindow(TcpFlowSide to, in TcpSegment segment) =>
        to.WindowShift != TcpFlowSide.UnknownScale && to.HasAck && segment.Next == to.Acknowledgment + (uint)to.Scale(to.Window, to.WindowIsOfSyn);

    private static bool IsFast(TcpFlowSide to, in TcpSegment segment)
    {
        long sinceAck = segment.Time - to.AckTime;
        if (to.DuplicateAcks < 2 || sinceAck < 0 || sinceAck >= FastLimit) return false;
        return segment.Sequence == to.Acknowledgment || to.LacksInSack(segment.Sequence);
    }
}
