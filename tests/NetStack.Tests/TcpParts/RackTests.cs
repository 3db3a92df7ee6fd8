using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.TcpParts;

/// <summary>RFC 8985: RACK and the tail loss probe.</summary>
public sealed class RackTests
{
    private const int Mss = 1000;
    private static readonly SequenceNumber First = new(uint.MaxValue - 2000);

    private readonly SackScoreboard _board = new(First);
    private RackLossDetector _rack;
    private RttEstimator _rtt = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(1));

    private static Instant At(double ms) => new((long)(ms * 1e6));

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);

    private void Send(params double[] atMs)
    {
        foreach (double ms in atMs) _board.OnSent(Mss, Mss, At(ms), (uint)ms);
    }

    private AckOutcome Ack(double atMs, int segments, uint? echo, params int[] sacked)
    {
        AckFacts facts = new() { Acknowledgement = First + segments * Mss, Now = At(atMs), TimestampEcho = echo, MinimumRoundTrip = _rtt.Minimum };
        return _board.OnAck(facts, [.. sacked.Select(s => new SackBlock((First + s * Mss).Value, (First + (s + 1) * Mss).Value))], ref _rack);
    }

    private int Detect(double atMs, out Instant? due, bool dsack = false, bool inRecovery = false)
    {
        _rack.UpdateWindow(_board.Unacknowledged, _board.Next, dsack, inRecovery, _board.SackedSegments, _rtt);
        return _board.DetectLosses(_rack, At(atMs), out due);
    }

    [Fact]
    public void A_segment_is_lost_when_one_sent_later_by_more_than_the_window_arrived()
    {
        // Section 3.4's picture: three segments, the second and third arrive.
        _rtt.OnSample(Ms(100), Instant.Zero);
        Send(0, 10, 50);
        Ack(110, 0, null, 1);
        Assert.Equal(0, Detect(110, out Instant? due));
        Assert.Equal(At(0 + 100 + 25), due); // sent, plus RACK.rtt, plus a quarter of the least round trip
        Assert.Equal(Mss, Detect(125, out due));
        Assert.Null(due);
    }

    [Fact]
    public void A_recovery_that_proved_spurious_gives_late_segments_a_window()
    {
        _rtt.OnSample(Ms(100), Instant.Zero);
        Send(0, 1, 2, 3);
        Ack(103, 0, null, 1, 2, 3);
        _rack.OnReordering();
        Assert.Equal(0, Detect(103, out Instant? due));
        Assert.Equal(At(0 + 100 + 25), due);
    }

    [Fact]
    public void Without_reordering_three_SACKed_segments_or_recovery_leave_no_window()
    {
        _rtt.OnSample(Ms(100), Instant.Zero);
        Send(0, 1, 2, 3);
        Ack(101, 0, null, 1, 2);
        Assert.Equal(0, Detect(101, out _));
        Ack(103, 0, null, 3);
        Assert.Equal(Mss, Detect(103, out _));
        Assert.Equal(TimeSpan.Zero, _rack.Window);
    }

    [Fact]
    public void Reordering_that_was_seen_keeps_the_window_open()
    {
        _rtt.OnSample(Ms(100), Instant.Zero);
        Send(0, 1, 2, 3, 4);
        Ack(102, 0, null, 2);
        Ack(103, 2, null); // the first two arrive late, never sent again
        Assert.True(_rack.IsReorderingSeen);
        Ack(104, 3, null, 4);
        Detect(104, out Instant? due, inRecovery: true);
        Assert.Equal(Ms(25), _rack.Window);
        Assert.Equal(At(3 + 100 + 25), due);
    }

    [Fact]
    public void A_lost_retransmission_is_found()
    {
        _rtt.OnSample(Ms(100), Instant.Zero);
        Send(0, 1, 2, 3, 4, 5);
        Ack(105, 0, null, 3, 4, 5);
        Assert.Equal(3 * Mss, Detect(105, out _));
        _board.OnRetransmitted(First, Mss, Mss, At(105), 105);
        _board.OnRetransmitted(First + Mss, Mss, Mss, At(106), 106);
        Assert.Equal(Mss, _board.WaitingBytes);
        Ack(206, 0, 106, 1, 3, 4, 5); // the second retransmission arrives, the first does not
        Assert.Equal(Mss, Detect(206, out _, inRecovery: true));
        Assert.Equal(2 * Mss, _board.WaitingBytes);
        Assert.True(_board.TryGetRetransmission(Mss, out SequenceNumber start, out _));
        Assert.Equal(First, start);
    }

    [Theory] // section 6.2 step 2: the ACK may be of the original
    [InlineData(50u, 200.0, false)] // by the echoed time stamp
    [InlineData(null, 110.0, false)] // by a round trip below the least one
    [InlineData(105u, 206.0, true)]
    [InlineData(null, 206.0, true)]
    public void An_acknowledged_retransmission_counts_only_if_it_was_not_spurious(uint? echo, double atMs, bool counts)
    {
        _rtt.OnSample(Ms(90), Instant.Zero);
        Send(0, 1);
        _board.MarkFirstLost(Mss);
        _board.OnRetransmitted(First, Mss, Mss, At(105), 105);
        Ack(atMs, 1, echo);
        Assert.Equal(counts, _rack.HasSegment);
        if (counts) Assert.Equal((At(105), Ms(101)), (_rack.SentAt, _rack.RoundTrip));
    }

    [Fact]
    public void Each_round_with_a_duplicate_SACK_widens_the_window_up_to_the_smoothed_round_trip()
    {
        _rtt.OnSample(Ms(100), Instant.Zero);
        Send(0, 1, 2, 3);
        Detect(10, out _, dsack: true);
        Assert.Equal(Ms(50), _rack.Window);
        Detect(11, out _, dsack: true); // in the same round
        Assert.Equal(Ms(50), _rack.Window);
        for (int round = 0; round < 5; round++)
        {
            Ack(100, _board.Outstanding / Mss + (_board.Unacknowledged - First) / Mss, null);
            Send(100);
            Detect(100, out _, dsack: true);
        }
        Assert.Equal(7, _rack.Multiplier);
        Assert.Equal(Ms(100), _rack.Window); // min(7 × 100 / 4, SRTT)
        for (int i = 0; i < 15; i++) _rack.OnRecoveryEnded();
        Assert.Equal(7, _rack.Multiplier);
        _rack.OnRecoveryEnded();
        Assert.Equal(1, _rack.Multiplier);
    }

    [Fact]
    public void The_timer_of_very_many_candidates_is_never_early()
    {
        _rtt.OnSample(Ms(100), Instant.Zero);
        Send([.. Enumerable.Range(0, 1000).Select(i => i / 100.0)]);
        Ack(110, 0, null, 999);
        Assert.Equal(0, Detect(100, out Instant? due));
        Assert.True(due >= At(9.98 + 100 + 25));
        Assert.Equal(999 * Mss, Detect(due!.Value.Nanoseconds / 1e6, out _));
    }

    [Theory] // section 7.2
    [InlineData(100.0, false, 10_000.0, 200.0)]
    [InlineData(100.0, true, 10_000.0, 400.0)]
    [InlineData(0.0, true, 10_000.0, 1000.0)]
    [InlineData(100.0, false, 150.0, 150.0)]
    public void A_probe_is_due_after_two_round_trips_but_before_the_retransmission(double rtt, bool isOne, double rto, double expected)
    {
        if (rtt > 0) _rtt.OnSample(Ms(rtt), Instant.Zero);
        Assert.Equal(At(expected), TailLossProbe.TimeoutAt(Instant.Zero, _rtt, isOne, TailLossProbe.DefaultMaximumAckDelay, At(rto)));
    }

    [Theory] // section 7.4.2
    [InlineData(true, 3, false, false, true, false)] // TLP.end_seq acknowledged and more: the probe repaired a loss
    [InlineData(true, 2, true, false, false, false)] // a DSACK for it: the original had arrived
    [InlineData(true, 2, false, true, false, false)] // a plain duplicate ACK: likewise
    [InlineData(true, 2, false, false, false, true)] // the first ACK of it: not known yet
    [InlineData(false, 3, false, false, false, false)] // new data: no loss to hide
    [InlineData(true, 1, false, false, false, true)]
    public void A_probe_that_repaired_a_loss_is_found_out(bool isRetransmission, int acked, bool hasDsack, bool isPlain, bool isLoss, bool staysOut)
    {
        TailLossProbe probe = new();
        SequenceNumber end = First + 2 * Mss;
        probe.OnProbeSent(end, isRetransmission);
        AckOutcome outcome = new() { HasDuplicateSack = hasDsack, DuplicateStart = end - Mss, DuplicateEnd = end };
        Assert.Equal(isLoss, probe.OnAck(First + acked * Mss, outcome, isPlain));
        Assert.Equal(staysOut, probe.IsOutstanding);
    }
}
