namespace NetStack.Testing;

/// <summary>Drops the next frames of a kind.</summary>
internal sealed class DropFault(NetworkFlow flow, SegmentKind kind, int times, int skip) : FlowFault(flow)
{
    private int _left = times;
    private int _skip = skip;

    internal override void OnFrame(ref GateFrame frame)
    {
        if (IsSpent || (KindOf(frame.Seen) & kind) == 0 || _skip-- > 0) return;
        frame.Drop($"the fault on {kind}");
        IsSpent = --_left == 0;
    }

    private static SegmentKind KindOf(in SeenFrame seen)
    {
        if (!seen.IsTcp) return SegmentKind.Other;
        SegmentKind kinds = 0;
        if (seen.IsSyn) kinds |= SegmentKind.Syn;
        if (seen.IsSynAck) kinds |= SegmentKind.SynAck;
        if (seen.IsFin) kinds |= SegmentKind.Fin;
        if (seen.IsReset) kinds |= SegmentKind.Reset;
        if (seen.PayloadLength > 0) kinds |= SegmentKind.Data;
        return kinds == 0 ? SegmentKind.Ack : kinds;
    }
}

/// <summary>Drops everything for a while.</summary>
internal sealed class PartitionFault(NetworkFlow flow, Instant from, Instant until, Side? sender) : FlowFault(flow)
{
    internal override void OnFrame(ref GateFrame frame)
    {
        IsSpent = frame.Now >= until;
        if (frame.Now < from || IsSpent || (sender is { } one && one != (frame.IsOutgoing ? Side.Client : Side.Server))) return;
        frame.Drop("partition");
    }
}

/// <summary>Answers a SYN with a reset instead of passing it on: nobody listens.</summary>
internal sealed class RefuseFault(NetworkFlow flow, int times) : FlowFault(flow)
{
    private int _left = times;

    internal override void OnFrame(ref GateFrame frame)
    {
        if (IsSpent || !frame.IsOutgoing || !frame.Seen.IsTcp || !frame.Seen.IsSyn) return;
        Span<byte> reset = stackalloc byte[FrameEdit.MaxReset];
        int length = FrameEdit.WriteReset(reset, frame.Original, frame.Seen, isBack: true, sequence: 0, acknowledgement: frame.Seen.SequenceEnd);
        frame.Gate.Inject(reset[..length], isOutgoing: false);
        Flow.Network.Connections.OnForged(frame.Seen, frame.IsOutgoing, Side.Server, frame.Now);
        frame.Drop("refused");
        IsSpent = --_left == 0;
    }
}

/// <summary>A fault at a place in the byte stream of a connection: before it bytes pass in order, behind it none does.</summary>
internal abstract class StreamFault(NetworkFlow flow, Side sender, long after, int times) : FlowFault(flow)
{
    private readonly Dictionary<ObservedConnection, Progress> _progress = new(ReferenceEqualityComparer.Instance);
    private int _left = times;

    internal override void OnFrame(ref GateFrame frame)
    {
        if (!frame.Seen.IsTcp || Flow.Network.Connections.Find(frame.Seen, frame.IsOutgoing) is not { } connection) return;
        if (!_progress.TryGetValue(connection, out Progress? progress))
        {
            if (_left == 0) return;
            _progress.Add(connection, progress = new Progress());
        }
        if (progress.IsDone) OnLater(ref frame, connection, progress);
        else if ((frame.IsOutgoing ? Side.Client : Side.Server) == sender && frame.Seen.PayloadLength > 0) OnData(ref frame, connection, progress);
    }

    /// <summary>Whether a frame that ends at the place reaches it; otherwise the next one does.</summary>
    protected abstract bool EndsThere { get; }

    /// <summary>The place is reached with this frame, of whose payload so many bytes lie before it.</summary>
    protected abstract void OnReached(ref GateFrame frame, ObservedConnection connection, Progress progress, int before);

    /// <summary>A frame of either direction, behind the place.</summary>
    protected abstract void OnLater(ref GateFrame frame, ObservedConnection connection, Progress progress);

    private void OnData(ref GateFrame frame, ObservedConnection connection, Progress progress)
    {
        long start = connection.Of(sender).PlaceOf(frame.Seen.Sequence);
        long end = start + frame.Seen.PayloadLength;
        if (start > progress.Passed)
        {
            frame.Drop("out of order before a fault"); // what is missing comes first, so that the place is met exactly
            return;
        }
        if (end < after || (end == after && !EndsThere))
        {
            progress.Passed = Math.Max(progress.Passed, end);
            return;
        }
        progress.Passed = after;
        progress.IsDone = true;
        if (_left > 0) _left--;
        OnReached(ref frame, connection, progress, (int)Math.Max(0, after - start));
    }

    internal sealed class Progress
    {
        /// <summary>Bytes that passed in order.</summary>
        internal long Passed { get; set; }

        internal bool IsDone { get; set; }

        internal Instant Until { get; set; }
    }
}

/// <summary>Resets a connection at a place in the stream, in the name of the peer, to both ends.</summary>
internal sealed class ResetFault(NetworkFlow flow, Side sender, long after, int times) : StreamFault(flow, sender, after, times)
{
    private readonly Side _sender = sender;

    protected override bool EndsThere => true;

    protected override void OnReached(ref GateFrame frame, ObservedConnection connection, Progress progress, int before)
    {
        SeenFrame seen = frame.Seen;
        Span<byte> reset = stackalloc byte[FrameEdit.MaxReset];
        uint sequence = unchecked(seen.Sequence + (uint)before);
        int length = FrameEdit.WriteReset(reset, frame.Original, seen, isBack: false, sequence, seen.Acknowledgement);
        frame.Gate.Inject(reset[..length], frame.IsOutgoing);
        // The sender is told as well. What the client expects next it has just acknowledged. The server may expect less than what the client
        // sent, which is on its way: then it challenges (RFC 5961 section 3.2), and the client, which knows of nothing any more, confirms.
        uint expected = _sender == Side.Client ? seen.Acknowledgement : connection.Of(Side.Client).End;
        length = FrameEdit.WriteReset(reset, frame.Original, seen, isBack: true, expected, null);
        frame.Gate.Inject(reset[..length], !frame.IsOutgoing);
        Flow.Network.Connections.OnForged(seen, frame.IsOutgoing, Side.Server, frame.Now);
        if (before > 0) frame.CutPayload(before);
        else frame.Drop("reset");
    }

    protected override void OnLater(ref GateFrame frame, ObservedConnection connection, Progress progress)
    {
        if (frame.Seen.PayloadLength > 0) frame.Drop("reset");
    }
}

/// <summary>Holds everything back for a while at a place in the stream.</summary>
internal sealed class StallFault(NetworkFlow flow, Side sender, long after, TimeSpan duration, int times) : StreamFault(flow, sender, after, times)
{
    protected override bool EndsThere => false;

    protected override void OnReached(ref GateFrame frame, ObservedConnection connection, Progress progress, int before)
    {
        progress.Until = frame.Now + duration;
        if (before > 0) frame.InjectCut(before);
        frame.Hold(progress.Until);
    }

    protected override void OnLater(ref GateFrame frame, ObservedConnection connection, Progress progress)
    {
        if (frame.Now < progress.Until) frame.Hold(progress.Until);
    }
}
