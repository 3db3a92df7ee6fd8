using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Opening: passive, active, both at once, and what goes wrong.</summary>
[Rfc(9293, "3.5")]
public sealed class HandshakeTests
{
    private const TcpFlags SynAck = Syn | Ack;
    private const TcpFlags RstAck = Rst | Ack;

    [Fact, Rfc(9293, "3.10.7.2")]
    public void A_syn_to_a_listener_is_answered_and_the_ack_makes_a_connection()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0, options: rig.SynOptions(Offer.None));
        SentSegment reply = rig.Take();
        rig.OurIss = reply.Header.Sequence;
        Assert.Equal(SynAck, reply.Flags);
        Assert.Equal(rig.PeerIss + 1, reply.Header.Acknowledgement);
        Assert.Equal(1460, reply.Options.MaximumSegmentSize);
        Assert.Equal((1, 0), (listener.HalfOpen, listener.Pending));
        rig.In(Ack, 1, 1);
        Assert.Equal((0, 1), (listener.HalfOpen, listener.Pending));
        Assert.Equal(TcpEvents.Acceptable, rig.TakeEvents());
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        Assert.Equal(TcpState.Established, connection!.State);
        Assert.Equal((new TcpEndpoint(Rig.Ours, 80), new TcpEndpoint(Rig.Peers, Rig.PeerPort)), (connection.Local, connection.Remote));
        Assert.Equal(TcpEvents.Writable, rig.TakeEvents());
    }

    [Fact, Rfc(9293, "3.10.7.3")]
    public void A_connect_sends_a_syn_and_acknowledges_the_answer()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        Assert.Equal(TcpState.SynSent, connection.State);
        SentSegment syn = rig.Take();
        rig.OurIss = syn.Header.Sequence;
        Assert.Equal(Syn, syn.Flags);
        Assert.Equal((1460, true, true), (syn.Options.MaximumSegmentSize, syn.Options.SackPermitted, syn.Options.HasTimestamps));
        Assert.Equal(7, syn.Options.WindowScale);
        rig.In(SynAck, 0, 1, options: rig.SynOptions(Offer.None));
        rig.Out(Ack, 1, 1, 0);
        Assert.Equal(TcpState.Established, connection.State);
        Assert.Equal(TcpEvents.Connected | TcpEvents.Writable, rig.TakeEvents());
    }

    [Fact, Rfc(9293, "3.5 figure 7", "MUST-10")]
    public void Two_ends_that_open_at_once_get_one_connection()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Syn, 0, options: rig.SynOptions(Offer.None));
        Assert.Equal(TcpState.SynReceived, connection.State);
        rig.Out(SynAck, 0, 1);
        rig.In(SynAck, 0, 1, options: rig.SynOptions(Offer.None));
        Assert.Equal(TcpState.Established, connection.State);
        Assert.Equal(TcpEvents.Connected | TcpEvents.Writable, rig.TakeEvents());
        rig.In(Ack | Psh, 1, 1, data: Rig.Bytes(10));
        rig.Out(Ack, 1, 11);
    }

    [Fact, Rfc(9293, "3.5 figure 7", "MUST-10")]
    public void A_plain_ack_completes_a_simultaneous_open_too()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Syn, 0, options: rig.SynOptions(Offer.None));
        rig.Out(SynAck, 0, 1);
        rig.In(Ack, 1, 1);
        Assert.Equal(TcpState.Established, connection.State);
    }

    [Fact, Rfc(9293, "3.10.7.1")]
    public void A_segment_for_nobody_is_reset()
    {
        Rig rig = new();
        rig.In(Syn, 0);
        SentSegment reset = rig.Take();
        Assert.Equal((RstAck, 0u, rig.PeerIss + 1), (reset.Flags, reset.Header.Sequence, reset.Header.Acknowledgement));
        rig.In(Ack | Psh, 5, 77, data: Rig.Bytes(4));
        reset = rig.Take();
        Assert.Equal((Rst, 77u), (reset.Flags, reset.Header.Sequence));
        rig.In(Fin, 5, data: Rig.Bytes(4));
        reset = rig.Take();
        Assert.Equal((RstAck, 0u, rig.PeerIss + 10), (reset.Flags, reset.Header.Sequence, reset.Header.Acknowledgement));
        rig.In(Rst, 5);
        rig.In(RstAck, 5, 7);
        rig.NoOut();
        Assert.Equal(5, rig.Layer.Counters.Drops[TcpDropReason.NoConnection]);
    }

    [Fact, Rfc(9293, "3.10.7.2")]
    public void A_listener_resets_an_ack_and_ignores_a_reset_and_anything_without_syn()
    {
        Rig rig = new();
        rig.Listen();
        rig.In(Ack, 1, 9);
        Assert.Equal((Rst, 9u), (rig.Ip.Sent.Peek().Flags, rig.Take().Header.Sequence));
        rig.In(SynAck, 1, 9);
        Assert.Equal(Rst, rig.Take().Flags);
        rig.In(Rst, 1);
        rig.In(Fin, 1);
        rig.In(None, 1);
        rig.In(Syn | Fin, 1);
        rig.NoOut();
        Assert.Equal(1, rig.Layer.Counters.Drops[TcpDropReason.BadFlags]);
    }

    [Fact, Rfc(9293, "3.10.7.3")]
    public void In_syn_sent_a_wrong_ack_is_reset_and_a_reset_counts_only_with_the_right_one()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(SynAck, 0, 7);
        Assert.Equal((Rst, 7u), (rig.Ip.Sent.Peek().Flags, rig.Take().Header.Sequence - rig.OurIss));
        rig.In(Ack, 0, 0);
        Assert.Equal(Rst, rig.Take().Flags);
        rig.In(RstAck, 0, 2);
        rig.In(Rst, 0);
        rig.In(Fin, 0);
        rig.NoOut();
        Assert.Equal(TcpState.SynSent, connection.State);
        rig.In(RstAck, 0, 1);
        Assert.Equal((TcpState.Closed, TcpError.ConnectionRefused), (connection.State, connection.Error));
        Assert.Equal(TcpEvents.Closed, rig.TakeEvents());
        connection.Close();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(6298, "5.7"), Rfc(9293, "3.8.3", "MUST-22")]
    public void A_syn_is_sent_again_with_doubled_timeouts_and_the_connect_times_out()
    {
        Rig rig = new(s => s with { SynRetries = 3 });
        TcpConnection connection = rig.Connect();
        Instant start = rig.Now;
        rig.Advance(TimeSpan.FromSeconds(60));
        double[] times = [.. rig.Ip.Sent.Select(s => (s.At - start).TotalSeconds)];
        Assert.Equal([0, 1, 3, 7], times);
        Assert.All(rig.Ip.Sent, s => Assert.Equal((Syn, rig.Ip.Sent.Peek().Header.Sequence), (s.Flags, s.Header.Sequence)));
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
        connection.Close();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.7.4")]
    public void A_syn_ack_is_sent_again_and_a_half_open_connection_is_forgotten()
    {
        Rig rig = new(s => s with { SynAckRetries = 2 });
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0);
        rig.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(3, rig.Ip.Sent.Count(s => s.Flags == SynAck));
        Assert.Equal(0, listener.HalfOpen);
        rig.Ip.Sent.Clear();
        listener.Close();
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(9293, "3.10.7.4")]
    public void A_repeated_syn_brings_the_same_syn_ack_again()
    {
        Rig rig = new();
        rig.Listen();
        rig.In(Syn, 0);
        rig.In(Syn, 0);
        SentSegment first = rig.Take();
        SentSegment second = rig.Take();
        Assert.Equal(first.Header, second.Header);
    }

    [Fact, Rfc(9293, "3.10.7.4", "MUST-11"), Rfc(5961, "3.2")]
    public void In_syn_received_only_the_exact_reset_returns_to_listen()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Rst, 100);
        rig.Out(Ack, 1, 1);
        rig.In(Rst, 100_000);
        rig.NoOut();
        Assert.Equal(1, listener.HalfOpen);
        rig.In(Rst, 1);
        Assert.Equal(0, listener.HalfOpen);
        rig.In(Ack, 1, 1);
        rig.Out(Rst, 1);
    }

    [Fact, Rfc(9293, "3.10.7.4")]
    public void In_syn_received_a_wrong_ack_is_reset_and_the_right_one_still_counts()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack, 1, 5);
        rig.Out(Rst, 5);
        rig.In(Ack, 1, 0);
        rig.Out(Rst, 0);
        rig.In(None, 1);
        rig.NoOut();
        rig.In(Ack, 1, 1);
        Assert.Equal(1, listener.Pending);
    }

    [Fact, Rfc(9293, "3.10.7.4", "MUST-11")]
    public void A_reset_after_a_simultaneous_open_refuses_the_connect()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Syn, 0);
        rig.Out(SynAck, 0, 1);
        rig.In(Rst, 1);
        Assert.Equal((TcpState.Closed, TcpError.ConnectionRefused), (connection.State, connection.Error));
    }

    [Fact, Rfc(9293, "3.10.7.2")]
    public void Data_with_the_third_segment_is_taken()
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack | Psh, 1, 1, data: Rig.Bytes(100));
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        rig.Out(Ack, 1, 101);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(100)), Rig.Read(connection!, 200));
        Assert.Equal(TcpEvents.Acceptable | TcpEvents.Writable | TcpEvents.Readable, rig.TakeEvents());
    }

    [Fact, Rfc(9293, "3.10.7.3")]
    public void Data_and_fin_with_the_syn_ack_are_taken()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(SynAck | Fin, 0, 1, data: Rig.Bytes(20));
        rig.Out(Ack, 1, 22);
        Assert.Equal(TcpState.CloseWait, connection.State);
        Assert.Equal(Convert.ToHexString(Rig.Bytes(20)), Rig.Read(connection, 200));
        Assert.True(connection.IsEndOfStream);
    }

    [Fact, Rfc(9293, "3.7.1", "MUST-15")]
    public void Without_an_mss_option_the_default_is_sent()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(mss: 0);
        connection.Write(Rig.Bytes(1000));
        rig.Out(Ack, 1, 1, 536);
        rig.Out(Ack | Psh, 537, 1, 464);
        Rig six = new(isV6: true);
        connection = six.Accepted(mss: 0);
        connection.Write(Rig.Bytes(1300));
        six.Out(Ack, 1, 1, 1220);
    }

    [Fact, Rfc(9293, "3.7.1", "MUST-14", "MUST-16")]
    public void The_mss_sent_fits_peer_path_options_and_clamp()
    {
        Rig rig = new();
        Assert.Equal(1000, rig.Accepted(mss: 1000).Info.SendMss);
        rig = new Rig();
        rig.Ip.Mtu = 1400;
        Assert.Equal(1360, rig.Accepted(mss: 9000).Info.SendMss);
        rig = new Rig(s => s with { MaxMss = 1200 });
        Assert.Equal(1200, rig.Accepted().Info.SendMss);
        rig = new Rig();
        Assert.Equal(1448, rig.Accepted(Offer.Timestamps).Info.SendMss);
    }

    [Fact, Rfc(7323, "2.2")]
    public void The_window_of_a_syn_is_never_scaled()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(Offer.Scale, win: 500);
        Assert.Equal(500 << Rig.PeerScale, connection.Info.SendWindow);
        rig = new Rig();
        connection = rig.Connected(Offer.Scale, win: 500);
        Assert.Equal(500, connection.Info.SendWindow);
    }

    [Fact, Rfc(7323, "2.3")]
    public void A_scale_above_14_counts_as_14_and_none_offered_means_none()
    {
        Rig rig = new();
        rig.Listen();
        rig.In(Syn, 0, options: [3, 3, 20, 1]);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack, 1, 1, win: 2);
        Assert.Equal(7, rig.Layer.Settings.Defaults.MaxReceiveBuffer > 0 ? TcpLayer.ReceiveScale(rig.Layer.Settings.Defaults) : 0);
        rig.Pump();
        Rig plain = new();
        Assert.Equal((-1, -1), (plain.Accepted().Info is var info ? info.SendWindowScale : 0, info.ReceiveWindowScale));
    }

    [Theory, Rfc(9293, "3.1", "MUST-69")]
    [InlineData(true, true, "020405B40402080A", "01030307")]
    [InlineData(true, false, "020405B4010104020103", "0307")]
    [InlineData(false, true, "020405B4010303070402080A", "")]
    [InlineData(false, false, "020405B4010303070402", "0000")]
    public void Syn_options_have_the_layout_that_was_chosen(bool isLinux, bool hasTimestamps, string start, string end)
    {
        Rig rig = new(s => s with { SynLayout = isLinux ? SynOptionLayout.Linux : SynOptionLayout.Default, Timestamps = hasTimestamps });
        rig.Connect();
        string options = Convert.ToHexString(rig.Take().OptionBytes);
        Assert.StartsWith(start, options, StringComparison.Ordinal);
        Assert.EndsWith(end, options, StringComparison.Ordinal);
        Assert.Equal(0, options.Length % 8);
    }

    [Fact, Rfc(9293, "3.4.1", "SHLD-1"), Rfc(6528, "3")]
    public void Initial_sequence_numbers_differ_by_peer_and_grow_with_time()
    {
        Rig rig = new();
        rig.Listen();
        rig.In(Syn, 0);
        uint first = rig.Take().Header.Sequence;
        rig.RemotePort++;
        rig.In(Syn, 0);
        uint second = rig.Take().Header.Sequence;
        Assert.True(second - first is > 100_000 and < uint.MaxValue - 100_000);
    }

    [Fact, Rfc(9293, "3.9.2.3", "MUST-57", "MUST-63")]
    public void A_syn_from_or_to_a_group_is_ignored()
    {
        Rig rig = new();
        rig.Listen();
        byte[] syn = Segments.Build(IpAddress.Parse("224.0.0.1"), Rig.Ours, new TcpHeader(5, 80, 1, 0, Syn, 100), default, default);
        InboundDatagram datagram = new() { Source = IpAddress.Parse("224.0.0.1"), Destination = Rig.Ours, Bytes = new InboundBytes(syn) };
        ((ITransport)rig.Layer).Receive(datagram, rig.Now);
        syn = Segments.Build(Rig.Peers, IpAddress.Parse("10.255.255.255"), new TcpHeader(5, 80, 1, 0, Syn, 100), default, default);
        datagram = new() { Source = Rig.Peers, Destination = IpAddress.Parse("10.255.255.255"), IsGroupAddressed = true, Bytes = new InboundBytes(syn) };
        ((ITransport)rig.Layer).Receive(datagram, rig.Now);
        rig.NoOut();
        Assert.Equal(2, rig.Layer.Counters.Drops[TcpDropReason.BadAddress]);
    }

    [Fact, Rfc(9293, "3.10.1", "MUST-46")]
    public void A_connect_that_cannot_be_is_refused_at_once()
    {
        Rig rig = new();
        TcpError Try(string address, ushort port, string? from = null)
        {
            TcpEndpoint local = from is null ? default : new TcpEndpoint(IpAddress.Parse(from), 0);
            return rig.Layer.Connect(new TcpConnectOptions(new TcpEndpoint(IpAddress.Parse(address), port)) { Local = local }, rig.Now, out _);
        }
        Assert.Equal(TcpError.InvalidArgument, Try("224.0.0.1", 5));
        Assert.Equal(TcpError.InvalidArgument, Try("0.0.0.0", 5));
        Assert.Equal(TcpError.InvalidArgument, Try("255.255.255.255", 5));
        Assert.Equal(TcpError.InvalidArgument, Try("10.0.0.2", 0));
        Assert.Equal(TcpError.InvalidArgument, Try("10.0.0.2", 5, "::1"));
        Assert.Equal(TcpError.AddressNotAvailable, Try("10.0.0.2", 5, "10.0.0.77"));
        rig.Ip.HasRoute = false;
        Assert.Equal(TcpError.NetworkUnreachable, Try("10.0.0.2", 5));
        rig.AssertNothingLeaks();
    }
}
