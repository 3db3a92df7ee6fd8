using System.Diagnostics;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.TcpParts;

/// <summary>RFC 2018, 2883, 5681, 6582, 6675 by their rules and examples.</summary>
public sealed class SackScoreboardTests
{
    private const int Mss = 500;
    private static readonly SequenceNumber First = new(5000);

    private RackLossDetector _rack;

    private static SackScoreboard Sent(int segments, int segmentsAtOnce = 1)
    {
        SackScoreboard board = new(First);
        for (int i = 0; i < segments; i += segmentsAtOnce) board.OnSent(segmentsAtOnce * Mss, Mss, Instant.FromMilliseconds(i), (uint)i);
        return board;
    }

    private AckOutcome Ack(SackScoreboard board, uint ack, params (uint Left, uint Right)[] blocks) =>
        board.OnAck(new AckFacts { Acknowledgement = new SequenceNumber(ack), Now = Instant.FromMilliseconds(100) }, [.. blocks.Select(b => new SackBlock(b.Left, b.Right))], ref _rack);

    [Fact]
    public void The_first_example_of_RFC_2018_leaves_the_first_segment_missing()
    {
        // Section 4, case 2: of eight segments from 5000 on, the first is lost.
        SackScoreboard board = Sent(8);
        for (uint right = 6000; right <= 9000; right += Mss)
        {
            AckOutcome outcome = Ack(board, 5000, (5500, right));
            Assert.Equal((0, Mss, Mss), (outcome.Acknowledged, outcome.Sacked, outcome.Delivered));
        }
        Assert.Equal(7 * Mss, board.SackedBytes);
        Assert.Equal(2, board.RangeCount);
        Assert.Equal(7, board.SackedSegments);
        Assert.Equal(Mss, board.Pipe);
    }

    [Fact]
    public void The_third_example_of_RFC_2018_keeps_every_hole()
    {
        // Section 4, case 3: the 2nd, 4th, 6th and last segments are lost.
        SackScoreboard board = Sent(8);
        Ack(board, 5500);
        Ack(board, 5500, (6000, 6500));
        Ack(board, 5500, (7000, 7500), (6000, 6500));
        Ack(board, 5500, (8000, 8500), (7000, 7500), (6000, 6500));
        Assert.Equal(3 * Mss, board.SackedBytes);
        Assert.Equal(Mss, board.MarkLostByThreshold(3, Mss)); // only the 2nd has three SACKed ranges above it
        Assert.True(board.TryGetRetransmission(Mss, out SequenceNumber start, out int length));
        Assert.Equal((5500u, Mss), (start.Value, length));
        Ack(board, 5500, (6000, 7500), (8000, 8500)); // the 4th came late
        Ack(board, 7500, (8000, 8500)); // and the 2nd too
        Assert.Equal(0, board.LostBytes);
    }

    [Fact]
    public void Blocks_outside_what_is_outstanding_are_ignored()
    {
        SackScoreboard board = Sent(4);
        foreach ((uint Left, uint Right) block in new[] { (5000u, 7500u), (4500u, 5500u), (6000u, 5500u), (6000u, 6000u), (9000u, 9500u), (5000u, 0x8000_2000u) })
        {
            AckOutcome outcome = Ack(board, 5000, block);
            Assert.Equal((0, 0, false), (outcome.Sacked, board.SackedBytes, outcome.HasDuplicateSack));
        }
        Assert.Equal(0, Ack(board, 7001, (5500, 6000)).Delivered); // acknowledges what was never sent
        Assert.Equal((First, 0), (board.Unacknowledged, board.SackedBytes));
    }

    [Fact]
    public void Blocks_of_an_old_acknowledgement_count()
    {
        SackScoreboard board = Sent(6);
        Ack(board, 6000);
        Assert.Equal(Mss, Ack(board, 5500, (7000, 7500)).Sacked);
    }

    [Theory] // RFC 2883 section 4: below the cumulative ACK, or within the second block
    [InlineData(6000u, 5500u, 6000u, 0u, 0u, true)]
    [InlineData(5000u, 6000u, 6500u, 5500u, 7000u, true)]
    [InlineData(5000u, 5500u, 6000u, 6500u, 7000u, false)]
    [InlineData(5000u, 5500u, 6000u, 0u, 0u, false)]
    public void A_duplicate_SACK_is_told_from_a_block(uint ack, uint left, uint right, uint left2, uint right2, bool isDuplicate)
    {
        SackScoreboard board = Sent(6);
        AckOutcome outcome = left2 == 0 ? Ack(board, ack, (left, right)) : Ack(board, ack, (left, right), (left2, right2));
        Assert.Equal(isDuplicate, outcome.HasDuplicateSack);
        if (isDuplicate) Assert.Equal((left, right), (outcome.DuplicateStart.Value, outcome.DuplicateEnd.Value));
    }

    [Fact]
    public void A_block_counts_for_whole_segments_only()
    {
        SackScoreboard board = Sent(8, segmentsAtOnce: 8);
        Assert.Equal(2 * Mss, Ack(board, 5000, (5900, 7200)).Sacked); // 6000 to 7000
        Assert.Equal(3, board.RangeCount);
        Assert.Equal(500, Ack(board, 5000, (8501, 9000), (8000, 8499), (8000, 8500)).Sacked);
    }

    [Fact]
    public void Loss_by_threshold_takes_three_ranges_or_more_than_two_segments_above()
    {
        SackScoreboard board = Sent(8);
        Ack(board, 5000, (5500, 6500));
        Assert.Equal(0, board.MarkLostByThreshold(3, Mss)); // two segments exactly
        Ack(board, 5000, (5500, 7000));
        Assert.Equal(Mss, board.MarkLostByThreshold(3, Mss));
        Assert.Equal(0, board.MarkLostByThreshold(3, Mss));

        SackScoreboard tiny = new(First);
        for (int i = 0; i < 8; i++) tiny.OnSent(10, 10, Instant.Zero, 0);
        Ack(tiny, 5000, (5010, 5020), (5030, 5040));
        Assert.Equal(0, tiny.MarkLostByThreshold(3, Mss));
        Ack(tiny, 5000, (5050, 5060));
        Assert.Equal(10, tiny.MarkLostByThreshold(3, Mss)); // three that do not touch, 30 bytes in all
    }

    [Fact]
    public void What_is_sent_next_follows_the_rules_of_NextSeg()
    {
        SackScoreboard board = Sent(10);
        board.BeginRecovery();
        Ack(board, 5000, (6000, 8000));
        board.MarkLostByThreshold(3, Mss);
        Assert.True(board.TryGetRetransmission(1000, out SequenceNumber start, out int length)); // rule 1
        Assert.Equal((5000u, 1000), (start.Value, length));
        board.OnRetransmitted(start, length, Mss, Instant.FromMilliseconds(101), 0);
        Assert.False(board.TryGetRetransmission(1000, out _, out _));
        Ack(board, 5000, (9000, 9500), (6000, 8000));
        Assert.True(board.TryGetSpeculative(Mss, out start, out length)); // rule 3: below the highest SACK
        Assert.Equal((8000u, Mss), (start.Value, length));
        Assert.True(board.TryGetRescue(Mss, hasFin: false, out start, out length)); // rule 4: the last outstanding one, once
        Assert.Equal((9500u, Mss), (start.Value, length));
        Assert.False(board.TryGetRescue(Mss, hasFin: false, out _, out _));
    }

    [Fact]
    public void Pipe_counts_what_is_in_the_network()
    {
        SackScoreboard board = Sent(10);
        Assert.Equal(10 * Mss, board.Pipe);
        Ack(board, 5000, (5500, 7500));
        Assert.Equal(6 * Mss, board.Pipe);
        board.MarkLostByThreshold(3, Mss);
        Assert.Equal(5 * Mss, board.Pipe);
        board.OnRetransmitted(First, Mss, Mss, Instant.FromMilliseconds(101), 0);
        Assert.Equal(6 * Mss, board.Pipe);
        Ack(board, 7500);
        Assert.Equal(5 * Mss, board.Pipe);
    }

    [Fact]
    public void A_peer_that_drops_what_it_SACKed_is_sent_all_of_it_again()
    {
        SackScoreboard board = Sent(6);
        Ack(board, 5000, (5500, 7000));
        Assert.True(Ack(board, 5500).IsReneging);
        board.OnRetransmissionTimeout(null, Instant.FromSeconds(1));
        Assert.Equal((0, 5 * Mss), (board.SackedBytes, board.LostBytes));
        Assert.True(board.TryGetRetransmission(int.MaxValue, out SequenceNumber start, out int length));
        Assert.Equal((5500u, 5 * Mss), (start.Value, length));
    }

    [Fact]
    public void A_timeout_keeps_SACKs_and_with_RACK_spares_what_was_just_sent()
    {
        SackScoreboard board = Sent(6);
        Ack(board, 5000, (6000, 6500));
        board.OnRetransmissionTimeout(null, Instant.FromSeconds(1));
        Assert.Equal((Mss, 5 * Mss), (board.SackedBytes, board.LostBytes));

        SackScoreboard young = Sent(6);
        _rack = default;
        Ack(young, 5500); // a round trip of 100 ms
        young.OnSent(Mss, Mss, Instant.FromMilliseconds(990), 0);
        young.OnRetransmissionTimeout(_rack, Instant.FromSeconds(1));
        Assert.Equal(5 * Mss, young.LostBytes);
    }

    [Fact]
    public void Without_SACK_duplicate_acknowledgements_take_from_the_pipe_and_partial_ones_give_back()
    {
        SackScoreboard board = Sent(8);
        for (int i = 0; i < 3; i++) board.OnDuplicateAck(Mss);
        Assert.Equal(5 * Mss, board.Pipe);
        Assert.Equal(Mss, board.MarkFirstLost(Mss));
        Assert.Equal(4 * Mss, board.Pipe);
        board.OnRetransmitted(First, Mss, Mss, Instant.FromMilliseconds(10), 0);
        for (int i = 0; i < 9; i++) board.OnDuplicateAck(Mss);
        Assert.Equal(Mss, board.Pipe); // no more than all but one can have left
        AckOutcome partial = Ack(board, 6000); // two segments, of which one was the hole
        Assert.Equal((2 * Mss, Mss), (partial.Acknowledged, partial.Delivered)); // the other was counted with a duplicate ACK
        Assert.Equal(0, board.LostBytes);
        Assert.Equal(Mss, board.MarkFirstLost(Mss));
        Assert.Equal(0, board.MarkFirstLost(Mss));
        board.EndRecovery();
        Assert.Equal(5 * Mss, board.Pipe);
    }

    [Fact]
    public void Two_duplicate_acknowledgements_make_room_for_two_new_segments()
    {
        SackScoreboard plain = Sent(10), sack = Sent(10); // the window is full
        for (uint i = 1; i <= 2; i++)
        {
            plain.OnDuplicateAck(Mss);
            Ack(sack, 5000, (5500, 5500 + i * Mss));
            Assert.Equal(((10 - (int)i) * Mss, (10 - (int)i) * Mss), (plain.Pipe, sack.Pipe)); // limited transmit (RFC 3042)
        }
    }

    [Fact]
    public void A_spurious_recovery_is_taken_back()
    {
        SackScoreboard board = Sent(4);
        board.OnRetransmissionTimeout(null, Instant.FromSeconds(1));
        board.OnRetransmitted(First, Mss, Mss, Instant.FromSeconds(1), 0);
        board.ClearLosses();
        Assert.Equal((0, Mss, 5 * Mss), (board.LostBytes, board.RetransmittedBytes, board.Pipe));
        Assert.False(board.TryGetRetransmission(Mss, out _, out _));
    }

    [Fact]
    public void Only_what_is_outstanding_and_not_SACKed_can_be_sent_again()
    {
        SackScoreboard board = Sent(4);
        Ack(board, 5500, (6000, 6500));
        Assert.Throws<ArgumentOutOfRangeException>(() => board.OnRetransmitted(First, Mss, Mss, Instant.Zero, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => board.OnRetransmitted(First + 2000, Mss, Mss, Instant.Zero, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => board.OnRetransmitted(First + 1000, Mss, Mss, Instant.Zero, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => board.OnRetransmitted(First + 500, 1000, Mss, Instant.Zero, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => board.OnRetransmitted(First + 500, 0, Mss, Instant.Zero, 0));
        Assert.Equal(0, board.RetransmittedBytes);
    }

    [Fact]
    public void The_number_of_ranges_is_bounded()
    {
        SackScoreboard board = new(First, maxRanges: 16);
        while (!board.IsFull) board.OnSent(10 * Mss, Mss, Instant.Zero, 0);
        Assert.Throws<InvalidOperationException>(() => board.OnSent(1, 1, Instant.Zero, 0));
        for (uint left = 5000; left < board.Next.Value; left += 2 * Mss) Ack(board, 5000, (left, left + Mss));
        Assert.InRange(board.RangeCount, 16, 2 * 16);
    }

    [Fact]
    public void A_hostile_pattern_of_SACKs_over_a_large_window_stays_cheap()
    {
        const int Segments = 20_000;
        Stopwatch clock = Stopwatch.StartNew();
        SackScoreboard board = new(First, Segments);
        for (int i = 0; i < Segments; i += 40) board.OnSent(40 * Mss, Mss, Instant.FromMilliseconds(i), 0);
        // Every second segment, from a moving place at each end: as many cuts, and as long walks, as can be had.
        int acks = 0;
        for (int i = 1; i < Segments / 2; i += 2)
        {
            uint low = (uint)(5000 + i * Mss), high = (uint)(5000 + (Segments - i) * Mss);
            Ack(board, 5000, (high, high + Mss), (low, low + Mss), (5000 + Mss, low + Mss), (5000 + Mss, low + Mss));
            board.MarkLostByThreshold(3, Mss);
            board.DetectLosses(_rack, Instant.FromMilliseconds(100), out _);
            acks++;
        }
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{acks} ACKs took {clock.Elapsed}.");
        Assert.True(board.SackedBytes > Segments / 4 * Mss);
    }

    [Fact]
    public void A_life_of_losses_allocates_nothing_once_it_is_warm()
    {
        SackScoreboard board = new(First);
        Instant now = Instant.FromSeconds(1);
        void Run()
        {
            Span<SackBlock> blocks = stackalloc SackBlock[2];
            for (int round = 0; round < 30; round++)
            {
                for (int i = 0; i < 64; i++) board.OnSent(4 * Mss, Mss, now, 0);
                SequenceNumber una = board.Unacknowledged;
                for (int i = 1; i < 30; i++)
                {
                    now += TimeSpan.FromMilliseconds(1);
                    blocks[0] = new SackBlock((una + i * 3 * Mss).Value, (una + (i * 3 + 2) * Mss).Value);
                    blocks[1] = new SackBlock((una + Mss).Value, (una + 2 * Mss).Value);
                    board.OnAck(new AckFacts { Acknowledgement = una, Now = now }, blocks, ref _rack);
                    board.MarkLostByThreshold(3, Mss);
                    board.DetectLosses(_rack, now, out _);
                    while (board.TryGetRetransmission(Mss, out SequenceNumber start, out int length)) board.OnRetransmitted(start, length, Mss, now, 0);
                }
                board.OnRetransmissionTimeout(_rack, now);
                board.OnAck(new AckFacts { Acknowledgement = board.Next, Now = now }, default, ref _rack);
            }
        }
        Assert.Equal(0, Allocations.Of(Run));
        Assert.Equal((0, 0), (board.RangeCount, board.Pipe));
    }

    [Fact]
    public void The_delivery_rate_is_bytes_over_the_time_they_took()
    {
        // 10 segments leave at 0, 1, … 9 ms and are acknowledged one by one at 100, 110, … 190 ms: 500 bytes in 10 ms.
        SackScoreboard board = Sent(10);
        AckOutcome outcome = default;
        for (int i = 0; i < 10; i++)
        {
            AckFacts facts = new() { Acknowledgement = First + (i + 1) * Mss, Now = Instant.FromMilliseconds(100 + 10 * i) };
            outcome = board.OnAck(facts, default, ref _rack);
        }
        Assert.Equal(10 * Mss, board.Delivered);
        Assert.Equal(10L * Mss, outcome.RateBytes);
        Assert.Equal(TimeSpan.FromMilliseconds(190), outcome.RateInterval);
        Assert.False(outcome.IsRateAppLimited);
        board.OnAppLimited();
        board.OnSent(Mss, Mss, Instant.FromMilliseconds(200), 0);
        outcome = board.OnAck(new AckFacts { Acknowledgement = board.Next, Now = Instant.FromMilliseconds(300) }, default, ref _rack);
        Assert.True(outcome.IsRateAppLimited);
        Assert.Equal(((long)Mss, TimeSpan.FromMilliseconds(100)), (outcome.RateBytes, outcome.RateInterval));
    }
}
