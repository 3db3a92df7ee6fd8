using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Segments of the past: PAWS (RFC 7323 section 5), and resets that come into TIME-WAIT (RFC 1337).</summary>
public sealed class OldSegmentTests
{
    [Fact, Rfc(7323, "5.2")]
    public void Only_a_timestamp_as_new_as_the_last_lets_a_segment_in()
    {
        Rig rig = new(s => s with { QuickAcks = 1000 });
        TcpConnection connection = rig.Accepted(Offer.Timestamps);
        uint clock = rig.Clock;
        uint next = 1;
        foreach ((uint ahead, bool isTaken) in ((uint, bool)[])[(5, true), (4, false), (5, true), (6, true), (0, false), (1u << 30, true), ((1u << 31) + 100, true), (5, true), (4, false)])
        {
            rig.PeerClock = clock + ahead;
            rig.In(Ack, next, 1, data: Rig.Bytes(100));
            if (isTaken) next += 100;
            rig.Out(Ack, 1, next, 0);
            Assert.Equal(next, 1u + (uint)connection.ReadableBytes);
        }
        Assert.Equal(3, rig.Layer.Counters.Drops[TcpDropReason.OldTimestamp]);
    }

    [Theory, Rfc(7323, "5.3")]
    [InlineData(TcpState.Established), InlineData(TcpState.FinWait1), InlineData(TcpState.FinWait2)]
    public void An_old_fin_and_an_old_ack_change_nothing(TcpState state)
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(Offer.Timestamps);
        uint own = 1;
        if (state != TcpState.Established)
        {
            connection.ShutdownWrite();
            rig.Out(Fin | Ack, own++, 1);
        }
        if (state == TcpState.FinWait2) rig.In(Ack, 1, own);
        rig.DropOut();
        rig.PeerClock = rig.Clock - 1000;
        rig.In(Fin | Ack, 1, own, data: Rig.Bytes(10));
        rig.Out(Ack, own, 1, 0);
        Assert.Equal((state, 0), (connection.State, connection.ReadableBytes));
    }

    public static TheoryData<uint, bool, bool> Resets
    {
        get
        {
            TheoryData<uint, bool, bool> data = [];
            foreach (uint sequence in (uint[])[2, 1, 3, 1000, 60_000, 0x8000_0000])
            {
                data.Add(sequence, false, false);
                data.Add(sequence, true, false);
                data.Add(sequence, true, true);
            }
            return data;
        }
    }

    [Theory, MemberData(nameof(Resets)), Rfc(1337, "3")]
    public void No_reset_shortens_time_wait(uint sequence, bool hasAck, bool hasTimestamps)
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(hasTimestamps ? Offer.Timestamps : Offer.None);
        connection.ShutdownWrite();
        rig.Out(Fin | Ack, 1, 1);
        rig.In(Fin | Ack, 1, 2);
        rig.Out(Ack, 2, 2);
        rig.Advance(TimeSpan.FromSeconds(30));
        rig.In(hasAck ? Rst | Ack : Rst, sequence, hasAck ? 2 : null);
        rig.NoOut();
        rig.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal((TcpState.TimeWait, 1), (connection.State, rig.Layer.TimeWaitCount));
        rig.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((TcpState.Closed, 0), (connection.State, rig.Layer.TimeWaitCount));
    }

    [Fact, Rfc(1337, "3")]
    public void After_a_reset_time_wait_still_answers_the_fin()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Close();
        rig.Out(Fin | Ack, 1, 1);
        rig.In(Fin | Ack, 1, 2);
        rig.Out(Ack, 2, 2);
        rig.In(Rst, 2);
        rig.In(Fin | Ack, 1, 2);
        rig.Out(Ack, 2, 2, 0);
    }

    [Fact, Rfc(9293, "3.6")]
    public void Before_fin_wait_2_is_over_a_segment_is_acknowledged_and_after_it_reset()
    {
        Rig rig = new(s => s with { FinWait2Timeout = TimeSpan.FromSeconds(3) });
        TcpConnection connection = rig.Accepted();
        connection.Close();
        rig.Out(Fin | Ack, 1, 1);
        rig.In(Ack, 1, 2);
        rig.Advance(TimeSpan.FromSeconds(2));
        rig.In(Ack, 0, 2);
        rig.Out(Ack, 2, 1, 0);
        rig.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TcpState.Closed, connection.State);
        rig.In(Ack, 1, 2);
        rig.Out(Rst, 2);
    }
}
