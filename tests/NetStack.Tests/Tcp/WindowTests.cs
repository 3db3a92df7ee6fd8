using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Windows of both sides: zero, shrunk, silly, scaled, growing; Nagle's algorithm and corking.</summary>
public sealed class WindowTests
{
    private const int Mss = 1000;
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(100);

    [Fact, Rfc(9293, "3.8.6.1", "MUST-35", "MUST-36", "SHLD-29", "SHLD-30", "MUST-37")]
    public void A_zero_window_is_probed_at_doubled_intervals_for_as_long_as_the_peer_answers()
    {
        Rig rig = new(s => s with { Retries = 3 });
        TcpConnection connection = rig.Connected(mss: Mss, win: 0, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(500));
        rig.NoOut();
        List<double> times = [];
        Instant start = rig.Now;
        for (int i = 0; i < 6; i++)
        {
            while (rig.Ip.Sent.Count == 0) rig.Advance(10);
            SentSegment probe = rig.Out(Ack, 0, 1, 0); // an old number, which must be answered
            times.Add(Math.Round((probe.At - start).TotalMilliseconds));
            rig.In(Ack, 1, 1, win: 0);
        }
        Assert.Equal([300, 900, 2100, 4500, 9300, 18900], times);
        rig.In(Ack, 1, 1, win: 1000);
        rig.Out(Ack | Psh, 1, 1, 500);
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Fact, Rfc(9293, "3.8.6.1")]
    public void A_zero_window_of_a_peer_that_answers_no_more_ends_the_connection()
    {
        Rig rig = new(s => s with { Retries = 3 });
        TcpConnection connection = rig.Connected(mss: Mss, win: 0, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(500));
        rig.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
    }

    [Fact, Rfc(5482, "3")]
    public void The_user_timeout_counts_while_a_zero_window_is_probed()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(mss: Mss, win: 0, roundTrip: RoundTrip, options: new TcpConnectionOptions { UserTimeout = TimeSpan.FromSeconds(5) });
        connection.Write(Rig.Bytes(500));
        rig.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TcpState.Established, connection.State);
        rig.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
    }

    [Fact]
    public void An_orphan_does_not_probe_a_zero_window_for_ever()
    {
        Rig rig = new(s => s with { OrphanRetries = 3 });
        TcpConnection connection = rig.Connected(mss: Mss, win: 0, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(500));
        connection.Close();
        for (int i = 0; i < 10_000 && connection.State != TcpState.Closed; i++)
        {
            rig.Advance(10);
            while (rig.Ip.Sent.TryDequeue(out SentSegment? sent))
            {
                if (sent.Flags == Ack) rig.In(Ack, 1, 1, win: 0);
            }
        }
        Assert.Equal(TcpState.Closed, connection.State);
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.8.6", "SHLD-15", "SHLD-16", "MUST-34", "MAY-7")]
    public void A_shrunk_window_stops_new_data_but_not_what_was_sent()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(mss: Mss, win: 4000, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(6000));
        rig.DropOut();
        rig.In(Ack, 1, 1001, win: 0);
        rig.NoOut();
        rig.Advance(400);
        Assert.Equal(1001u, rig.Ip.Sent.First(s => s.Data.Length > 0).Header.Sequence - rig.OurIss);
        Assert.DoesNotContain(rig.Ip.Sent, s => s.Data.Length > 0 && s.Header.Sequence - rig.OurIss > 4000);
        rig.DropOut();
        Assert.Equal(TcpState.Established, connection.State);
        rig.In(Ack, 1, 4001, win: 4000);
        rig.Out(Ack, 4001, 1, 1000);
    }

    [Fact, Rfc(9293, "3.8.6.2.1", "MUST-38")]
    public void A_sender_does_not_fill_a_silly_window_until_the_override_timeout()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(mss: Mss, win: 4000, roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(8000));
        rig.DropOut();
        rig.In(Ack, 1, 4001, win: 100);
        rig.NoOut();
        rig.Advance(500);
        rig.Out(Ack, 4001, 1, 100);
        rig.In(Ack, 1, 4101, win: 2000);
        rig.Out(Ack, 4101, 1, 1000);
    }

    [Fact, Rfc(9293, "3.8.6.2.1", "MUST-38")]
    public void Half_of_the_largest_window_is_not_silly()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(mss: Mss, win: 800);
        connection.Write(Rig.Bytes(8000));
        rig.Out(Ack, 1, 1, 800);
        rig.In(Ack, 1, 801, win: 400);
        rig.Out(Ack, 801, 1, 400);
    }

    [Fact, Rfc(9293, "3.8.6.2.2", "MUST-39")]
    public void A_receiver_moves_its_window_in_steps_worth_telling()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { ReceiveBuffer = 4000, MaxReceiveBuffer = 4000 });
        for (uint i = 0; i < 4; i++) rig.In(Ack, 1 + i * 1000, 1, data: Rig.Bytes(1000));
        rig.DropOut();
        Assert.Equal(0, connection.Info.ReceiveWindow);
        connection.Read(new byte[500]);
        rig.NoOut();
        connection.Read(new byte[600]);
        rig.Out(Ack, 1, 4001, win: 1100);
        connection.Read(new byte[1000]);
        rig.NoOut();
        connection.Read(new byte[1000]);
        rig.Out(Ack, 1, 4001, win: 3100);
    }

    [Fact, Rfc(9293, "3.8.6", "SHLD-14")]
    public void The_right_edge_never_moves_left()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(Offer.Scale, options: new TcpConnectionOptions { ReceiveBuffer = 60_000, MaxReceiveBuffer = 6_000_000 });
        SeededRandom random = new(3);
        uint edge = 0;
        uint next = 1;
        for (int i = 0; i < 300; i++)
        {
            int length = 1 + random.Below(900);
            rig.In(Ack, next, 1, data: new byte[length]);
            next += (uint)length;
            connection.Read(new byte[random.Below(1500)]);
            rig.Pump();
            while (rig.Ip.Sent.TryDequeue(out SentSegment? sent))
            {
                uint right = sent.Header.Acknowledgement - rig.PeerIss + ((uint)sent.Header.Window << 7);
                Assert.True(right >= edge, $"step {i}: {right} < {edge}");
                edge = right;
            }
        }
    }

    [Fact, Rfc(9293, "3.4", "MUST-66")]
    public void With_a_zero_window_an_ack_urgent_data_and_a_reset_still_count()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { ReceiveBuffer = 1000, MaxReceiveBuffer = 1000, NoDelay = true });
        rig.In(Ack, 1, 1, data: Rig.Bytes(1000));
        rig.Out(Ack, 1, 1001, win: 0);
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 1, 1001, 10);
        rig.In(Ack, 1001, 11, data: [7]); // a probe: its text is not taken, its ACK is
        rig.Out(Ack, 11, 1001, 0, win: 0);
        Assert.Equal((1000, 0), (connection.ReadableBytes, connection.UnacknowledgedBytes));
        rig.TakeEvents();
        rig.In(Ack | Urg, 1001, 11, urgent: 9);
        Assert.Equal((TcpEvents.Urgent, 1009), (rig.TakeEvents(), connection.UrgentBytesAhead));
        rig.In(Rst, 1001);
        Assert.Equal(TcpState.Closed, connection.State);
    }

    [Fact]
    public void A_buffer_made_smaller_drops_what_no_longer_fits()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { ReceiveBuffer = 10_000, MaxReceiveBuffer = 10_000 });
        connection.Options = connection.Options with { ReceiveBuffer = 2000, MaxReceiveBuffer = 2000 };
        rig.Pump();
        rig.In(Ack, 1, 1, data: Rig.Bytes(5000));
        rig.DropOut();
        Assert.InRange(connection.ReadableBytes, 2000, 2001);
    }

    [Fact]
    public void The_receive_buffer_grows_with_what_the_reader_takes()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(Offer.All, options: new TcpConnectionOptions { ReceiveBuffer = 64 * 1024 });
        uint at = 1;
        byte[] room = new byte[1 << 20];
        for (int round = 0; round < 20; round++)
        {
            rig.Now += TimeSpan.FromMilliseconds(50);
            int window = (int)connection.Info.ReceiveWindow;
            for (int sent = 0; sent + 1400 <= window; sent += 1400)
            {
                rig.In(Ack, at, 1, data: new byte[1400]);
                at += 1400;
                rig.DropOut();
                connection.Read(room);
            }
            rig.DropOut();
            rig.Now += TimeSpan.FromMilliseconds(50);
            rig.In(Ack, at, 1, data: new byte[1]);
            at++;
            connection.Read(room);
            rig.DropOut();
        }
        Assert.True(connection.Info.ReceiveBuffer > 512 * 1024, $"{connection.Info.ReceiveBuffer}");
    }

    [Fact]
    public void The_send_buffer_is_a_limit_and_room_is_told()
    {
        Rig rig = new(options: new TcpConnectionOptions { SendBuffer = 5000, MaxSendBuffer = 5000, NoDelay = true });
        TcpConnection connection = rig.Accepted(mss: Mss);
        Assert.Equal(5000, connection.Write(Rig.Bytes(9000)));
        Assert.Equal((0, 0), (connection.Write([1]), connection.WritableBytes));
        rig.DropOut();
        rig.TakeEvents();
        rig.In(Ack, 1, 1001);
        Assert.Equal(TcpEvents.None, rig.TakeEvents());
        rig.In(Ack, 1, 2001);
        Assert.Equal(TcpEvents.Writable, rig.TakeEvents());
        Assert.Equal(2000, connection.Write(Rig.Bytes(9000)));
    }

    [Fact]
    public void An_empty_transmit_pool_is_waited_for()
    {
        Rig rig = new(poolBuffers: 2);
        TcpConnection connection = rig.Accepted(mss: Mss);
        Assert.Equal(4096, connection.Write(Rig.Bytes(9000)));
        rig.DropOut();
        rig.TakeEvents();
        rig.In(Ack, 1, 3001);
        rig.Advance(10);
        Assert.True((rig.TakeEvents() & TcpEvents.Writable) != 0);
        Assert.Equal(2048, connection.Write(Rig.Bytes(9000)));
    }

    [Fact]
    public void Receive_memory_is_shared_and_what_does_not_fit_is_dropped()
    {
        Rig rig = new(s => s with { ReceiveMemory = 16 * 1024, ReceiveBlockSize = 4096 });
        TcpConnection connection = rig.Accepted();
        for (uint i = 0; i < 20; i++) rig.In(Ack, 1 + i * 1000, 1, data: Rig.Bytes(1000, (int)i * 1000));
        rig.DropOut();
        Assert.True(rig.Layer.Counters.Drops[TcpDropReason.NoReceiveMemory] > 0);
        byte[] room = new byte[20_000];
        int read = connection.Read(room);
        Assert.Equal(Rig.Bytes(read), room[..read]);
        Assert.InRange(read, 15_000, 16_384);
        rig.In(Ack, 1 + (uint)read, 1, data: Rig.Bytes(1000, read));
        Assert.Equal(1000, connection.ReadableBytes);
    }

    [Fact]
    public void Too_many_gaps_are_refused()
    {
        Rig rig = new();
        rig.Accepted(Offer.Scale);
        for (uint i = 0; i < 300; i++) rig.In(Ack, 3 + 2 * i, 1, data: [1]);
        Assert.Equal(300 - Reassembler.MaxRanges, rig.Layer.Counters.Drops[TcpDropReason.TooManyRanges]);
    }

    [Fact, Rfc(9293, "3.7.4", "MAY-16", "MUST-60", "SHLD-7")]
    public void Nagle_holds_a_second_small_segment_until_the_first_is_acknowledged()
    {
        Rig rig = new(options: new TcpConnectionOptions());
        TcpConnection connection = rig.Accepted(mss: Mss);
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 1, 1, 10);
        connection.Write(Rig.Bytes(10));
        connection.Write(Rig.Bytes(10));
        rig.NoOut();
        rig.In(Ack, 1, 11);
        rig.Out(Ack | Psh, 11, 1, 20);
        connection.Write(Rig.Bytes(Mss));
        rig.Out(Ack | Psh, 31, 1, Mss); // a full segment goes
        connection.Write(Rig.Bytes(10));
        connection.ShutdownWrite();
        rig.Out(Fin | Ack | Psh, 1031, 1, 10); // the FIN says that no more will come
    }

    [Fact, Rfc(9293, "3.7.4", "MUST-17")]
    public void Without_delay_small_segments_go_at_once()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(mss: Mss);
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 1, 1, 10);
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 11, 1, 10);
    }

    [Fact, Rfc(9293, "3.9.1.2", "MAY-16", "MUST-60")]
    public void A_cork_lets_full_segments_out_only()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(mss: Mss);
        connection.IsCorked = true;
        connection.Write(Rig.Bytes(500));
        rig.NoOut();
        connection.Write(Rig.Bytes(700));
        rig.Out(Ack, 1, 1, Mss);
        rig.In(Ack, 1, 1001);
        rig.NoOut();
        rig.Advance(201);
        rig.Out(Ack | Psh, 1001, 1, 200);
        connection.Write(Rig.Bytes(5));
        rig.NoOut();
        connection.IsCorked = false;
        rig.Out(Ack | Psh, 1201, 1, 5);
    }

    [Fact]
    public void A_write_that_says_more_is_coming_waits_for_it_and_is_not_pushed()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(mss: Mss, options: new TcpConnectionOptions { NoDelay = true });
        connection.Write(Rig.Bytes(100), isMoreComing: true);
        connection.Write(Rig.Bytes(200), isMoreComing: true);
        rig.NoOut();
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 1, 1, 310);
        connection.Write(Rig.Bytes(1050), isMoreComing: true);
        rig.Out(Ack, 311, 1, Mss);
        rig.NoOut();
        rig.In(Ack, 1, 1311); // an ACK ends the wait
        rig.Out(Ack, 1311, 1, 50);
        rig.In(Ack, 1, 1361);
        connection.Write(Rig.Bytes(7), isMoreComing: true);
        rig.NoOut();
        rig.Advance(201); // time does too
        rig.Out(Ack | Psh, 1361, 1, 7);
    }

    [Fact]
    public void Turning_Nagle_off_lets_out_what_a_cork_holds()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(mss: Mss);
        connection.Options = connection.Options with { NoDelay = true }; // nothing waits: this must not let out what comes later
        connection.IsCorked = true;
        connection.Write(Rig.Bytes(80));
        rig.NoOut();
        connection.Options = connection.Options with { NoDelay = true };
        rig.Out(Ack | Psh, 1, 1, 80);
    }

    [Fact]
    public void PSH_marks_where_a_write_ends()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(mss: Mss);
        connection.Write(Rig.Bytes(2500));
        rig.Out(Ack, 1, 1, Mss);
        rig.Out(Ack, 1001, 1, Mss);
        rig.Out(Ack | Psh, 2001, 1, 500);
    }

    [Fact]
    public void A_super_segment_is_handed_down_whole_with_its_segment_size()
    {
        Rig rig = new();
        rig.Ip.MaxSegmentation = 65_535;
        TcpConnection connection = rig.Accepted(Offer.Scale, Mss, options: new TcpConnectionOptions { SendBuffer = 1 << 20, NoDelay = true });
        connection.Write(Rig.Bytes(25_500));
        SentSegment first = rig.Out(Ack | Psh, 1, 1, 5000); // no more than half of the congestion window at once
        Assert.Equal(Mss, first.Send.SegmentSize);
        rig.Out(Ack | Psh, 5001, 1, 5000);
        rig.NoOut();
        rig.In(Ack, 1, 10_001);
        SentSegment second = rig.Out(Ack | Psh, 10_001, 1, 9000);
        Assert.Equal(Rig.Bytes(9000, 10_000), second.Data);
        rig.Out(Ack | Psh, 19_001, 1, 6500);
        rig.In(Ack, 1, 25_501);
        Assert.Equal(0, connection.UnacknowledgedBytes);
        Assert.Equal(24, rig.Layer.Counters.SegmentsSent - rig.Layer.Counters.Handed + 2);
    }

    [Fact]
    public void What_finds_no_room_below_is_sent_later_and_once()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(mss: Mss);
        rig.Ip.Outcome = SendOutcome.NoRoom;
        connection.Write(Rig.Bytes(1500));
        rig.NoOut();
        rig.Ip.Outcome = SendOutcome.Sent;
        rig.Out(Ack, 1, 1, Mss);
        rig.Out(Ack | Psh, 1001, 1, 500);
        rig.NoOut();
    }
}
