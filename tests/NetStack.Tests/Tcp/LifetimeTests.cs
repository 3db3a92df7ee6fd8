using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Keepalive, timeouts of the user, FIN-WAIT-2, TIME-WAIT.</summary>
public sealed class LifetimeTests
{
    private static readonly TcpConnectionOptions Probing = new()
    {
        KeepAlive = true,
        KeepAliveIdle = TimeSpan.FromSeconds(10),
        KeepAliveInterval = TimeSpan.FromSeconds(2),
        KeepAliveProbes = 3,
    };

    private static Rig InTimeWait(Offer offer, out TcpListener listener)
    {
        Rig rig = new();
        listener = rig.Listen();
        rig.In(Syn, 0, options: rig.SynOptions(offer));
        SentSegment reply = rig.Take();
        rig.OurIss = reply.Header.Sequence;
        rig.HasTimestamps = reply.Options.HasTimestamps;
        rig.In(Ack, 1, 1);
        listener.TryAccept(out TcpConnection? connection);
        connection!.Close();
        rig.Out(Fin | Ack, 1, 1);
        rig.In(Fin | Ack, 1, 2);
        rig.Out(Ack, 2, 2);
        Assert.Equal(1, rig.Layer.TimeWaitCount);
        return rig;
    }

    [Fact, Rfc(9293, "3.8.4", "MAY-5", "MUST-26", "MUST-27", "SHLD-12")]
    public void An_idle_peer_is_probed_with_an_old_number()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: Probing);
        rig.Advance(TimeSpan.FromSeconds(9));
        rig.NoOut();
        rig.Advance(TimeSpan.FromSeconds(2));
        rig.Out(Ack, 0, 1, 0);
        rig.In(Ack, 1, 1);
        rig.Advance(TimeSpan.FromSeconds(9));
        rig.NoOut();
        rig.Advance(TimeSpan.FromSeconds(2));
        rig.Out(Ack, 0, 1, 0);
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Fact, Rfc(9293, "3.8.4", "MUST-27")]
    public void An_idle_peer_that_answers_no_probe_is_given_up_with_a_reset()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: Probing);
        rig.Advance(TimeSpan.FromSeconds(30));
        double[] times = [.. rig.Ip.Sent.Select(s => Math.Round((s.At - Instant.FromSeconds(1000)).TotalSeconds))];
        Assert.Equal([10, 12, 14, 16], times);
        Assert.Equal(Rst | Ack, rig.Ip.Sent.Last().Flags);
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
    }

    [Fact, Rfc(9293, "3.8.4", "MUST-24", "MUST-25")]
    public void Keepalive_is_off_until_it_is_asked_for()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        Assert.Null(((IStackPart)rig.Layer).NextDeadline);
        connection.Options = Probing;
        rig.Advance(TimeSpan.FromSeconds(11));
        rig.Out(Ack, 0, 1, 0);
    }

    [Fact, Rfc(5482, "3"), Rfc(9293, "3.8.3", "MUST-21")]
    public void The_user_timeout_ends_a_connection_whose_data_stays_unacknowledged()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { UserTimeout = TimeSpan.FromSeconds(3) });
        connection.Write(Rig.Bytes(10));
        rig.Advance(2900);
        Assert.Equal(TcpState.Established, connection.State);
        rig.Advance(200);
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
        rig.DropOut();
        rig.In(Ack, 1, 11);
        Assert.Equal(Rst, rig.Take().Flags);
    }

    [Fact, Rfc(9293, "3.6")]
    public void An_orphan_waits_for_the_fin_only_so_long()
    {
        Rig rig = new(s => s with { FinWait2Timeout = TimeSpan.FromSeconds(5) });
        TcpConnection connection = rig.Accepted();
        connection.Close();
        rig.Out(Fin | Ack, 1, 1);
        rig.In(Ack, 1, 2);
        Assert.Equal((TcpState.FinWait2, 1), (connection.State, rig.Layer.OrphanCount));
        rig.Advance(TimeSpan.FromSeconds(4));
        rig.In(Ack, 0, 2);
        rig.Out(Ack, 2, 1);
        rig.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(TcpState.Closed, connection.State);
        rig.In(Ack, 1, 2);
        rig.Out(Rst, 2);
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.6")]
    public void A_half_closed_connection_with_a_user_waits_for_ever()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.ShutdownWrite();
        rig.Out(Fin | Ack, 1, 1);
        rig.In(Ack, 1, 2);
        rig.Advance(TimeSpan.FromDays(1));
        Assert.Equal(TcpState.FinWait2, connection.State);
        connection.Close();
        rig.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(TcpState.Closed, connection.State);
    }

    [Fact]
    public void Above_the_limit_of_orphans_a_close_resets()
    {
        Rig rig = new(s => s with { MaxOrphans = 0 });
        TcpConnection connection = rig.Accepted();
        connection.Close();
        rig.Out(Rst | Ack, 1, 1);
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.7.4 first", "MUST-13"), Rfc(1337, "3")]
    public void In_time_wait_old_segments_are_answered_and_resets_ignored()
    {
        Rig rig = InTimeWait(Offer.None, out _);
        rig.In(Rst, 2);
        rig.In(Ack, 2, 2);
        rig.NoOut();
        rig.In(Ack, 1, 2, data: Rig.Bytes(5));
        rig.Out(Ack, 2, 2);
        rig.Advance(TimeSpan.FromSeconds(50));
        rig.In(Fin | Ack, 1, 2); // begins the wait anew
        rig.Out(Ack, 2, 2);
        rig.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(1, rig.Layer.TimeWaitCount);
        rig.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(0, rig.Layer.TimeWaitCount);
    }

    [Fact, Rfc(9293, "3.6.1", "MAY-2"), Rfc(6191, "2")]
    public void A_new_syn_with_a_higher_number_ends_time_wait()
    {
        Rig rig = InTimeWait(Offer.None, out TcpListener listener);
        rig.In(Syn, 1);
        Assert.Equal(Ack, rig.Take().Flags); // not higher: answered as old
        rig.In(Syn, 1000);
        SentSegment reply = rig.Take();
        Assert.Equal(Syn | Ack, reply.Flags);
        Assert.True(reply.Header.Sequence - (rig.OurIss + 2) is > 0 and < 1u << 31);
        Assert.Equal((0, 1), (rig.Layer.TimeWaitCount, listener.HalfOpen));
        Assert.Equal(1, rig.Layer.Counters.TimeWaitReused);
    }

    [Fact, Rfc(9293, "3.6.1", "SHLD-4"), Rfc(6191, "2")]
    public void With_timestamps_a_newer_one_ends_time_wait_whatever_the_number()
    {
        Rig rig = InTimeWait(Offer.Timestamps, out _);
        uint clock = rig.Clock;
        rig.PeerClock = clock;
        rig.In(Syn, unchecked(0 - 500u), options: rig.SynOptions(Offer.Timestamps));
        Assert.Equal(Ack, rig.Take().Flags);
        rig.PeerClock = clock + 1;
        rig.In(Syn, unchecked(0 - 500u), options: rig.SynOptions(Offer.Timestamps));
        Assert.Equal(Syn | Ack, rig.Take().Flags);
    }

    [Fact]
    public void Above_the_limit_time_wait_is_skipped()
    {
        Rig rig = new(s => s with { MaxTimeWait = 0 });
        TcpConnection connection = rig.Accepted();
        connection.ShutdownWrite();
        rig.Out(Fin | Ack, 1, 1);
        rig.In(Fin | Ack, 1, 2);
        rig.Out(Ack, 2, 2);
        Assert.Equal((TcpState.Closed, 1L), (connection.State, rig.Layer.Counters.TimeWaitOverflow));
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.6")]
    public void An_address_that_goes_takes_its_connections_along()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.RemotePort++;
        rig.In(Syn, 0);
        rig.DropOut();
        ((ITransport)rig.Layer).OnAddressRemoved(Rig.Ours, rig.Now);
        Assert.Equal((TcpState.Closed, TcpError.ConnectionAborted), (connection.State, connection.Error));
        Assert.Equal(0, rig.Layer.ConnectionCount);
    }
}
