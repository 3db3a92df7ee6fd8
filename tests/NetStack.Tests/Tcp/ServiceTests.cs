using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>What RFC 9293 section 3.9 wants between TCP, its user and IP: TTL, Diffserv, errors that are told and not fatal.</summary>
public sealed class ServiceTests
{
    private static readonly TcpConnectionOptions Marked = new() { HopLimit = 7, TrafficClass = 0xBB, NoDelay = true };

    private static void AssertMarked(SentSegment sent, int trafficClass = 0xB8) =>
        Assert.Equal((7, trafficClass), (sent.Send.HopLimit, sent.Send.TrafficClass & ~3));

    [Fact, Rfc(9293, "3.9.1.9", "MUST-49", "MUST-48", "SHLD-22"), Rfc(9293, "3.9.2")]
    public void Each_segment_has_the_ttl_and_the_diffserv_field_of_its_connection()
    {
        Rig rig = new(options: Marked);
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0);
        SentSegment sent = rig.Take();
        AssertMarked(sent);
        rig.OurIss = sent.Header.Sequence;
        rig.In(Rst, 100); // challenged
        AssertMarked(rig.Take());
        rig.In(Ack, 1, 1);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        connection!.Write(Rig.Bytes(10));
        AssertMarked(rig.Take());
        rig.Advance(TimeSpan.FromSeconds(1));
        Assert.NotEmpty(rig.Ip.Sent); // sent again
        while (rig.Ip.Sent.Count > 0) AssertMarked(rig.Take());
        rig.In(Ack, 1, 11);
        connection.ShutdownWrite();
        AssertMarked(rig.Take());
        rig.In(Fin | Ack, 1, 12);
        AssertMarked(rig.Take());
        Assert.Equal(TcpState.TimeWait, connection.State);
        rig.In(Fin | Ack, 1, 12);
        AssertMarked(rig.Take());
    }

    [Fact, Rfc(9293, "3.9.1.9", "SHLD-21")]
    public void The_diffserv_field_can_change_while_a_connection_is_open()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect(Marked);
        SentSegment syn = rig.Take();
        AssertMarked(syn);
        rig.OurIss = syn.Header.Sequence;
        rig.In(Syn | Ack, 0, 1);
        AssertMarked(rig.Take());
        connection.Options = connection.Options with { TrafficClass = 0x28 };
        connection.Write(Rig.Bytes(10));
        AssertMarked(rig.Take(), 0x28);
        connection.Abort();
        AssertMarked(rig.Take(), 0x28);
    }

    public static TheoryData<int, TcpState> SoftErrors
    {
        get
        {
            TheoryData<int, TcpState> data = [];
            foreach (IcmpErrorKind kind in (IcmpErrorKind[])[IcmpErrorKind.HostUnreachable, IcmpErrorKind.Prohibited, IcmpErrorKind.TimeExceeded, IcmpErrorKind.ParameterProblem])
            {
                foreach (TcpState state in (TcpState[])[TcpState.Established, TcpState.FinWait1, TcpState.CloseWait, TcpState.LastAck, TcpState.Closing]) data.Add((int)kind, state);
            }
            data.Add((int)IcmpErrorKind.TimeExceeded, TcpState.SynSent);
            data.Add((int)IcmpErrorKind.ParameterProblem, TcpState.SynSent);
            return data;
        }
    }

    [Theory, MemberData(nameof(SoftErrors)), Rfc(9293, "3.9.2.2", "MUST-54", "SHLD-25", "MUST-56")]
    public void A_soft_error_is_told_and_ends_no_connection(int kind, TcpState state)
    {
        Rig rig = new();
        TcpConnection connection = InState(rig, state);
        rig.TakeEvents();
        uint inFlight = state == TcpState.SynSent ? 0u : 1u;
        rig.Report((IcmpErrorKind)kind, inFlight);
        Assert.Equal((state, TcpError.HostUnreachable, TcpEvents.SoftError), (connection.State, connection.SoftError, rig.TakeEvents()));
    }

    private static TcpConnection InState(Rig rig, TcpState state)
    {
        if (state == TcpState.SynSent)
        {
            TcpConnection opening = rig.Connect();
            rig.OurIss = rig.Take().Header.Sequence;
            return opening;
        }
        TcpConnection connection = rig.Accepted();
        connection.Write(Rig.Bytes(10));
        if (state is TcpState.CloseWait or TcpState.LastAck) rig.In(Fin | Ack, 1, 1);
        if (state is TcpState.FinWait1 or TcpState.Closing or TcpState.LastAck) connection.ShutdownWrite();
        rig.DropOut();
        if (state == TcpState.Closing) rig.In(Fin | Ack, 1, 1);
        rig.DropOut();
        Assert.Equal(state, connection.State);
        return connection;
    }

    [Fact, Rfc(9293, "3.9.1.8", "SHLD-20")]
    public void Soft_errors_that_nobody_reads_are_one_event_and_cost_nothing()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Write(Rig.Bytes(10));
        ((IStackPart)rig.Layer).TransmitOne(rig.Now);
        for (int i = 0; i < 100; i++) rig.Report(i % 2 == 0 ? IcmpErrorKind.HostUnreachable : IcmpErrorKind.TimeExceeded, 1);
        Assert.True(rig.Layer.TryReadEvent(out TcpEvent happened));
        Assert.Equal((connection, TcpEvents.SoftError), (happened.Connection, happened.What));
        Assert.False(rig.Layer.TryReadEvent(out _));
        rig.In(Ack, 1, 11, data: Rig.Bytes(10)); // a user that does not heed it goes on
        Assert.Equal((10, 0), (connection.ReadableBytes, connection.UnacknowledgedBytes));
    }

    [Fact, Rfc(9293, "3.8.3", "SHLD-9", "SHLD-10")]
    public void After_three_timeouts_in_a_row_the_user_hears_of_it()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted();
        connection.Write(Rig.Bytes(10));
        int timeouts = 0;
        while (timeouts < 3)
        {
            Assert.Equal(TcpError.None, connection.SoftError);
            rig.Advance(10);
            timeouts = (int)rig.Layer.Counters.Timeouts;
        }
        Assert.Equal((TcpError.TimedOut, TcpEvents.SoftError), (connection.SoftError, rig.TakeEvents()));
        rig.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal((TcpState.Established, TcpEvents.None), (connection.State, rig.TakeEvents()));
        rig.DropOut();
        rig.In(Ack, 1, 11);
        Assert.Equal((TcpError.None, 0), (connection.SoftError, connection.UnacknowledgedBytes));
    }

    [Fact, Rfc(9293, "3.8.3", "MUST-22")]
    public void A_syn_without_answer_is_told_of_after_three_timeouts_too()
    {
        Rig rig = new();
        TcpConnection connection = rig.Connect();
        rig.Advance(TimeSpan.FromSeconds(3.5));
        Assert.Equal(TcpEvents.None, rig.TakeEvents());
        rig.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal((TcpState.SynSent, TcpError.TimedOut, TcpEvents.SoftError), (connection.State, connection.SoftError, rig.TakeEvents()));
        rig.OurIss = rig.Take().Header.Sequence;
        rig.DropOut();
        rig.In(Syn | Ack, 0, 1);
        Assert.Equal((TcpState.Established, TcpError.None), (connection.State, connection.SoftError));
    }

    [Theory, Rfc(9293, "3.8.3", "SHLD-11", "MUST-23"), InlineData(false, 100), InlineData(true, 180)]
    public void By_default_a_connection_is_given_up_after_100_seconds_and_a_connect_after_3_minutes_at_the_earliest(bool isConnect, int seconds)
    {
        Rig rig = new();
        TcpConnection connection = isConnect ? rig.Connect() : rig.Accepted();
        if (!isConnect) connection.Write(Rig.Bytes(10));
        rig.Advance(TimeSpan.FromSeconds(seconds));
        Assert.NotEqual(TcpState.Closed, connection.State);
        rig.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal((TcpState.Closed, TcpError.TimedOut), (connection.State, connection.Error));
    }
}
