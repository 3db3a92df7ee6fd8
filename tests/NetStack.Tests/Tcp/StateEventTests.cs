using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Every synchronised state against every kind of segment: the cells of RFC 9293 section 3.10.7.4, with RFC 5961's changes.</summary>
[Rfc(9293, "3.10.7.4")]
public sealed class StateEventTests
{
    private const TcpFlags FinAck = Fin | Ack;

    public static TheoryData<TcpState> Synchronised =>
        [TcpState.SynReceived, TcpState.Established, TcpState.FinWait1, TcpState.FinWait2, TcpState.CloseWait, TcpState.Closing, TcpState.LastAck, TcpState.TimeWait];

    public static TheoryData<TcpState> Open =>
        [TcpState.Established, TcpState.FinWait1, TcpState.FinWait2, TcpState.CloseWait, TcpState.Closing, TcpState.LastAck];

    public static TheoryData<TcpState> AfterFin => [TcpState.CloseWait, TcpState.Closing, TcpState.LastAck, TcpState.TimeWait];

    /// <summary>A connection in a state: the peer's next number, and ours.</summary>
    private sealed record Cell(Rig Rig, TcpConnection Connection, uint Peer, uint Own);

    private static Cell Bring(TcpState state)
    {
        Rig rig = new();
        if (state is TcpState.SynReceived)
        {
            TcpConnection opening = rig.Connect();
            rig.OurIss = rig.Take().Header.Sequence;
            rig.In(Syn, 0, options: rig.SynOptions(Offer.None));
            rig.Out(Syn | Ack, 0, 1);
            return new Cell(rig, opening, 1, 1);
        }
        TcpConnection connection = rig.Connected();
        uint peer = 1;
        uint own = 1;
        if (state is TcpState.CloseWait or TcpState.LastAck)
        {
            rig.In(FinAck, peer++, own);
            rig.Out(Ack, own, peer);
        }
        if (state is TcpState.FinWait1 or TcpState.FinWait2 or TcpState.Closing or TcpState.LastAck or TcpState.TimeWait)
        {
            connection.ShutdownWrite();
            rig.Out(FinAck, own++, peer);
        }
        if (state is TcpState.FinWait2 or TcpState.TimeWait) rig.In(Ack, peer, own);
        if (state is TcpState.Closing) rig.In(FinAck, peer++, own - 1);
        if (state is TcpState.TimeWait) rig.In(FinAck, peer++, own);
        rig.DropOut();
        rig.TakeEvents();
        Assert.Equal(state, connection.State);
        return new Cell(rig, connection, peer, own);
    }

    [Theory, MemberData(nameof(Synchronised)), Rfc(5961, "3.2"), Rfc(1337, "3")]
    public void Exactly_the_expected_reset_ends_it(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Rst, c.Peer);
        c.Rig.NoOut();
        if (state == TcpState.TimeWait)
        {
            Assert.Equal(TcpState.TimeWait, c.Connection.State);
            Assert.Equal(1, c.Rig.Layer.Counters.Drops[TcpDropReason.ResetInTimeWait]);
            return;
        }
        TcpError expected = state switch
        {
            TcpState.SynReceived => TcpError.ConnectionRefused,
            TcpState.Closing or TcpState.LastAck => TcpError.None,
            _ => TcpError.ConnectionReset,
        };
        Assert.Equal((TcpState.Closed, expected), (c.Connection.State, c.Connection.Error));
        c.Connection.Close();
        c.Rig.AssertNothingLeaks();
    }

    [Theory, MemberData(nameof(Open)), Rfc(5961, "3.2")]
    public void Another_reset_in_the_window_is_challenged(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Rst, c.Peer + 1);
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, MemberData(nameof(Synchronised))]
    public void A_reset_outside_the_window_is_ignored(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Rst, c.Peer - 1);
        c.Rig.In(Rst, c.Peer + 1_000_000);
        c.Rig.NoOut();
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, MemberData(nameof(Open)), Rfc(5961, "4.2")]
    public void A_syn_in_the_window_is_challenged(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Syn, c.Peer + 5);
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, MemberData(nameof(Synchronised))]
    public void A_syn_from_before_the_window_is_answered_by_an_ack(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Syn, c.Peer - 1000);
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, Rfc(9293, "3.10.7.4", "MAY-12"), MemberData(nameof(Open)), Rfc(5961, "5.2")]
    public void An_ack_of_what_was_never_sent_is_answered_and_dropped(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Ack, c.Peer, c.Own + 1);
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        Assert.Equal(state, c.Connection.State);
        Assert.Equal(1, c.Rig.Layer.Counters.Drops[TcpDropReason.BadAcknowledgement]);
    }

    [Theory, Rfc(9293, "3.10.7.4", "MAY-12"), MemberData(nameof(Open)), Rfc(5961, "5.2")]
    public void An_ack_from_before_the_largest_window_is_answered_and_dropped(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Ack, c.Peer, unchecked(0 - 100_000u));
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, MemberData(nameof(Synchronised))]
    public void A_segment_without_flags_is_dropped(TcpState state)
    {
        Cell c = Bring(state);
        if (state == TcpState.TimeWait) return;
        c.Rig.In(None, c.Peer);
        c.Rig.NoOut();
        Assert.Equal(state, c.Connection.State);
        Assert.Equal(1, c.Rig.Layer.Counters.Drops[TcpDropReason.NoAcknowledgement]);
    }

    [Theory, MemberData(nameof(Synchronised))]
    public void Old_data_is_answered_by_an_ack_at_once_each_time(TcpState state)
    {
        Cell c = Bring(state);
        for (int i = 0; i < 3; i++)
        {
            c.Rig.In(Ack, c.Peer - 100, c.Own, data: Rig.Bytes(100));
            c.Rig.Out(Ack, c.Own, c.Peer, 0);
        }
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, MemberData(nameof(Open))]
    public void Empty_segments_outside_the_window_are_answered_once_in_half_a_second(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Ack, c.Peer + 1_000_000, c.Own);
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        c.Rig.In(Ack, c.Peer - 1, c.Own);
        c.Rig.NoOut();
        c.Rig.Now += TimeSpan.FromMilliseconds(501);
        c.Rig.In(Ack, c.Peer - 1, c.Own);
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
    }

    [Theory, MemberData(nameof(Open))]
    public void Data_beyond_the_window_is_answered_by_an_ack(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Ack, c.Peer + 1_000_000, c.Own, data: Rig.Bytes(10));
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, MemberData(nameof(AfterFin))]
    public void A_fin_sent_again_is_acknowledged_again(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(FinAck, c.Peer - 1, c.Own - (state == TcpState.Closing ? 1u : 0));
        c.Rig.Out(Ack, c.Own, c.Peer, 0);
        Assert.Equal(state, c.Connection.State);
    }

    [Theory, MemberData(nameof(AfterFin))]
    public void Text_behind_the_fin_is_not_taken(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Ack, c.Peer, c.Own - (state is TcpState.Closing or TcpState.LastAck ? 1u : 0), data: Rig.Bytes(10));
        c.Rig.DropOut();
        Assert.Equal(state, c.Connection.State);
        Assert.Equal(0, c.Connection.ReadableBytes);
    }

    [Theory]
    [InlineData(TcpState.Established), InlineData(TcpState.FinWait1), InlineData(TcpState.FinWait2)]
    public void Text_is_taken_and_acknowledged(TcpState state)
    {
        Cell c = Bring(state);
        c.Rig.In(Ack, c.Peer, c.Own, data: Rig.Bytes(10));
        c.Rig.Out(Ack, c.Own, c.Peer + 10, 0);
        Assert.Equal(10, c.Connection.ReadableBytes);
    }

    [Theory]
    [InlineData(TcpState.Established, TcpState.CloseWait)]
    [InlineData(TcpState.FinWait1, TcpState.TimeWait)]
    [InlineData(TcpState.FinWait2, TcpState.TimeWait)]
    [InlineData(TcpState.SynReceived, TcpState.CloseWait)]
    public void A_fin_that_acknowledges_everything_moves_on(TcpState state, TcpState next)
    {
        Cell c = Bring(state);
        c.Rig.In(FinAck, c.Peer, c.Own);
        c.Rig.Out(Ack, c.Own, c.Peer + 1, 0);
        Assert.Equal(next, c.Connection.State);
    }

    [Theory]
    [InlineData(TcpState.FinWait1, TcpState.FinWait2)]
    [InlineData(TcpState.Closing, TcpState.TimeWait)]
    [InlineData(TcpState.LastAck, TcpState.Closed)]
    [InlineData(TcpState.Established, TcpState.Established)]
    public void The_ack_of_our_fin_moves_on(TcpState state, TcpState next)
    {
        Cell c = Bring(state);
        c.Rig.In(Ack, c.Peer, c.Own);
        c.Rig.NoOut();
        Assert.Equal(next, c.Connection.State);
    }

    [Theory]
    [InlineData(TcpState.Established), InlineData(TcpState.CloseWait)]
    public void Text_can_be_sent(TcpState state)
    {
        Cell c = Bring(state);
        Assert.True(c.Connection.CanWrite);
        Assert.Equal(10, c.Connection.Write(Rig.Bytes(10)));
        c.Rig.Out(Ack | Psh, c.Own, c.Peer, 10);
    }

    [Theory, MemberData(nameof(Synchronised))]
    public void After_the_close_no_text_can_be_sent(TcpState state)
    {
        Cell c = Bring(state);
        c.Connection.ShutdownWrite();
        Assert.False(c.Connection.CanWrite);
        Assert.Equal(0, c.Connection.Write(Rig.Bytes(10)));
    }

    [Theory, MemberData(nameof(Synchronised)), Rfc(9293, "3.10.5")]
    public void An_abort_resets_where_the_peer_would_wait(TcpState state)
    {
        Cell c = Bring(state);
        c.Connection.Abort();
        if (state is TcpState.Closing or TcpState.LastAck or TcpState.TimeWait) c.Rig.NoOut();
        else c.Rig.Out(Rst | Ack, c.Own, c.Peer, 0);
        c.Rig.Advance(TimeSpan.FromSeconds(61));
        c.Rig.AssertNothingLeaks();
    }

    [Theory, MemberData(nameof(Synchronised))]
    public void A_reset_acknowledgement_with_data_or_fin_resets_too(TcpState state)
    {
        Cell c = Bring(state);
        if (state == TcpState.TimeWait) return;
        c.Rig.In(Rst | Ack | Fin, c.Peer, c.Own, data: Rig.Bytes(3));
        c.Rig.NoOut();
        Assert.Equal(TcpState.Closed, c.Connection.State);
    }
}
