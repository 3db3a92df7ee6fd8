using NetStack.Tcp;
using NetStack.Tcp.Congestion;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Where recoveries begin and end, what probes carry, and numbers that grow old.</summary>
public sealed class RecoveryTests
{
    private const int Mss = 1000;
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(100);

    private static TcpConnection Sending(Rig rig, Offer offer, int segments, TcpConnectionOptions? options = null)
    {
        TcpConnection connection = rig.Connected(offer, Mss + (offer.HasFlag(Offer.Timestamps) ? 12 : 0), options: options, roundTrip: RoundTrip);
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

    [Fact, Rfc(9293, "3.7.4"), Rfc(6582, "3.2")]
    public void Numbers_two_gigabytes_old_do_not_come_to_look_new()
    {
        Rig rig = new(options: new TcpConnectionOptions());
        rig.Ip.MaxSegmentation = 65_000;
        TcpConnection connection = rig.Connected(Offer.Scale, Mss, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 1, 1, 10);
        rig.In(Ack, 1, 11);
        uint acknowledged = SendLossless(rig, connection, 11, (1L << 31) + 100 * Mss);
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, acknowledged, 1, 10); // nothing is outstanding: Nagle does not hold it
        rig.In(Ack, 1, acknowledged + 10);
        connection.Write(Rig.Bytes(8 * Mss));
        Sequences(rig);
        for (int i = 0; i < 3; i++) rig.In(Ack, 1, acknowledged + 10);
        Assert.Equal(CongestionState.Recovery, connection.Info.CongestionState);
        Assert.Contains(acknowledged + 10, Sequences(rig));
    }

    private static uint SendLossless(Rig rig, TcpConnection connection, uint acknowledged, long count)
    {
        byte[] bytes = Rig.Bytes(100 * Mss);
        rig.Ip.IsBlind = true;
        for (long left = count / Mss * Mss; left > 0 || connection.UnacknowledgedBytes > 0;)
        {
            int room = (int)Math.Min(Math.Min(left, connection.WritableBytes / Mss * Mss), bytes.Length);
            left -= connection.Write(bytes.AsSpan(0, room));
            rig.Pump();
            acknowledged += (uint)connection.Info.BytesInFlight;
            rig.Now += TimeSpan.FromMilliseconds(1);
            rig.In(Ack, 1, acknowledged);
        }
        rig.Ip.IsBlind = false;
        return acknowledged;
    }

    [Fact, Rfc(8985, "6.2"), Rfc(5681, "3.2")]
    public void What_is_lost_of_data_sent_during_a_recovery_begins_another()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack, 30);
        Sequences(rig);
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 4001)));
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 10_001)));
        uint[] sent = Sequences(rig);
        Assert.Equal(1u, sent[0]);
        Assert.Equal([10_001, 11_001, 12_001], sent[1..4]); // new data in recovery; the first of it gets lost
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((11_001, 13_001), (1001, 10_001)));
        Assert.Equal((CongestionState.Recovery, 1), (connection.Info.CongestionState, rig.Layer.Counters.FastRecoveries));
        long threshold = connection.Info.SlowStartThreshold;
        rig.In(Ack, 1, 10_001, options: rig.Sack((11_001, 13_001)));
        Assert.Equal((CongestionState.Recovery, 2), (connection.Info.CongestionState, rig.Layer.Counters.FastRecoveries));
        Assert.True(connection.Info.SlowStartThreshold < threshold);
    }

    [Fact, Rfc(7323, "5.3"), Rfc(2883, "4")]
    public void An_ack_that_a_later_one_overtook_still_tells_what_it_sacks()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack | Offer.Timestamps, 8);
        Sequences(rig);
        uint clock = rig.Clock;
        (rig.PeerClock, rig.Now) = (clock + 5, rig.Now + RoundTrip);
        rig.In(Ack, 1, 1001);
        rig.PeerClock = clock + 2;
        rig.In(Ack, 1, 1, options: rig.Sack((3001, 4001)));
        Assert.Equal((6 * Mss, 0), (connection.Info.BytesInFlight, rig.Layer.Counters.Drops[TcpDropReason.OldTimestamp]));
        rig.In(Ack, 1, 1, data: Rig.Bytes(10)); // data is not taken
        Assert.Equal((0, 1), (connection.ReadableBytes, rig.Layer.Counters.Drops[TcpDropReason.OldTimestamp]));
        (rig.PeerClock, rig.Now) = (clock + 1000, rig.Now + TimeSpan.FromMilliseconds(1));
        rig.In(Ack, 1, 1001);
        rig.PeerClock = clock;
        rig.In(Ack, 1, 1, options: rig.Sack((4001, 5001))); // nor what is older than a timeout
        Assert.Equal((6 * Mss, 2), (connection.Info.BytesInFlight, rig.Layer.Counters.Drops[TcpDropReason.OldTimestamp]));
    }

    [Fact, Rfc(9438, "4.3")]
    public void An_advance_over_what_was_sacked_before_counts_once_for_growth()
    {
        Listening heard = new();
        Rig rig = new();
        Sending(rig, Offer.Sack, 10, new TcpConnectionOptions { NoDelay = true, CongestionControl = () => heard });
        Sequences(rig);
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 2001)));
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 3001)));
        Assert.DoesNotContain(heard.Acks, a => a.TotalAcknowledged > 1);
        rig.In(Ack, 1, 3001); // the path reorders: RACK knows
        rig.In(Ack, 1, 3001, options: rig.Sack((4001, 6001)));
        Assert.Equal([1000, 2000], heard.Acks.TakeLast(2).Select(a => a.Acknowledged));
    }

    [Fact, Rfc(6298, "3"), Rfc(8985, "6.2")]
    public void The_least_round_trip_is_no_finer_than_the_timestamp_clock()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Timestamps, 1);
        rig.Advance(320);
        rig.DropOut(); // the timeout's segment was sent 20 ms ago, and this sets what is echoed
        rig.Echo += 20;
        rig.In(Ack, 1, Mss + 1);
        Assert.Equal(TimeSpan.FromMilliseconds(1), connection.Info.MinRtt);
    }

    [Fact, Rfc(8985, "6.2")]
    public void A_delayed_ack_does_not_lengthen_the_least_round_trip()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(Offer.None, Mss, roundTrip: 2 * RoundTrip);
        connection.Write(Rig.Bytes(Mss));
        rig.Advance(30);
        connection.Write(Rig.Bytes(Mss));
        rig.Advance(RoundTrip);
        rig.In(Ack, 1, 2 * Mss + 1);
        Assert.Equal(RoundTrip, connection.Info.MinRtt);
    }

    [Fact, Rfc(3708, "2"), Rfc(2883, "4")]
    public void A_dsack_of_an_earlier_retransmission_does_not_undo_a_timeout()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack, 8);
        Sequences(rig);
        rig.Now += RoundTrip;
        rig.In(Ack, 1, 1, options: rig.Sack((1001, 4001)));
        Assert.Equal([1u], Sequences(rig));
        rig.Advance(400);
        Assert.Equal(CongestionState.Loss, connection.Info.CongestionState);
        Assert.Contains(1u, Sequences(rig));
        rig.In(Ack, 1, 4001, options: rig.Sack((1, 1001))); // the original was lost, both others came
        Assert.Equal((CongestionState.Loss, 0), (connection.Info.CongestionState, rig.Layer.Counters.Undone));
    }

    [Fact, Rfc(6582, "3.2")]
    public void After_a_recovery_without_sack_all_that_is_outstanding_is_in_flight()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.None, 30);
        Sequences(rig);
        for (int i = 0; i < 9; i++) rig.In(Ack, 1, 1);
        uint[] sent = Sequences(rig);
        for (int i = 0; i < 3; i++) rig.In(Ack, 1, 1); // of new data sent meanwhile, behind another loss
        uint end = Math.Max(sent.Max(), Sequences(rig).DefaultIfEmpty(0u).Max()) + Mss;
        Assert.True(end > 11 * Mss);
        rig.Ip.Outcome = SendOutcome.NoRoom;
        rig.In(Ack, 1, 10 * Mss + 1);
        // Two segments sent on the first two duplicate ACKs belong to the recovery.
        rig.In(Ack, 1, 12 * Mss + 1);
        Assert.Equal(CongestionState.Open, connection.Info.CongestionState);
        Assert.Equal(end - (12 * Mss + 1), connection.Info.BytesInFlight);
    }

    [Fact, Rfc(6298, "5.7"), Rfc(6928, "2"), Rfc(4987, "3.6")]
    public void A_cookie_does_not_say_that_the_syn_was_lost()
    {
        Rig rig = new(s => s with { SynCookies = SynCookieMode.Always });
        TcpConnection connection = rig.Accepted(mss: Mss);
        Assert.Equal(10 * connection.Info.SendMss, connection.Info.CongestionWindow);
        Assert.Equal(TimeSpan.FromSeconds(1), connection.Info.Rto);
    }

    [Fact, Rfc(6298, "5.7")]
    public void A_lost_syn_ack_makes_the_first_window_small()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0, options: rig.SynOptions(Offer.None, Mss));
        rig.OurIss = rig.Take().Header.Sequence;
        rig.Advance(1500);
        rig.DropOut();
        rig.In(Ack, 1, 1);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        Assert.Equal((Mss, TimeSpan.FromSeconds(3)), (connection!.Info.CongestionWindow, connection.Info.Rto));
    }

    [Fact, Rfc(8985, "7.3")]
    public void A_probe_that_finds_no_room_below_is_sent_later()
    {
        Rig rig = new();
        Sending(rig, Offer.Sack, 4);
        Sequences(rig);
        rig.Ip.Outcome = SendOutcome.NoRoom;
        rig.Advance(210);
        rig.Ip.Outcome = SendOutcome.Sent;
        Assert.Equal([3001u], Sequences(rig));
        Assert.Equal((1, 0), (rig.Layer.Counters.TailLossProbes, rig.Layer.Counters.Timeouts));
    }

    [Fact, Rfc(8985, "7.3")]
    public void New_data_sent_when_the_probe_is_due_takes_its_place()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack, 4);
        Sequences(rig);
        rig.Now += 2 * RoundTrip;
        ((IStackPart)rig.Layer).OnDeadline(rig.Now);
        connection.Write(Rig.Bytes(Mss));
        Assert.Equal([4001u], Sequences(rig));
    }

    [Fact, Rfc(8985, "7.3"), Rfc(9293, "3.8.1")]
    public void A_fin_on_a_full_segment_is_sent_again_with_it()
    {
        Rig rig = new();
        TcpConnection connection = Sending(rig, Offer.Sack, 2);
        connection.ShutdownWrite();
        rig.Out(Ack, 1, 1, Mss);
        rig.Out(Ack | Psh | Fin, 1001, 1, Mss);
        rig.Advance(210);
        rig.Out(Ack | Psh | Fin, 1001, 1, Mss); // as a probe
        rig.In(Ack, 1, 1001);
        rig.Advance(1000);
        Assert.Equal(1, rig.Layer.Counters.Timeouts);
        rig.Out(Ack | Psh | Fin, 1001, 1, Mss); // after the timeout
        rig.In(Ack, 1, 2002);
        Assert.Equal(TcpState.FinWait2, connection.State);
    }

    [Fact]
    public void The_congestion_control_hears_whether_the_rate_is_the_applications()
    {
        Listening heard = new();
        Rig rig = new();
        Sending(rig, Offer.None, 1, new TcpConnectionOptions { NoDelay = true, CongestionControl = () => heard });
        Sequences(rig);
        rig.Advance(RoundTrip);
        rig.In(Ack, 1, Mss + 1);
        rig.Pump();
        Assert.True(heard.Acks[^1].IsRateAppLimited);
    }

    /// <summary>NewReno that remembers what it is told.</summary>
    private sealed class Listening : ICongestionControl
    {
        private readonly NewReno _inner = new();

        internal List<CongestionAck> Acks { get; } = [];

        public string Name => "listening";

        public int CongestionWindow { get => _inner.CongestionWindow; set => _inner.CongestionWindow = value; }

        public int SlowStartThreshold => _inner.SlowStartThreshold;

        public void Start(int maximumSegmentSize, int initialWindow) => _inner.Start(maximumSegmentSize, initialWindow);

        public void OnSegmentSizeChanged(int maximumSegmentSize) => _inner.OnSegmentSizeChanged(maximumSegmentSize);

        public void OnAck(in CongestionAck ack)
        {
            Acks.Add(ack);
            _inner.OnAck(ack);
        }

        public void OnCongestion(in CongestionEvent congestion) => _inner.OnCongestion(congestion);

        public void OnRetransmissionTimeout(in CongestionEvent congestion, bool isRepeated) => _inner.OnRetransmissionTimeout(congestion, isRepeated);

        public void OnUndo() => _inner.OnUndo();

        public void OnIdle(TimeSpan idle, TimeSpan retransmissionTimeout, int restartWindow) => _inner.OnIdle(idle, retransmissionTimeout, restartWindow);
    }
}
