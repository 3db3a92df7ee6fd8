using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.TcpParts;

/// <summary>F-RTO (RFC 5682), Eifel (RFC 3522) and DSACK (RFC 3708), together with the scoreboard.</summary>
public sealed class SpuriousLossTests
{
    private const int Mss = 1000;
    private static readonly SequenceNumber First = new(1000);

    private readonly SackScoreboard _board = new(First);
    private RackLossDetector _rack;
    private FrtoDetector _frto;
    private UndoDetector _undo;

    private void Timeout(int segments)
    {
        for (int i = 0; i < segments; i++) _board.OnSent(Mss, Mss, Instant.FromMilliseconds(i), 100 + (uint)i);
        _undo.Begin(_board.Unacknowledged, _board.Next);
        _frto.OnTimeout(_board.Next, isRepeated: false);
        _board.OnRetransmissionTimeout(null, Instant.FromSeconds(1));
        Retransmit(First);
    }

    private void Retransmit(SequenceNumber start)
    {
        _board.OnRetransmitted(start, Mss, Mss, Instant.FromSeconds(1), 1000);
        _undo.OnRetransmitted(Mss, 1000);
    }

    private AckOutcome Ack(int segments, params (int From, int To)[] sacked) => _board.OnAck(
        new AckFacts { Acknowledgement = First + segments * Mss, Now = Instant.FromMilliseconds(1100) },
        [.. sacked.Select(s => new SackBlock((First + s.From * Mss).Value, (First + s.To * Mss).Value))], ref _rack);

    private RecoveryVerdict Frto(AckOutcome outcome, bool isDuplicate = false) => _frto.OnAck(_board.Unacknowledged, outcome, isDuplicate);

    [Fact]
    public void A_delayed_window_is_found_spurious_by_the_second_ACK()
    {
        Timeout(6);
        Assert.Equal(RecoveryVerdict.SendNewData, Frto(Ack(1))); // the retransmitted segment: no proof yet
        _board.OnSent(2 * Mss, Mss, Instant.FromSeconds(1), 1001);
        Assert.Equal(RecoveryVerdict.Spurious, Frto(Ack(2))); // never sent again, so it was only late
        Assert.False(_frto.IsActive);
    }

    [Fact]
    public void An_ACK_that_covers_an_original_is_proof_if_the_peer_SACKs()
    {
        Timeout(6);
        Ack(0, (4, 5));
        Assert.Equal(RecoveryVerdict.Spurious, Frto(Ack(2)));
    }

    [Fact]
    public void Without_SACK_what_waited_for_the_retransmission_is_no_proof()
    {
        Timeout(6); // the first was lost, the others waited at the peer
        Assert.Equal(RecoveryVerdict.SendNewData, Frto(Ack(5)));
        _board.OnSent(2 * Mss, Mss, Instant.FromSeconds(1), 1001);
        Assert.Equal(RecoveryVerdict.Spurious, Frto(Ack(6))); // this one was only late
    }

    [Fact]
    public void A_SACK_of_an_original_is_proof_too()
    {
        Timeout(6);
        Assert.Equal(RecoveryVerdict.Spurious, Frto(Ack(0, (3, 4)), isDuplicate: true));
    }

    [Fact]
    public void A_SACK_of_the_new_data_alone_shows_that_the_rest_was_lost()
    {
        Timeout(6);
        Assert.Equal(RecoveryVerdict.SendNewData, Frto(Ack(1)));
        _board.OnSent(2 * Mss, Mss, Instant.FromSeconds(1), 1001);
        Assert.Equal(RecoveryVerdict.Open, Frto(Ack(1, (6, 7)), isDuplicate: true));
        Assert.False(_frto.IsActive);
    }

    [Fact]
    public void Without_new_data_or_after_a_second_timeout_there_is_no_verdict()
    {
        Timeout(6);
        Assert.Equal(RecoveryVerdict.SendNewData, Frto(Ack(1)));
        _frto.OnNothingToSend();
        Assert.Equal(RecoveryVerdict.Open, Frto(Ack(2)));
        _frto.OnTimeout(_board.Next, isRepeated: true);
        Assert.Equal(RecoveryVerdict.Open, Frto(Ack(3)));
    }

    [Fact]
    public void An_ACK_of_everything_ends_the_watch()
    {
        Timeout(1);
        Assert.Equal(RecoveryVerdict.Open, Frto(Ack(1)));
        Assert.False(_frto.IsActive);
    }

    [Theory]
    [InlineData(105u, true)] // sent before the first retransmission
    [InlineData(1000u, false)]
    [InlineData(1005u, false)]
    [InlineData(null, false)]
    public void The_echoed_time_stamp_tells_the_original_from_the_retransmission(uint? echo, bool isSpurious)
    {
        Timeout(4);
        Assert.Equal(isSpurious ? RecoveryVerdict.Spurious : RecoveryVerdict.Open, _undo.OnAck(Ack(1), echo));
        Assert.Equal(!isSpurious, _undo.IsActive);
    }

    [Fact]
    public void A_late_segment_does_not_excuse_a_loss_whose_repair_is_still_out()
    {
        Timeout(4);
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(Ack(1), 105, isRepairOut: true));
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(Ack(2), 1000)); // the repair's own echo
        Assert.True(_undo.IsActive);
    }

    [Fact]
    public void A_DSACK_for_all_that_was_sent_again_is_proof()
    {
        Timeout(4);
        Retransmit(First + Mss);
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(Ack(4), null));
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(Ack(4, (0, 1)), null));
        Assert.Equal(RecoveryVerdict.Spurious, _undo.OnAck(Ack(4, (1, 2)), null));
    }

    [Fact]
    public void A_DSACK_of_an_earlier_retransmission_is_no_proof()
    {
        Timeout(4);
        _undo.Begin(First, _board.Next, retransmitted: Mss); // a timeout follows
        Retransmit(First);
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(Ack(4, (0, 1)), null));
        Assert.Equal(RecoveryVerdict.Spurious, _undo.OnAck(Ack(4, (0, 1)), null));
    }

    [Fact]
    public void A_DSACK_for_something_else_is_none()
    {
        Timeout(4);
        AckOutcome old = new() { HasDuplicateSack = true, DuplicateStart = First - 5 * Mss, DuplicateEnd = First - 4 * Mss };
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(old, null));
        _undo.Cancel();
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(Ack(1), 105));
    }

    [Fact]
    public void Before_anything_was_sent_again_there_is_nothing_to_take_back()
    {
        _board.OnSent(Mss, Mss, Instant.Zero, 0);
        _undo.Begin(_board.Unacknowledged, _board.Next);
        Assert.Equal(RecoveryVerdict.Open, _undo.OnAck(Ack(1), 0));
    }
}
