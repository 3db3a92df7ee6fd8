using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>ICMP errors, path MTU, black holes, ECN, urgent data.</summary>
public sealed class PathTests
{
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(100);

    [Theory, Rfc(5461, "2")]
    [InlineData(0, TcpError.HostUnreachable), InlineData(1, TcpError.ConnectionRefused), InlineData(2, TcpError.ConnectionRefused), InlineData(4, TcpError.HostUnreachable)]
    public void An_error_about_our_syn_ends_the_connect(int kind, TcpError expected)
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.OurIss = rig.Take().Header.Sequence;
        rig.Report((IcmpErrorKind)kind, 0);
        Assert.Equal((TcpState.Closed, expected), (connection.State, connection.Error));
        rig.In(Syn | Ack, 0, 1);
        rig.Out(Rst, 1);
        rig.AssertNothingLeaks();
    }

    [Fact, Rfc(5461, "4"), Rfc(5927, "4")]
    public void An_open_connection_survives_every_error_and_hears_only_what_is_in_flight()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Write(Rig.Bytes(100));
        rig.DropOut();
        rig.TakeEvents();
        rig.Report(IcmpErrorKind.HostUnreachable, 101);
        rig.Report(IcmpErrorKind.HostUnreachable, 0);
        Assert.Equal(TcpEvents.None, rig.TakeEvents());
        rig.Report(IcmpErrorKind.PortUnreachable, 1);
        Assert.Equal((TcpState.Established, TcpError.HostUnreachable), (connection.State, connection.SoftError));
        Assert.Equal(TcpEvents.SoftError, rig.TakeEvents());
        Assert.Equal(2, rig.Layer.Counters.Drops[TcpDropReason.ErrorNotOurs]);
        rig.In(Ack, 1, 101);
        Assert.Equal(TcpError.None, connection.SoftError);
    }

    [Fact, Rfc(5927, "4.1")]
    public void An_error_is_expected_only_of_a_flow_and_of_a_number_in_flight()
    {
        Rig rig = new();
        Assert.False(rig.Expects(IcmpErrorKind.PacketTooBig, 1));
        TcpConnection connection = rig.Accepted();
        Assert.False(rig.Expects(IcmpErrorKind.PacketTooBig, 1)); // nothing is
        connection.Write(Rig.Bytes(100));
        rig.DropOut();
        Assert.True(rig.Expects(IcmpErrorKind.PacketTooBig, 1));
        Assert.True(rig.Expects(IcmpErrorKind.PacketTooBig, 100));
        Assert.False(rig.Expects(IcmpErrorKind.PacketTooBig, 0));
        Assert.False(rig.Expects(IcmpErrorKind.PacketTooBig, 101));
        rig.RemotePort++;
        Assert.False(rig.Expects(IcmpErrorKind.PacketTooBig, 1));
        rig.In(Syn, 0);
        rig.OurIss = rig.Take().Header.Sequence;
        Assert.True(rig.Expects(IcmpErrorKind.PacketTooBig, 0)); // our SYN-ACK
        Assert.False(rig.Expects(IcmpErrorKind.PacketTooBig, 1));
    }

    [Fact, Rfc(5461, "2")]
    public void A_connection_that_times_out_says_what_soft_error_it_had()
    {
        Rig rig = new(s => s with { Retries = 2 });
        TcpConnection connection = rig.Accepted();
        connection.Write(Rig.Bytes(100));
        rig.Pump();
        rig.Report(IcmpErrorKind.HostUnreachable, 1);
        rig.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal((TcpState.Closed, TcpError.HostUnreachable), (connection.State, connection.Error));
    }

    [Fact, Rfc(1191, "6.4"), Rfc(8201, "5.4")]
    public void Packet_too_big_sends_again_at_once_in_smaller_pieces_without_reducing_the_window()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(2920));
        rig.Out(Ack, 1, 1, 1460);
        rig.Out(Ack | Psh, 1461, 1, 1460);
        long before = connection.Info.CongestionWindow;
        rig.Ip.Mtu = 1000;
        rig.Report(IcmpErrorKind.PacketTooBig, 1, 1000);
        rig.Out(Ack, 1, 1, 960);
        rig.Out(Ack, 961, 1, 960);
        rig.Out(Ack, 1921, 1, 960);
        rig.Out(Ack | Psh, 2881, 1, 40);
        Assert.Equal((960, before), (connection.Info.SendMss, connection.Info.CongestionWindow));
        rig.In(Ack, 1, 2921);
        Assert.Equal((0, CongestionState.Open), (connection.UnacknowledgedBytes, connection.Info.CongestionState));
    }

    [Fact, Rfc(2923, "2.1"), Rfc(4821, "7.7")]
    public void Timeouts_in_a_row_make_the_segments_smaller()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(roundTrip: RoundTrip);
        connection.Write(Rig.Bytes(1460));
        rig.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal([1460, 1460, 1460, 1024, 436], rig.Ip.Sent.Select(s => s.Data.Length));
        rig.DropOut();
        rig.In(Ack, 1, 1461);
        Assert.Equal((1024, 0), (connection.Info.SendMss, connection.UnacknowledgedBytes));
    }

    [Fact]
    public void A_path_that_takes_less_is_noticed_when_sending()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(roundTrip: RoundTrip);
        rig.Ip.Mtu = 800;
        rig.Ip.Outcome = SendOutcome.TooLong;
        connection.Write(Rig.Bytes(700));
        rig.Pump();
        rig.Ip.Outcome = SendOutcome.Sent;
        rig.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(700, rig.Ip.Sent.First(s => s.Data.Length > 0).Data.Length);
        Assert.Equal(760, connection.Info.SendMss);
    }

    [Fact]
    public void A_missing_route_is_a_soft_error()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.Ip.Outcome = SendOutcome.Unreachable;
        connection.Write(Rig.Bytes(10));
        rig.Pump();
        Assert.Equal((TcpState.Established, TcpError.NetworkUnreachable), (connection.State, connection.SoftError));
        rig.Ip.Outcome = SendOutcome.Sent;
        rig.Advance(TimeSpan.FromSeconds(2));
        rig.Out(Ack | Psh, 1, 1, 10);
    }

    [Fact, Rfc(4861, "7.3.1")]
    public void Progress_confirms_the_neighbour_once_a_second()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        int before = rig.Ip.Confirmations;
        for (uint i = 0; i < 5; i++)
        {
            connection.Write([1]);
            rig.DropOut();
            rig.In(Ack, 1, 2 + i);
        }
        Assert.InRange(rig.Ip.Confirmations - before, 0, 1);
        rig.Now += TimeSpan.FromSeconds(2);
        connection.Write([1]);
        rig.DropOut();
        rig.In(Ack, 1, 7);
        Assert.InRange(rig.Ip.Confirmations - before, 1, 2);
    }

    [Fact, Rfc(3168, "6.1.1")]
    public void Ecn_is_agreed_on_when_the_peer_asks()
    {
        Rig rig = new();
        rig.Listen();
        rig.In(Syn | Ece | Cwr, 0);
        Assert.Equal(Syn | Ack | Ece, rig.Take().Flags);
        rig.RemotePort++;
        rig.In(Syn, 0);
        Assert.Equal(Syn | Ack, rig.Take().Flags);
        Rig off = new(s => s with { Ecn = EcnMode.Off });
        off.Listen();
        off.In(Syn | Ece | Cwr, 0);
        Assert.Equal(Syn | Ack, off.Take().Flags);
    }

    private static Rig WithEcn(out TcpConnection connection)
    {
        Rig rig = new(s => s with { Ecn = EcnMode.Active });
        connection = rig.Connect();
        SentSegment syn = rig.Take();
        Assert.Equal((Syn | Ece | Cwr, 0), (syn.Flags, syn.Send.TrafficClass & 3));
        rig.OurIss = syn.Header.Sequence;
        rig.Now += RoundTrip;
        rig.In(Syn | Ack | Ece, 0, 1, options: rig.SynOptions(Offer.None, 1000));
        rig.Out(Ack, 1, 1);
        Assert.True(connection.Info.Ecn);
        return rig;
    }

    [Fact, Rfc(3168, "6.1.1.1")]
    public void A_lost_ecn_syn_is_sent_again_without()
    {
        Rig rig = new(s => s with { Ecn = EcnMode.Active });
        rig.Connect();
        rig.Advance(1100);
        Assert.Equal([Syn | Ece | Cwr, Syn], rig.Ip.Sent.Select(s => s.Flags));
    }

    [Theory, Rfc(3168, "6.1.1")]
    [InlineData(true), InlineData(false)]
    public void After_a_handshake_segment_without_ecn_nothing_is_marked_capable_but_marks_are_echoed(bool isPassive)
    {
        Rig rig = new(s => s with { Ecn = EcnMode.Active });
        TcpListener? listener = isPassive ? rig.Listen() : null;
        TcpConnection? connection = isPassive ? null : rig.Connect();
        if (isPassive) rig.In(Syn | Ece | Cwr, 0);
        SentSegment first = rig.Take();
        rig.OurIss = first.Header.Sequence;
        Assert.Equal(Ece, first.Flags & Ece);
        rig.Advance(1000);
        rig.Out(isPassive ? Syn | Ack : Syn, 0); // sent again without
        rig.In(isPassive ? Ack : Syn | Ack | Ece, isPassive ? 1u : 0, 1); // the first had come, too
        if (isPassive) Assert.True(listener!.TryAccept(out connection));
        rig.DropOut();
        connection!.Write(Rig.Bytes(100));
        Assert.Equal(0, rig.Out(Ack | Psh, 1, 1, 100).Send.TrafficClass & 3);
        rig.In(Ack, 1, 101, data: Rig.Bytes(10), tos: 3);
        rig.Out(Ack | Ece, 101, 11);
    }

    [Fact, Rfc(3168, "6.1.2"), Rfc(3168, "6.1.4")]
    public void New_data_is_marked_capable_and_an_echo_reduces_the_window_once()
    {
        Rig rig = WithEcn(out TcpConnection connection);
        connection.Write(Rig.Bytes(10_000));
        rig.Pump();
        Assert.All(rig.Ip.Sent, s => Assert.Equal(2, s.Send.TrafficClass & 3));
        rig.DropOut();
        connection.Write(Rig.Bytes(20_000));
        rig.In(Ack | Ece, 1, 1001);
        rig.In(Ack | Ece, 1, 2001);
        long threshold = connection.Info.SlowStartThreshold;
        Assert.InRange(threshold, 5000, 9000);
        Assert.Equal(CongestionState.CwndReduced, connection.Info.CongestionState);
        for (uint i = 3; i <= 10; i++) rig.In(Ack, 1, i * 1000 + 1);
        rig.Pump();
        Assert.Single(rig.Ip.Sent, s => (s.Flags & Cwr) != 0);
        Assert.Equal(threshold, connection.Info.SlowStartThreshold);
    }

    [Fact, Rfc(3168, "6.1.3")]
    public void A_mark_is_echoed_until_the_peer_reduced()
    {
        Rig rig = WithEcn(out _);
        rig.In(Ack, 1, 1, data: Rig.Bytes(100), tos: 3);
        rig.Out(Ack | Ece, 1, 101);
        rig.In(Ack, 101, 1, data: Rig.Bytes(100), tos: 2);
        rig.Out(Ack | Ece, 1, 201);
        rig.In(Ack | Cwr, 201, 1, data: Rig.Bytes(100), tos: 2);
        rig.Out(Ack, 1, 301);
    }

    [Fact, Rfc(9293, "3.8.5 MUST-30, MUST-62"), Rfc(6093, "4")]
    public void Urgent_data_is_announced_with_a_pointer_behind_its_last_byte()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        Assert.Equal(5, connection.WriteUrgent(Rig.Bytes(5)));
        SentSegment sent = rig.Out(Ack | Psh | Urg, 1, 1, 5);
        Assert.Equal(5, sent.Header.UrgentPointer);
        connection.Write(Rig.Bytes(5));
        Assert.Equal(Ack | Psh, rig.Take().Flags);
    }

    [Fact, Rfc(9293, "3.8.5")]
    public void Urgent_data_is_announced_through_a_zero_window()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(win: 0, roundTrip: RoundTrip);
        connection.WriteUrgent(Rig.Bytes(5));
        SentSegment sent = rig.Out(Ack | Urg, 1, 1, 0);
        Assert.Equal(5, sent.Header.UrgentPointer);
    }

    [Fact, Rfc(9293, "3.8.5 MUST-31, MUST-32, MUST-33")]
    public void The_reader_learns_of_urgent_data_and_how_far_it_reaches()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        rig.In(Ack | Urg, 1, 1, urgent: 30); // ahead of the data
        Assert.Equal((TcpEvents.Urgent, 30), (rig.TakeEvents(), connection.UrgentBytesAhead));
        rig.In(Ack | Urg, 1, 1, data: Rig.Bytes(20), urgent: 30);
        rig.In(Ack, 21, 1, data: Rig.Bytes(20));
        Assert.Equal(TcpEvents.Readable, rig.TakeEvents());
        connection.Read(new byte[25]);
        Assert.Equal(5, connection.UrgentBytesAhead);
        connection.Read(new byte[25]);
        Assert.Equal(0, connection.UrgentBytesAhead);
    }
}
