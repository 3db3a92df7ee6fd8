using NetStack.Tcp;
using NetStack.Tcp.Congestion;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Timeouts, duplicate ACKs, SACK, RACK, tail loss probes, and undoing what was not needed.</summary>
public sealed class RetransmissionTests
{
    private const int Mss = 1000;
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(100);

    private static TcpConnection Sending(Rig rig, Offer offer, int segments)
    {
        TcpConnection connection = rig.Connected(offer, Mss + (offer.HasFlag(Offer.Timestamps) ? 12 : 0), roundTrip: RoundTrip);
        Assert.Equal(segments * Mss, connection.Write(Rig.Bytes(segments * Mss)));
        return connection;
    }

    private static uint[] Sequences(Rig rig)
    {
        rig.Pump();
        uint[] sequences = [.. rig.Ip.Sent.Where(s => s.Data.Length > 0).Select(s => s.Header.Sequence - rig.OurIss)];
        rig.DropOut();
        return sequences;
    }

    [Fact, Rfc(6298, "5"), Rfc(9293, "3.8.1", "MUST-19", "MUST-20")]
    public void The_timeout_doubles_and_the_connection_times_out()
    {
        Rig rig = new(s => s with { Retries = 4 });
        TcpConnection connection = Sending(rig, Offer.None, 1);
        Instant start = rig.Now;
        rig.Advance(TimeSpan.FromSeconds(100));
        double[] gaps = [.. rig.Ip.Sent.Zip(rig.Ip.Sent.Skip(1), (a, b) => (b.At - a.At).TotalMilliseconds)];
        Assert.Equal([300, 600, 1200, 2400], gaps); // SRTT 100 + 4 * RTTVAR 50, bounded below
        Assert.All(rig.Ip.Sent, s => Assert.Equal(1u, s.Header.Sequence - rig.OurIss));
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
        Assert.Equal(TcpEvents.SoftError | TcpEvents.Closed, rig.TakeEvents());
        connection.Close();
        rig.DropOut();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.8.1", "MUST-18"), Rfc(6298, "3 Karn")]
    public void An_ack_of_what_was_sent_again_gives_no_sample_without_timestamps()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.None, 1);
        rig.Advance(RoundTrip);
        rig.DropOut();
        rig.Advance(1000);
        rig.DropOut();
        TimeSpan before = connection.Info.SmoothedRtt;
        rig.In(Ack, 1, Mss + 1);
        Assert.Equal(before, connection.Info.SmoothedRtt);
        Assert.Equal(0, connection.Info.Backoff);
    }

    [Fact, Rfc(7323, "4.1")]
    public void With_timestamps_every_ack_that_advances_gives_a_sample()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Timestamps, 1);
        rig.Advance(1000);
        rig.DropOut(); // the peer echoes the newest, sent just now
        rig.Now += TimeSpan.FromMilliseconds(40);
        TimeSpan before = connection.Info.SmoothedRtt;
        rig.In(Ack, 1, Mss + 1);
        Assert.NotEqual(before, connection.Info.SmoothedRtt);
    }

    [Fact, Rfc(5681, "3.2")]
    public void Three_duplicate_acks_send_the_first_segment_again()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.None, 8);
        Assert.Equal(8, Sequences(rig).Length);
        rig.In(Ack, 1, 1);
        rig.In(Ack, 1, 1);
        Assert.Empty(Sequences(rig));
        rig.In(Ack, 1, 1);
        Assert.Equal([1u], Sequences(rig));
        Assert.Equal(CongestionState.Recovery, connection.Info.CongestionState);
        rig.In(Ack, 1, 8 * Mss + 1);
        Assert.Equal(CongestionState.Open, connection.Info.CongestionState);
        Assert.Equal(1, rig.Layer.Counters.FastRecoveries);
    }

    [Fact, Rfc(6582, "3.2")]
    public void A_partial_ack_sends_the_next_hole_again()
    {
        Rig rig = new();
        Sending(rig, Offer.None, 8);
        Sequences(rig);
        for (int i = 0; i < 3; i++) rig.In(Ack, 1, 1);
        Assert.Equal([1u], Sequences(rig));
        rig.In(Ack, 1, 3 * Mss + 1);
        Assert.Equal([(uint)(3 * Mss + 1)], Sequences(rig));
    }

    [Fact, Rfc(3042, "2")]
    public void The_first_two_duplicate_acks_let_new_segments_out()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.None, 12);
        Assert.Equal(10, Sequences(rig).Length);
        Assert.Equal(12 * Mss, connection.Info.BytesQueued);
        rig.In(Ack, 1, 1);
        Assert.Equal([(uint)(10 * Mss + 1)], Sequences(rig));
        rig.In(Ack, 1, 1);
        Assert.Equal([(uint)(11 * Mss + 1)], Sequences(rig));
    }

    [Fact, Rfc(6675, "4"), Rfc(2018, "5")]
    public void Without_rack_three_sacked_segments_make_a_hole_lost()
    {
        Rig rig = new(s => s with { Rack = false });
        Sending(rig, Offer.Sack, 8);
        Sequences(rig);
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 2001)));
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 3001)));
        Assert.Empty(Sequences(rig));
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 4001)));
        Assert.Equal([1u], Sequences(rig));
    }

    [Fact, Rfc(8985, "6.2")]
    public void With_rack_a_sack_of_later_segments_makes_a_hole_lost_after_the_reordering_window()
    {
        Rig rig = new();
        Sending(rig, Offer.Sack, 8);
        Sequences(rig);
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 2001)));
        Assert.Empty(Sequences(rig)); // a quarter of the least round trip is granted
        rig.Advance(30);
        Assert.Equal([1u], Sequences(rig));
    }

    [Fact, Rfc(8985, "6.2")]
    public void With_rack_three_sacked_segments_make_a_hole_lost_at_once()
    {
        Rig rig = new();
        Sending(rig, Offer.Sack, 8);
        Sequences(rig);
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 4001)));
        Assert.Equal([1u], Sequences(rig));
    }

    [Fact, Rfc(8985, "6.2")]
    public void Rack_finds_a_lost_retransmission()
    {
        Rig rig = new();
        Sending(rig, Offer.Sack, 12);
        Assert.Equal(10, Sequences(rig).Length);
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 4001)));
        Assert.Equal(1u, Sequences(rig).First());
        rig.Now += TimeSpan.FromMilliseconds(50);
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 10001)));
        Assert.Equal([10_001u, 11_001u], Sequences(rig)); // sent after the retransmission
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 12001)));
        Assert.Equal([1u], Sequences(rig));
    }

    [Fact, Rfc(8985, "7.3")]
    public void A_lost_tail_is_probed_after_two_round_trips()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack, 4);
        Sequences(rig);
        rig.Advance(199);
        Assert.Empty(Sequences(rig));
        rig.Advance(2);
        Assert.Equal([3001u], Sequences(rig)); // the last segment
        Assert.Equal(1, rig.Layer.Counters.TailLossProbes);
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((3001, 4001)));
        rig.Advance(30);
        Assert.Equal(1u, Sequences(rig).First());
        Assert.Equal(CongestionState.Recovery, connection.Info.CongestionState);
    }

    [Fact, Rfc(8985, "7.3")]
    public void A_probe_sends_new_data_if_there_is_some()
    {
        Rig rig = new();
        Sending(rig, Offer.Sack, 11);
        Assert.Equal(10, Sequences(rig).Length);
        rig.Advance(201);
        Assert.Equal([10_001u], Sequences(rig));
    }

    [Fact, Rfc(8985, "7.4.2")]
    public void A_probe_that_repaired_a_loss_reduces_the_window()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack, 4);
        Sequences(rig);
        rig.Advance(201);
        Sequences(rig);
        long before = connection.Info.CongestionWindow;
        rig.In(Ack, 1, 4001);
        connection.Write(Rig.Bytes(Mss));
        Sequences(rig);
        rig.In(Ack, 1, 5001);
        Assert.True(connection.Info.CongestionWindow <= before);
    }

    [Fact, Rfc(5681, "3.1")]
    public void After_a_timeout_slow_start_begins_with_one_segment()
    {
        Rig rig = new(s => s with { Rack = false });
        TcpConnection connection = Sending(rig, Offer.None, 10);
        Assert.Equal(10, Sequences(rig).Length);
        rig.Advance(301);
        Assert.Equal([1u], Sequences(rig));
        Assert.Equal((CongestionState.Loss, (long)Mss), (connection.Info.CongestionState, connection.Info.CongestionWindow));
        rig.In(Ack, 1, 1001);
        Assert.Equal(2, Sequences(rig).Length);
        rig.In(Ack, 1, 10 * Mss + 1);
        Assert.Equal(CongestionState.Open, connection.Info.CongestionState);
    }

    [Fact, Rfc(5682, "3"), Rfc(3522, "3.2")]
    public void A_spurious_timeout_is_undone_by_timestamps()
    {
        Rig rig = new(s => s with { Rack = false });
        TcpConnection connection = Sending(rig, Offer.Timestamps, 10);
        Sequences(rig);
        uint first = rig.Echo;
        long before = connection.Info.CongestionWindow;
        rig.Advance(350);
        Assert.Equal(1u, Sequences(rig).First());
        rig.Echo = first; // the ACK of the original was only late
        rig.In(Ack, 1, 2001);
        Assert.True(connection.Info.CongestionWindow >= before);
        Assert.Equal(CongestionState.Open, connection.Info.CongestionState);
        Assert.Equal(1, rig.Layer.Counters.Undone);
    }

    [Fact, Rfc(3708, "2"), Rfc(2883, "5")]
    public void A_spurious_recovery_is_undone_by_a_dsack()
    {
        Rig rig = new(s => s with { Rack = false });
        TcpConnection connection = Sending(rig, Offer.Sack, 10);
        Sequences(rig);
        long before = connection.Info.CongestionWindow;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 4001)));
        Assert.Equal([1u], Sequences(rig));
        rig.In(Ack, 1, 4001);
        rig.In(Ack, 1, 4001, options: rig.Sack((1, 1001)));
        Assert.True(connection.Info.CongestionWindow >= before);
        Assert.Equal(1, rig.Layer.Counters.Undone);
        Assert.Equal(1, rig.Layer.Counters.DuplicatesReported);
    }

    [Fact, Rfc(2018, "8")]
    public void A_peer_that_drops_what_it_sacked_gets_it_again()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack, 6);
        Sequences(rig);
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 6001)));
        Sequences(rig);
        rig.In(Ack, 1, 1001); // the hole is filled, and the rest is gone
        rig.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains(1001u, Sequences(rig));
        rig.In(Ack, 1, 6001);
        Assert.Equal(0, connection.UnacknowledgedBytes);
    }

    [Fact, Rfc(6928, "2")]
    public void The_initial_window_is_ten_segments()
    {
        Rig rig = new();
        Sending(rig, Offer.None, 20);
        Assert.Equal(10, Sequences(rig).Length);
    }

    [Fact, Rfc(5681, "3.1"), Rfc(6928, "2")]
    public void After_a_lost_syn_the_first_window_is_one_segment()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.Advance(1100);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.DropOut();
        rig.In(Syn | Ack, 0, 1, options: rig.SynOptions(Offer.None, Mss));
        rig.DropOut();
        connection.Write(Rig.Bytes(5 * Mss));
        Assert.Equal([1u], Sequences(rig));
    }

    [Fact, Rfc(9293, "3.8.2", "MUST-19"), Rfc(5681, "3.1")]
    public void Slow_start_doubles_the_window_each_round_trip()
    {
        Rig rig = new(options: new TcpConnectionOptions { SendBuffer = 1 << 20, NoDelay = true });
        TcpConnection connection = rig.Connected(Offer.Scale, Mss, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(200 * Mss));
        Assert.Equal(10, Sequences(rig).Length);
        rig.Now += RoundTrip;
        for (uint i = 1; i <= 10; i++) rig.In(Ack, 1, i * Mss + 1);
        Assert.Equal(20, Sequences(rig).Length);
    }

    [Fact, Rfc(5681, "4.1")]
    public void After_idleness_the_window_is_small_again()
    {
        Rig rig = new(options: new TcpConnectionOptions { SendBuffer = 1 << 20, NoDelay = true });
        TcpConnection connection = rig.Connected(Offer.Scale, Mss, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(70 * Mss));
        for (uint i = 1; i <= 70; i++)
        {
            Sequences(rig);
            rig.In(Ack, 1, i * Mss + 1);
        }
        Assert.True(connection.Info.CongestionWindow > 20 * Mss);
        rig.Advance(TimeSpan.FromSeconds(30));
        connection.Write(Rig.Bytes(40 * Mss));
        Assert.Equal(10, Sequences(rig).Length);
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void A_fin_is_sent_again(bool isClosing)
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(roundTrip: RoundTrip);
        connection.ShutdownWrite();
        rig.Out(Fin | Ack, 1, 1);
        if (isClosing)
        {
            rig.In(Fin | Ack, 1, 1);
            rig.Out(Ack, 2, 2);
        }
        rig.Advance(310);
        rig.Out(Fin | Ack, 1, isClosing ? 2u : 1u, 0);
        rig.In(Ack, isClosing ? 2u : 1u, 2);
        Assert.Equal(isClosing ? TcpState.TimeWait : TcpState.FinWait2, connection.State);
    }

    [Fact, Rfc(9293, "3.8.2", "MAY-18")]
    public void The_congestion_control_can_be_another_one()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(options: new TcpConnectionOptions { CongestionControl = () => new NewReno(), NoDelay = true }, mss: Mss, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(10 * Mss));
        Sequences(rig);
        for (int i = 0; i < 3; i++) rig.In(Ack, 1, 1);
        Assert.Equal(5 * Mss, connection.Info.SlowStartThreshold);
    }

    [Fact, Rfc(9293, "3.8.3")]
    public void An_orphan_gives_up_sooner()
    {
        Rig rig = new(s => s with { OrphanRetries = 2 });
        TcpConnection connection = Sending(rig, Offer.None, 1);
        connection.Close();
        rig.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(TcpState.Closed, connection.State);
        rig.DropOut();
        rig.AssertNothingLeaks();
    }
}
