using System.Buffers;
using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Data both ways, and closing.</summary>
public sealed class StreamTests
{
    private const TcpFlags FinAck = Fin | Ack;

    [Fact, Rfc(9293, "3.10.7.4 seventh")]
    public void Bytes_in_order_are_read_in_order()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Ack | Psh, 1, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 101);
        rig.In(Ack | Psh, 101, 1, data: Rig.Bytes(50, 100));
        rig.Out(Ack, 1, 151);
        Assert.Equal(TcpEvents.Readable, rig.TakeEvents());
        Assert.Equal(150, connection.ReadableBytes);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(150)), Convert.ToHexString(connection.Peek().ToArray()));
        connection.Consume(30);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(120, 30)), Rig.Read(connection, 1000));
        Assert.Equal(0, connection.Read(new byte[10]));
        Assert.False(connection.IsEndOfStream);
    }

    [Fact, Rfc(9293, "3.10.7.4 seventh", "SHLD-31", "MUST-59")]
    public void Bytes_out_of_order_wait_in_their_place()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Ack, 201, 1, data: Rig.Bytes(100, 200));
        rig.Out(Ack, 1, 1);
        rig.In(Ack, 101, 1, data: Rig.Bytes(100, 100));
        rig.Out(Ack, 1, 1);
        Assert.Equal(0, connection.ReadableBytes);
        rig.In(Ack, 1, 1, data: Rig.Bytes(150));
        rig.Out(Ack, 1, 301);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(300)), Rig.Read(connection, 1000));
    }

    [Fact, Rfc(9293, "3.10.7.4")]
    public void A_segment_that_overlaps_the_window_is_trimmed()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { ReceiveBuffer = 1000, MaxReceiveBuffer = 1000 });
        rig.In(Ack, 1, 1, data: Rig.Bytes(600));
        rig.Out(Ack, 1, 601, win: 400);
        rig.In(Ack, 301, 1, data: Rig.Bytes(900, 300));
        rig.Out(Ack, 1, 1001, win: 0);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(1000)), Rig.Read(connection, 2000));
        rig.Out(Ack, 1, 1001, win: 1000);
    }

    [Fact, Rfc(9293, "3.8.1", "MUST-61", "SHLD-28")]
    public void What_is_written_is_cut_into_full_segments_with_push_on_the_last()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        Assert.Equal(4000, connection.Write(Rig.Bytes(4000)));
        rig.Out(Ack, 1, 1, 1460);
        rig.Out(Ack, 1461, 1, 1460);
        SentSegment last = rig.Out(Ack | Psh, 2921, 1, 1080);
        Assert.Equal(Rig.Bytes(1080, 2920), last.Data);
        rig.NoOut();
        rig.In(Ack, 1, 4001);
        Assert.Equal(0, connection.UnacknowledgedBytes);
        Assert.Equal(rig.Pool.Count, rig.Pool.Available);
    }

    [Fact, Rfc(9293, "3.6 figure 12", "MUST-13")]
    public void We_close_first()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.ShutdownWrite();
        Assert.Equal(TcpState.FinWait1, connection.State);
        rig.Out(FinAck, 1, 1);
        rig.In(Ack, 1, 2);
        Assert.Equal((TcpState.FinWait2, TcpEvents.Sent), (connection.State, rig.TakeEvents()));
        rig.In(Ack, 1, 2, data: Rig.Bytes(10)); // half closed: the peer still sends
        rig.Out(Ack, 2, 11);
        rig.In(FinAck, 11, 2);
        rig.Out(Ack, 2, 12);
        Assert.Equal(TcpState.TimeWait, connection.State);
        Assert.Equal(TcpEvents.Readable | TcpEvents.PeerClosed, rig.TakeEvents());
        Assert.Equal(10, connection.Read(new byte[100]));
        Assert.True(connection.IsEndOfStream);
        Assert.Equal((0, 1), (rig.Layer.ConnectionCount, rig.Layer.TimeWaitCount));
        rig.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(TcpState.TimeWait, connection.State);
        rig.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((TcpState.Closed, TcpError.None), (connection.State, connection.Error));
        Assert.Equal(TcpEvents.Closed, rig.TakeEvents());
        connection.Close();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.6 figure 12", "MUST-12")]
    public void The_peer_closes_first()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(FinAck, 1, 1);
        rig.Out(Ack, 1, 2);
        Assert.Equal((TcpState.CloseWait, TcpEvents.Readable | TcpEvents.PeerClosed), (connection.State, rig.TakeEvents()));
        Assert.True(connection.IsEndOfStream);
        connection.Write(Rig.Bytes(5));
        rig.Out(Ack | Psh, 1, 2, 5);
        connection.Close();
        Assert.Equal(TcpState.LastAck, connection.State);
        rig.Out(FinAck, 6, 2, 0);
        rig.In(Ack, 2, 7);
        Assert.Equal((TcpState.Closed, TcpError.None), (connection.State, connection.Error));
        Assert.Equal(TcpEvents.Closed, rig.TakeEvents());
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.6 figure 13")]
    public void Both_close_at_once()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Close();
        rig.Out(FinAck, 1, 1);
        rig.In(FinAck, 1, 1);
        Assert.Equal(TcpState.Closing, connection.State);
        rig.Out(Ack, 2, 2);
        rig.In(Ack, 2, 2);
        Assert.Equal(TcpState.TimeWait, connection.State);
        rig.Advance(TimeSpan.FromSeconds(61));
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.7.4 eighth")]
    public void A_fin_that_acknowledges_ours_goes_straight_to_time_wait()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Close();
        rig.Out(FinAck, 1, 1);
        rig.In(FinAck, 1, 2);
        rig.Out(Ack, 2, 2);
        Assert.Equal(TcpState.TimeWait, connection.State);
    }

    [Fact, Rfc(9293, "3.10.7.4 eighth")]
    public void A_fin_ahead_of_a_gap_counts_when_the_gap_is_filled()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(Offer.Sack);
        rig.In(FinAck, 101, 1, data: Rig.Bytes(100, 100));
        SentSegment ack = rig.Out(Ack, 1, 1);
        Assert.Equal([new SackBlock(rig.PeerIss + 101, rig.PeerIss + 202)], ack.Sack);
        Assert.Equal(TcpState.Established, connection.State);
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 202);
        Assert.Equal(TcpState.CloseWait, connection.State);
        Assert.Equal(200, connection.Read(new byte[300]));
        Assert.True(connection.IsEndOfStream);
    }

    [Fact, Rfc(9293, "3.10.4")]
    public void A_close_sends_what_is_queued_and_then_the_fin()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(win: 1460);
        connection.Write(Rig.Bytes(2000));
        connection.Close();
        rig.Out(Ack, 1, 1, 1460);
        rig.NoOut();
        rig.In(Ack, 1, 1461);
        rig.Out(FinAck | Psh, 1461, 1, 540);
        Assert.Equal(1, rig.Layer.OrphanCount);
        rig.In(FinAck, 1, 2002);
        rig.Out(Ack, 2002, 2);
        Assert.Equal(0, rig.Layer.OrphanCount);
        rig.Advance(TimeSpan.FromSeconds(61));
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(2525, "2.17"), Rfc(9293, "3.6.1", "MAY-1", "SHLD-3")]
    public void A_close_with_unread_data_resets()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Ack, 1, 1, data: Rig.Bytes(10));
        rig.Out(Ack, 1, 11);
        connection.Close();
        rig.Out(Rst | Ack, 1, 11);
        Assert.Equal(TcpState.Closed, connection.State);
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.6.1", "MAY-1", "SHLD-3")]
    public void Data_after_a_close_resets()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Close();
        rig.Out(FinAck, 1, 1);
        rig.In(Ack, 1, 2);
        rig.In(Ack, 1, 2, data: Rig.Bytes(10));
        rig.Out(Rst, seq: 2); // where the peer is: it takes no other reset (RFC 5961 section 3)
        Assert.Equal(TcpState.Closed, connection.State);
        Assert.Equal(1, rig.Layer.Counters.Drops[TcpDropReason.NobodyReads]);
        rig.AssertNothingLeaks();
    }

    [Fact]
    public void A_linger_of_zero_resets()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { Linger = TimeSpan.Zero });
        connection.Write(Rig.Bytes(10));
        rig.Out(Ack | Psh, 1, 1, 10);
        connection.Close();
        rig.Out(Rst | Ack, 11, 1);
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.5")]
    public void An_abort_resets_and_drops_what_is_queued()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Write(Rig.Bytes(10));
        connection.Abort();
        Assert.Equal((TcpState.Closed, TcpError.ConnectionAborted), (connection.State, connection.Error));
        rig.Out(Rst | Ack, 1, 1);
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.4")]
    public void A_close_in_syn_sent_ends_without_a_word()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.Take();
        connection.Close();
        Assert.Equal(TcpState.Closed, connection.State);
        rig.NoOut();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.2")]
    public void What_is_written_before_the_handshake_is_sent_after_it()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.OurIss = rig.Take().Header.Sequence;
        Assert.Equal(100, connection.Write(Rig.Bytes(100)));
        connection.ShutdownWrite();
        rig.NoOut();
        rig.In(Syn | Ack, 0, 1);
        SentSegment sent = rig.Out(Fin | Ack | Psh, 1, 1, 100);
        Assert.Equal(Rig.Bytes(100), sent.Data);
        Assert.Equal(TcpState.FinWait1, connection.State);
    }

    [Fact, Rfc(9293, "3.10.7.4 second", "MUST-12")]
    public void A_reset_ends_the_connection_and_leaves_what_was_read_before()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Ack, 1, 1, data: Rig.Bytes(10));
        rig.Out(Ack, 1, 11);
        rig.In(Rst, 11);
        Assert.Equal((TcpState.Closed, TcpError.ConnectionReset), (connection.State, connection.Error));
        Assert.Equal(TcpEvents.Readable | TcpEvents.Closed, rig.TakeEvents());
        Assert.Equal(10, connection.Read(new byte[20]));
        Assert.Equal(0, connection.Write([1]));
        connection.Close();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.4")]
    public void Sequence_numbers_wrap_on_both_sides()
    {
        Rig rig = new() { PeerIss = uint.MaxValue - 50 };
        TcpConnection connection = rig.Accepted();
        rig.In(Ack, 1, 1, data: Rig.Bytes(200));
        rig.Out(Ack, 1, 201);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(200)), Rig.Read(connection, 300));
        rig.In(Fin | Ack, 201, 1);
        rig.Out(Ack, 1, 202);
    }

    [Fact, Rfc(9293, "3.1", "MUST-3")]
    public void A_corrupt_segment_moves_nothing()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Ack, 1, 1, data: Rig.Bytes(100), corrupt: true);
        rig.In(Rst | Ack, 1, 1, data: [1], corrupt: true);
        rig.In(Fin | Ack, 1, 1, data: [1], corrupt: true);
        rig.In(Ack, 51, 1, data: Rig.Bytes(100), corrupt: true);
        rig.NoOut();
        Assert.Equal((TcpState.Established, 0), (connection.State, connection.ReadableBytes));
        Assert.Equal(4, rig.Layer.Counters.Drops[TcpDropReason.BadChecksum]);
        rig.In(Ack, 1, 1, data: Rig.Bytes(200));
        rig.Out(Ack, 1, 201);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(200)), Rig.Read(connection, 300));
    }

    [Fact, Rfc(9293, "3.1", "MUST-3")]
    public void Bytes_that_are_there_are_not_overwritten_by_a_corrupt_copy()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Ack, 101, 1, data: Rig.Bytes(100, 100));
        rig.Out(Ack, 1, 1);
        rig.In(Ack, 1, 1, data: new byte[300], corrupt: true);
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 201);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(200)), Rig.Read(connection, 300));
    }

    [Fact]
    public void A_window_that_opens_while_a_segment_is_taken_does_not_let_in_what_was_not_copied()
    {
        Rig rig = new(s => s with { QuickAcks = 0 });
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { ReceiveBuffer = 2000, MaxReceiveBuffer = 2000 });
        rig.In(Ack, 1, 1, data: Rig.Bytes(1000));
        rig.In(Ack, 1001, 1, data: Rig.Bytes(100, 1000)); // an ACK is due, and goes when the next segment comes
        connection.Read(new byte[1100]);
        rig.In(Ack, 1101, 1, data: Rig.Bytes(1400, 1100)); // longer than the window that we told
        rig.DropOut();
        int count = connection.ReadableBytes;
        Assert.Equal(900, count);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(count, 1100)), Rig.Read(connection, count));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(19)]
    public void A_truncated_header_is_counted(int length)
    {
        Rig rig = new();
        rig.Deliver(new byte[length]);
        rig.Deliver([.. new byte[12], 0x40, .. new byte[20]]);
        rig.Deliver([.. new byte[12], 0xF0, .. new byte[20]]);
        rig.NoOut();
        Assert.Equal(1, rig.Layer.Counters.Drops[TcpDropReason.Truncated]);
        Assert.Equal(2, rig.Layer.Counters.Drops[TcpDropReason.BadHeaderLength]);
    }
}
