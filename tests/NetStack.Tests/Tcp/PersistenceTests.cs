using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Large, shrunk and closed windows over long times, keepalive, long urgent data.</summary>
public sealed class PersistenceTests
{
    private const int Mss = 1000;

    [Fact, Rfc(9293, "3.1", "MUST-1")]
    public void A_window_above_32767_is_filled()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(mss: Mss, win: 60_000, roundTrip: TimeSpan.FromMilliseconds(100));
        Assert.Equal(60_000, connection.Info.SendWindow);
        uint acknowledged = 1;
        uint sent = 1;
        uint most = 0;
        for (int i = 0; i < 400; i++)
        {
            connection.Write(Rig.Bytes(5000));
            rig.Pump();
            while (rig.Ip.Sent.TryDequeue(out SentSegment? segment)) sent = segment.Header.Sequence - rig.OurIss + (uint)segment.Data.Length;
            most = Math.Max(most, sent - acknowledged);
            if (i % 2 == 0) acknowledged = Math.Min(sent, acknowledged + Mss);
            rig.In(Ack, 1, acknowledged, win: 60_000);
        }
        Assert.InRange(most, 32_768u, 60_000u);
    }

    [Fact, Rfc(9293, "3.1", "REC-1"), Rfc(7323, "2.2")]
    public void A_scaled_window_of_a_gigabyte_is_known_as_such()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0, options: [3, 3, 14, 1]);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack, 1, 1, win: 65_535);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        Assert.Equal(65_535L << 14, connection!.Info.SendWindow);
        connection.Write(Rig.Bytes(1000));
        rig.DropOut();
        rig.In(Ack, 1, 1001, win: 65_535);
        Assert.Equal(0, connection.UnacknowledgedBytes);
    }

    [Fact, Rfc(9293, "3.8.6", "SHLD-17", "MUST-34")]
    public void A_window_that_shrank_to_nothing_does_not_time_the_connection_out()
    {
        Rig rig = new(s => s with { Retries = 3 });
        TcpConnection connection = rig.Connected(mss: Mss, win: 4000, roundTrip: TimeSpan.FromMilliseconds(100));
        connection.Write(Rig.Bytes(6000));
        rig.DropOut();
        for (int i = 0; i < 12; i++)
        {
            rig.In(Ack, 1, 1001, win: 0);
            for (int wait = 0; rig.Ip.Sent.Count == 0; wait++)
            {
                Assert.True(wait < 20_000, "the window is probed no more");
                rig.Advance(10);
            }
            rig.DropOut();
        }
        Assert.Equal(TcpState.Established, connection.State);
        rig.In(Ack, 1, 1001, win: 8000);
        uint next = 1001;
        for (int i = 0; i < 20 && connection.UnacknowledgedBytes > 0; i++)
        {
            rig.Advance(1000);
            while (rig.Ip.Sent.TryDequeue(out SentSegment? sent))
            {
                uint at = sent.Header.Sequence - rig.OurIss;
                if (at <= next) next = Math.Max(next, at + (uint)sent.Data.Length);
            }
            rig.In(Ack, 1, next, win: 8000);
        }
        Assert.Equal((0, 6001u), (connection.UnacknowledgedBytes, next));
    }

    [Fact]
    public void A_peer_that_shrinks_its_window_keeps_no_orphan_for_ever()
    {
        Rig rig = new(s => s with { OrphanRetries = 3 });
        TcpConnection connection = rig.Connected(mss: Mss, win: 4000, roundTrip: TimeSpan.FromMilliseconds(100));
        connection.Write(Rig.Bytes(6000));
        connection.Close();
        rig.DropOut();
        for (int i = 0; i < 10_000 && connection.State != TcpState.Closed; i++)
        {
            rig.In(Ack, 1, 1001, win: 0);
            rig.DropOut();
            rig.Advance(10);
        }
        Assert.Equal(TcpState.Closed, connection.State);
        rig.DropOut();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.8.6.1", "MAY-8")]
    public void A_reader_may_keep_the_window_shut_for_days()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { ReceiveBuffer = 1000, MaxReceiveBuffer = 1000 });
        rig.In(Ack, 1, 1, data: Rig.Bytes(1000));
        rig.Out(Ack, 1, 1001, win: 0);
        for (int i = 0; i < 300; i++)
        {
            rig.Advance(TimeSpan.FromMinutes(30));
            if (i % 2 == 0) rig.In(Ack, 1000, 1);
            else rig.In(Ack, 1001, 1, data: [9]);
            rig.Out(Ack, 1, 1001, 0, win: 0);
        }
        Assert.Equal((TcpState.Established, 1000), (connection.State, connection.ReadableBytes));
        connection.Read(new byte[1000]);
        rig.Out(Ack, 1, 1001, win: 1000);
    }

    [Fact, Rfc(9293, "3.8.4", "MUST-28")]
    public void By_default_the_first_keepalive_comes_after_two_hours()
    {
        Rig rig = new();
        rig.Accepted(options: new TcpConnectionOptions { KeepAlive = true });
        rig.Advance(TimeSpan.FromHours(2) - TimeSpan.FromSeconds(1));
        rig.NoOut();
        rig.Advance(TimeSpan.FromSeconds(2));
        rig.Out(Ack, 0, 1, 0);
    }

    [Fact, Rfc(9293, "3.8.4", "MUST-29")]
    public void One_answer_to_several_keepalives_is_enough()
    {
        Rig rig = new();
        TcpConnectionOptions options = new() { KeepAlive = true, KeepAliveIdle = TimeSpan.FromSeconds(10), KeepAliveInterval = TimeSpan.FromSeconds(2), KeepAliveProbes = 3 };
        TcpConnection connection = rig.Accepted(options: options);
        for (int i = 0; i < 5; i++)
        {
            rig.Advance(TimeSpan.FromSeconds(15)); // three probes, of which the answers to two are lost
            Assert.Equal(3, rig.Ip.Sent.Count);
            rig.DropOut();
            rig.In(Ack, 1, 1);
        }
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Fact, Rfc(9293, "3.8.5", "MUST-31"), Rfc(6093, "4")]
    public void Urgent_data_may_be_longer_than_its_pointer_reaches()
    {
        const int Length = 150_000;
        Rig rig = new();
        TcpConnection connection = rig.Connected(Offer.Scale, options: new TcpConnectionOptions { SendBuffer = 1 << 20 });
        Assert.Equal(Length, connection.WriteUrgent(Rig.Bytes(Length)));
        uint next = 1;
        for (int i = 0; i < 1000 && next <= Length; i++)
        {
            rig.Pump();
            Assert.NotEmpty(rig.Ip.Sent);
            while (rig.Ip.Sent.TryDequeue(out SentSegment? sent))
            {
                uint ahead = Length + 1 - next;
                Assert.Equal((next, Urg, Math.Min(65_535u, ahead)), (sent.Header.Sequence - rig.OurIss, sent.Flags & Urg, sent.Header.UrgentPointer));
                next += (uint)sent.Data.Length;
            }
            rig.In(Ack, 1, next);
        }
        Assert.Equal((uint)Length + 1, next);
    }

    [Fact, Rfc(9293, "3.8.5", "MUST-31", "MUST-32")]
    public void The_end_of_urgent_data_may_move_on_as_long_as_the_peer_likes()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        uint next = 1;
        for (int i = 0; i < 300; i++)
        {
            rig.In(Ack | Urg, next, 1, data: Rig.Bytes(1000), urgent: 60_000);
            Assert.Equal(60_000 + (int)next - 1 - i * 1000, connection.UrgentBytesAhead);
            next += 1000;
            connection.Read(new byte[1000]);
            Assert.Equal(TcpEvents.Urgent, rig.TakeEvents() & TcpEvents.Urgent);
        }
    }

    [Fact, Rfc(9293, "3.5.3", "SHLD-2")]
    public void A_reset_may_carry_text()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Rst, 1, data: "go away"u8);
        Assert.Equal((TcpState.Closed, TcpError.ConnectionReset, 0), (connection.State, connection.Error, connection.ReadableBytes));
        rig.NoOut();
    }

    [Fact, Rfc(9293, "3.9.1.2", "SHLD-27", "SHLD-28")]
    public void Text_written_in_pieces_leaves_in_full_segments_with_one_push()
    {
        Rig rig = new(options: new TcpConnectionOptions());
        TcpConnection connection = rig.Connected(mss: Mss);
        connection.Write([1]);
        rig.Out(Ack | Psh, 1, 1, 1);
        for (int i = 0; i < 25; i++) connection.Write(Rig.Bytes(100));
        rig.Out(Ack, 2, 1, Mss);
        rig.Out(Ack, 2 + Mss, 1, Mss);
        rig.NoOut(); // the rest waits by Nagle's rule
        rig.In(Ack, 1, 2);
        rig.Out(Ack | Psh, 2 + 2 * Mss, 1, 500);
        rig.NoOut();
    }
}
