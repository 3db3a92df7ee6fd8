using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Backlogs, SYN cookies, who owns a port and who gets a SYN.</summary>
public sealed class ListenerTests
{
    private static TcpError Listen(Rig rig, string? address, ushort port, out TcpListener? listener, bool dual = false, bool reuse = false, int? on = null)
    {
        IpAddress local = address is null ? default : IpAddress.Parse(address);
        TcpBindOptions bind = new(new TcpEndpoint(local, port)) { DualMode = dual, ReusePort = reuse, Interface = on };
        return rig.Layer.Listen(new TcpListenOptions(bind), out listener);
    }

    /// <summary>A handshake from a port of the peer's, up to our answer and the third segment.</summary>
    private static void Knock(Rig rig, ushort port, bool completes = true)
    {
        rig.RemotePort = port;
        rig.In(Syn, 0, options: rig.SynOptions(Offer.None));
        rig.Pump();
        if (!completes || rig.Ip.Sent.Count == 0) return;
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack, 1, 1);
    }

    [Fact]
    public void When_the_accept_queue_is_full_syns_and_last_acks_are_ignored()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen(backlog: 2, synBacklog: 10);
        uint[] iss = new uint[4];
        for (ushort i = 0; i < 4; i++)
        {
            Knock(rig, (ushort)(5000 + i), completes: false);
            iss[i] = rig.Take().Header.Sequence;
        }
        for (ushort i = 0; i < 4; i++)
        {
            rig.RemotePort = (ushort)(5000 + i);
            rig.OurIss = iss[i];
            rig.In(Ack, 1, 1);
        }
        Assert.Equal((2, 2), (listener.Pending, listener.HalfOpen));
        Assert.Equal(2, rig.Layer.Counters.Drops[TcpDropReason.AcceptQueueFull]);
        Knock(rig, 6000, completes: false);
        rig.NoOut();
        Assert.True(listener.TryAccept(out _));
        rig.RemotePort = 5003;
        rig.In(Ack, 1, 1); // the peer answers our SYN-ACK again
        Assert.Equal((2, 1), (listener.Pending, listener.HalfOpen));
    }

    [Fact, Rfc(4987, "3.6")]
    public void When_the_syn_queue_is_full_cookies_are_sent_and_nothing_is_remembered()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen(backlog: 4, synBacklog: 2);
        for (ushort i = 0; i < 3; i++) Knock(rig, (ushort)(5000 + i), completes: false);
        Assert.Equal(2, listener.HalfOpen);
        rig.Take();
        rig.Take();
        rig.OurIss = rig.Take().Header.Sequence;
        Assert.Equal(1, rig.Layer.Counters.CookiesSent);
        rig.In(Ack | Psh, 1, 1, data: Rig.Bytes(30));
        Assert.Equal(1, rig.Layer.Counters.CookiesAccepted);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        Assert.Equal((TcpState.Established, 30, 1460), (connection!.State, connection.ReadableBytes, connection.Info.SendMss));
        rig.Out(Ack, 1, 31);
    }

    [Fact, Rfc(4987, "3.6")]
    public void A_cookie_carries_the_options_in_the_timestamp()
    {
        Rig rig = new(s => s with { SynCookies = SynCookieMode.Always });
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0, options: rig.SynOptions(Offer.All));
        rig.OurIss = rig.Take().Header.Sequence;
        rig.HasTimestamps = true;
        Assert.Equal(0, rig.Layer.ConnectionCount);
        rig.In(Ack, 1, 1, win: 100);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        TcpInfo info = connection!.Info;
        Assert.Equal((true, true, 7, 100L << 7), (info.Sack, info.Timestamps, info.SendWindowScale, info.SendWindow));
    }

    [Fact, Rfc(4987, "3.6")]
    public void A_wrong_cookie_is_dropped_and_an_old_one_reset()
    {
        Rig rig = new(s => s with { SynCookies = SynCookieMode.Always });
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack, 1, 100);
        rig.NoOut(); // it may have overtaken the right one
        Assert.Equal(1, rig.Layer.Counters.Drops[TcpDropReason.BadCookie]);
        rig.Advance(TimeSpan.FromMinutes(5));
        rig.In(Ack, 1, 1);
        rig.Out(Rst, 1);
        Assert.Equal(0, listener.Pending);
    }

    [Fact]
    public void Without_cookies_a_full_syn_queue_drops()
    {
        Rig rig = new(s => s with { SynCookies = SynCookieMode.Never });
        rig.Listen(backlog: 4, synBacklog: 1);
        Knock(rig, 5000, completes: false);
        rig.Take();
        Knock(rig, 5001, completes: false);
        rig.NoOut();
        Assert.Equal(1, rig.Layer.Counters.Drops[TcpDropReason.SynQueueFull]);
    }

    [Fact]
    public void Closing_a_listener_resets_who_waits_and_forgets_who_is_half_open()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        Knock(rig, 5000);
        Knock(rig, 5001, completes: false);
        rig.DropOut();
        listener.Close();
        rig.RemotePort = 5000;
        Assert.Equal(Rst | Ack, rig.Take().Flags);
        rig.AssertNothingLeaks();
        Assert.Equal(TcpError.None, Listen(rig, null, 80, out _));
    }

    [Fact]
    public void A_connection_that_was_reset_before_it_was_accepted_is_not_given_out()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        Knock(rig, 5000);
        rig.In(Rst, 1);
        Assert.False(listener.TryAccept(out _));
        listener.Close();
        rig.AssertNothingLeaks();
    }

    [Fact]
    public void A_port_has_one_owner_unless_all_share_it()
    {
        Rig rig = new();
        Assert.Equal(TcpError.None, Listen(rig, null, 80, out TcpListener? any));
        Assert.Equal(TcpError.AddressInUse, Listen(rig, null, 80, out _));
        Assert.Equal(TcpError.AddressInUse, Listen(rig, "10.0.0.1", 80, out _));
        Assert.Equal(TcpError.AddressNotAvailable, Listen(rig, "10.9.9.9", 81, out _));
        Assert.Equal(TcpError.InvalidArgument, Listen(rig, "224.0.0.1", 81, out _));
        any!.Close();
        Assert.Equal(TcpError.None, Listen(rig, "0.0.0.0", 80, out _));
        Assert.Equal(TcpError.None, Listen(rig, "::", 80, out _));
        Assert.Equal(TcpError.AddressInUse, Listen(rig, "::", 80, out _, dual: true));
        Assert.Equal(TcpError.None, Listen(rig, null, 81, out _, reuse: true));
        Assert.Equal(TcpError.None, Listen(rig, null, 81, out _, reuse: true));
        Assert.Equal(TcpError.AddressInUse, Listen(rig, null, 81, out _));
        Assert.Equal(TcpError.None, Listen(rig, null, 82, out _, on: 1));
        Assert.Equal(TcpError.None, Listen(rig, null, 82, out _, on: 2));
        Assert.Equal(TcpError.AddressInUse, Listen(rig, null, 82, out _));
    }

    [Fact]
    public void The_most_specific_listener_gets_the_syn()
    {
        Rig rig = new();
        Listen(rig, "0.0.0.0", 80, out TcpListener? any, reuse: true);
        Listen(rig, "10.0.0.1", 80, out TcpListener? exact, reuse: true);
        Knock(rig, 5000);
        Assert.Equal((0, 1), (any!.Pending, exact!.Pending));
        exact.Close();
        rig.DropOut();
        Knock(rig, 5001);
        Assert.Equal(1, any.Pending);
    }

    [Fact]
    public void A_listener_bound_to_an_interface_hears_only_it()
    {
        Rig rig = new();
        Listen(rig, null, 80, out TcpListener? listener, on: 2);
        Knock(rig, 5000, completes: false);
        Assert.Equal(Rst | Ack, rig.Take().Flags);
        Assert.Equal(0, listener!.HalfOpen);
    }

    [Fact]
    public void Dual_mode_takes_ipv4_too()
    {
        Rig rig = new();
        Listen(rig, "::", 80, out TcpListener? six);
        Listen(rig, "::", 81, out TcpListener? dual, dual: true);
        Knock(rig, 5000, completes: false);
        Assert.Equal(Rst | Ack, rig.Take().Flags);
        rig.OurPort = 81;
        Knock(rig, 5000);
        Assert.Equal((0, 1), (six!.HalfOpen, dual!.Pending));
    }

    [Fact]
    public void Listeners_that_share_a_port_share_the_connections()
    {
        Rig rig = new();
        Listen(rig, null, 80, out TcpListener? one, reuse: true);
        Listen(rig, null, 80, out TcpListener? two, reuse: true);
        for (ushort i = 0; i < 60; i++) Knock(rig, (ushort)(5000 + i));
        Assert.Equal(60, one!.Pending + two!.Pending);
        Assert.InRange(one.Pending, 15, 45);
    }

    [Fact, Rfc(6056, "3.3")]
    public void Ephemeral_ports_come_from_the_range_and_are_not_foreseen()
    {
        Rig rig = new(s => s with { FirstEphemeralPort = 50_000, LastEphemeralPort = 50_009 });
        HashSet<ushort> ports = [];
        for (int i = 0; i < 10; i++) ports.Add(rig.Connect().Local.Port);
        Assert.Equal((10, 50_000, 50_009), (ports.Count, ports.Min(), ports.Max()));
        Assert.Equal(TcpError.AddressNotAvailable, rig.Layer.Connect(new TcpConnectOptions(new TcpEndpoint(Rig.Peers, Rig.PeerPort)), rig.Now, out _));
        Assert.Equal(TcpError.None, rig.Layer.Connect(new TcpConnectOptions(new TcpEndpoint(Rig.Peers, 9)), rig.Now, out _)); // another peer port
    }

    [Fact]
    public void A_bound_port_can_connect_and_goes_back_with_the_connection()
    {
        Rig rig = new();
        Assert.Equal(TcpError.None, rig.Layer.Bind(new TcpBindOptions(new TcpEndpoint(Rig.Ours, 0)), out TcpBinding? binding));
        Assert.NotEqual(0, binding!.Local.Port);
        TcpConnectOptions connect = new(new TcpEndpoint(Rig.Peers, 9)) { Binding = binding };
        Assert.Equal(TcpError.None, rig.Layer.Connect(connect, rig.Now, out TcpConnection? connection));
        Assert.Equal(binding.Local, connection!.Local);
        Assert.Equal(TcpError.AddressInUse, rig.Layer.Bind(new TcpBindOptions(binding.Local), out _));
        connection.Abort();
        Assert.Equal(TcpError.None, rig.Layer.Bind(new TcpBindOptions(binding.Local), out _));
    }

    [Fact]
    public void One_four_tuple_is_one_connection()
    {
        Rig rig = new();
        TcpConnectOptions connect = new(new TcpEndpoint(Rig.Peers, 9)) { Local = new TcpEndpoint(Rig.Ours, 1234) };
        Assert.Equal(TcpError.None, rig.Layer.Connect(connect, rig.Now, out _));
        Assert.Equal(TcpError.AddressInUse, rig.Layer.Connect(connect, rig.Now, out _));
    }

    [Fact]
    public void The_limit_of_connections_holds()
    {
        Rig rig = new(s => s with { MaxConnections = 1 });
        rig.Listen();
        Knock(rig, 5000);
        Knock(rig, 5001, completes: false);
        rig.NoOut();
        Assert.Equal(1, rig.Layer.Counters.Drops[TcpDropReason.TooManyConnections]);
        Assert.Equal(TcpError.NoBufferSpace, rig.Layer.Connect(new TcpConnectOptions(new TcpEndpoint(Rig.Peers, 9)), rig.Now, out _));
    }
}
