using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>When we acknowledge, and what an ACK says.</summary>
public sealed class AcknowledgementTests
{
    private static Rig Slow(out TcpConnection connection, Offer offer = Offer.None, TcpConnectionOptions? options = null)
    {
        Rig rig = new(s => s with { QuickAcks = 0 });
        connection = rig.Accepted(offer, options: options);
        return rig;
    }

    [Fact, Rfc(9293, "3.8.6.3", "MUST-58", "SHLD-18", "MUST-40")]
    public void One_segment_is_acknowledged_after_the_delay()
    {
        Rig rig = Slow(out _);
        rig.In(Ack, 1, 1, data: Rig.Bytes(1000));
        rig.NoOut();
        rig.Advance(39);
        rig.NoOut();
        rig.Advance(2);
        rig.Out(Ack, 1, 1001, 0);
        rig.Advance(TimeSpan.FromSeconds(10));
        rig.NoOut();
    }

    [Fact, Rfc(9293, "3.8.6.3", "SHLD-19"), Rfc(5681, "4.2")]
    public void Every_second_full_segment_is_acknowledged_at_once()
    {
        Rig rig = Slow(out _);
        for (uint i = 0; i < 6; i++) rig.In(Ack, 1 + i * 1000, 1, data: Rig.Bytes(1000));
        rig.Out(Ack, 1, 2001);
        rig.Out(Ack, 1, 4001);
        rig.Out(Ack, 1, 6001);
        rig.NoOut();
    }

    [Fact, Rfc(9293, "3.10.7.4", "MUST-58")]
    public void A_coalesced_segment_counts_as_many()
    {
        Rig rig = Slow(out _);
        rig.In(Ack, 1, 1, data: Rig.Bytes(4000), count: 4);
        rig.Out(Ack, 1, 4001);
        Assert.Equal(6, rig.Layer.Counters.SegmentsReceived); // with SYN and ACK
    }

    [Fact]
    public void At_the_start_every_segment_is_acknowledged_at_once()
    {
        Rig rig = new(s => s with { QuickAcks = 3 });
        rig.Accepted();
        for (uint i = 0; i < 3; i++)
        {
            rig.In(Ack, 1 + i * 100, 1, data: Rig.Bytes(100));
            rig.Out(Ack, 1, 101 + i * 100);
        }
        rig.In(Ack, 301, 1, data: Rig.Bytes(100));
        rig.NoOut();
    }

    [Fact, Rfc(9293, "3.8.6.3", "MUST-58")]
    public void Data_carries_the_ack()
    {
        Rig rig = Slow(out TcpConnection connection);
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        connection.Write(Rig.Bytes(50));
        rig.Out(Ack | Psh, 1, 101, 50);
        rig.Advance(TimeSpan.FromMilliseconds(100));
        rig.NoOut();
    }

    [Fact, Rfc(9293, "3.10.7.4", "MUST-59")]
    public void Segments_of_one_batch_are_acknowledged_together_and_a_gap_in_it_at_once()
    {
        Rig rig = Slow(out _);
        for (uint i = 0; i < 6; i++)
        {
            rig.Layer.IsInBatch = i > 0;
            rig.In(Ack, 1 + i * 1000, 1, data: Rig.Bytes(1000));
        }
        rig.Out(Ack, 1, 6001);
        rig.NoOut();
        for (uint i = 7; i < 9; i++) rig.In(Ack, 1 + i * 1000, 1, data: Rig.Bytes(1000)); // the sender needs each duplicate
        rig.Out(Ack, 1, 6001);
        rig.Out(Ack, 1, 6001);
        rig.Layer.IsInBatch = false;
        for (uint i = 6; i < 7; i++) rig.In(Ack, 1 + i * 1000, 1, data: Rig.Bytes(1000));
        rig.Out(Ack, 1, 9001);
    }

    [Fact, Rfc(9293, "3.10.7.4", "MUST-59", "MAY-13"), Rfc(5681, "4.2")]
    public void A_gap_and_its_filling_are_acknowledged_at_once()
    {
        Rig rig = Slow(out _);
        rig.In(Ack, 101, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 1);
        rig.In(Ack, 201, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 1);
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 301);
    }

    [Fact, Rfc(2018, "4")]
    public void Sack_blocks_name_the_newest_first()
    {
        Rig rig = Slow(out _, Offer.Sack);
        uint at = rig.PeerIss;
        rig.In(Ack, 201, 1, data: Rig.Bytes(100));
        Assert.Equal([new SackBlock(at + 201, at + 301)], rig.Out(Ack, 1, 1).Sack);
        rig.In(Ack, 601, 1, data: Rig.Bytes(100));
        Assert.Equal([new SackBlock(at + 601, at + 701), new SackBlock(at + 201, at + 301)], rig.Out(Ack, 1, 1).Sack);
        rig.In(Ack, 301, 1, data: Rig.Bytes(100));
        Assert.Equal([new SackBlock(at + 201, at + 401), new SackBlock(at + 601, at + 701)], rig.Out(Ack, 1, 1).Sack);
        rig.In(Ack, 801, 1, data: Rig.Bytes(100));
        rig.In(Ack, 1001, 1, data: Rig.Bytes(100));
        rig.In(Ack, 1201, 1, data: Rig.Bytes(100));
        rig.Take();
        rig.Take();
        SackBlock[] blocks = rig.Out(Ack, 1, 1).Sack;
        Assert.Equal([at + 1201, at + 1001, at + 801, at + 201], blocks.Select(b => b.Left));
        rig.In(Ack, 1, 1, data: Rig.Bytes(1300));
        Assert.Equal([new SackBlock(at + 201, at + 401)], rig.Out(Ack, 1, 1301).Sack); // it brought some bytes again (RFC 2883)
    }

    [Fact, Rfc(2018, "3"), Rfc(7323, "3.2")]
    public void With_timestamps_three_blocks_fit()
    {
        Rig rig = Slow(out _, Offer.Sack | Offer.Timestamps);
        for (uint i = 1; i <= 5; i++) rig.In(Ack, 1 + 200 * i, 1, data: Rig.Bytes(100));
        SentSegment last = null!;
        for (int i = 0; i < 5; i++) last = rig.Out(Ack, 1, 1);
        Assert.Equal(3, last.Sack.Length);
        Assert.True(last.Options.HasTimestamps);
    }

    [Fact, Rfc(2883, "4")]
    public void A_segment_that_comes_twice_is_reported()
    {
        Rig rig = Slow(out _, Offer.Sack);
        uint at = rig.PeerIss;
        rig.In(Ack, 1, 1, data: Rig.Bytes(2000), count: 2);
        Assert.Empty(rig.Out(Ack, 1, 2001).Sack);
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        Assert.Equal([new SackBlock(at + 1, at + 101)], rig.Out(Ack, 1, 2001).Sack);
        rig.In(Ack, 3001, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 2001);
        rig.In(Ack, 3001, 1, data: Rig.Bytes(100));
        Assert.Equal([new SackBlock(at + 3001, at + 3101), new SackBlock(at + 3001, at + 3101)], rig.Out(Ack, 1, 2001).Sack);
        rig.In(Ack, 1901, 1, data: Rig.Bytes(200));
        Assert.Equal([new SackBlock(at + 1901, at + 2001), new SackBlock(at + 3001, at + 3101)], rig.Out(Ack, 1, 2101).Sack);
    }

    [Fact, Rfc(7323, "4.3")]
    public void The_echoed_timestamp_is_that_of_the_segment_that_covers_the_last_ack()
    {
        Rig rig = Slow(out _, Offer.Timestamps);
        rig.PeerClock = rig.Clock + 10;
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        uint first = rig.PeerClock.Value;
        rig.PeerClock += 10;
        rig.In(Ack, 101, 1, data: Rig.Bytes(1400)); // the delayed ACK echoes the earlier one
        Assert.Equal(first, rig.Out(Ack, 1, 1501).Options.TimestampEcho);
        rig.PeerClock += 10;
        rig.In(Ack, 1601, 1, data: Rig.Bytes(100)); // out of order: not echoed
        Assert.Equal(first, rig.Out(Ack, 1, 1501).Options.TimestampEcho);
    }

    [Fact, Rfc(7323, "5.2")]
    public void A_segment_with_an_older_timestamp_is_dropped_and_acknowledged()
    {
        Rig rig = Slow(out TcpConnection connection, Offer.Timestamps);
        uint clock = rig.Clock;
        rig.PeerClock = clock - 100;
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        rig.Out(Ack, 1, 1, 0);
        Assert.Equal((0, 1), (connection.ReadableBytes, (int)rig.Layer.Counters.Drops[TcpDropReason.OldTimestamp]));
        rig.In(Rst, 1, bare: true);
        Assert.Equal(TcpState.Closed, connection.State);
    }

    [Fact, Rfc(7323, "5.5")]
    public void After_24_days_any_timestamp_is_taken()
    {
        Rig rig = Slow(out TcpConnection connection, Offer.Timestamps);
        uint clock = rig.Clock;
        rig.Now += TimeSpan.FromDays(25);
        rig.PeerClock = clock - 100;
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        Assert.Equal(100, connection.ReadableBytes);
    }

    [Fact, Rfc(7323, "3.2")]
    public void A_segment_without_the_agreed_timestamp_is_dropped()
    {
        Rig rig = Slow(out TcpConnection connection, Offer.Timestamps);
        rig.In(Ack, 1, 1, data: Rig.Bytes(100), bare: true);
        rig.NoOut();
        Assert.Equal(0, connection.ReadableBytes);
        Assert.Equal(1, rig.Layer.Counters.Drops[TcpDropReason.MissingTimestamp]);
    }

    [Fact, Rfc(5961, "7")]
    public void Challenge_acks_are_limited()
    {
        Rig rig = new(s => s with { ChallengeAcksPerSecond = 10, InvalidAckInterval = TimeSpan.Zero });
        rig.Accepted();
        for (uint i = 0; i < 100; i++) rig.In(Rst, 2 + i);
        rig.Pump();
        Assert.InRange(rig.Ip.Sent.Count, 5, 15);
    }

    [Fact, Rfc(5961, "7")]
    public void One_connection_under_attack_does_not_use_up_the_challenge_acks_of_all()
    {
        Rig rig = new(s => s with { ChallengeAcksPerSecond = 10 });
        TcpListener listener = rig.Listen();
        foreach (ushort port in (ushort[])[4000, 4001])
        {
            rig.RemotePort = port;
            rig.In(Syn, 0, options: rig.SynOptions(Offer.None));
            rig.OurIss = rig.Take().Header.Sequence;
            rig.In(Ack, 1, 1);
            Assert.True(listener.TryAccept(out _));
        }
        rig.DropOut();
        uint second = rig.OurIss;
        rig.RemotePort = 4000;
        for (uint i = 0; i < 100; i++) rig.In(Rst, 2 + i);
        rig.Pump();
        Assert.Single(rig.Ip.Sent);
        rig.DropOut();
        (rig.RemotePort, rig.OurIss) = (4001, second);
        rig.In(Rst, 2);
        rig.Out(Ack, 1, 1, 0);
        rig.RemotePort = 4000;
        rig.Advance(500);
        rig.In(Rst, 2);
        rig.Out(Ack, null, 1, 0);
    }

    [Fact]
    public void An_ack_that_finds_no_room_below_is_sent_later()
    {
        Rig rig = new();
        rig.Accepted();
        rig.Ip.Outcome = SendOutcome.NoRoom;
        rig.In(Ack, 1, 1, data: Rig.Bytes(100));
        rig.NoOut();
        rig.Ip.Outcome = SendOutcome.Sent;
        rig.Out(Ack, 1, 101);
    }
}
