using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.TcpParts;

/// <summary>When to acknowledge, to send, to wait, to probe and to give up.</summary>
public sealed class PolicyTests
{
    private const int Mss = 1000;

    private static Instant At(double ms) => new((long)(ms * 1e6));

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);

    [Fact]
    public void Every_second_full_segment_is_acknowledged_at_once_and_a_single_one_after_the_delay()
    {
        DelayedAck ack = new(Ms(40), quickSegments: 0);
        ack.OnInOrder(Mss, 1, At(0));
        Assert.False(ack.IsDue);
        Assert.Equal(At(40), ack.Deadline);
        ack.OnInOrder(Mss, 1, At(10));
        Assert.True(ack.IsDue);
        ack.OnSent();
        Assert.Equal((false, null), (ack.IsDue, ack.Deadline));
        ack.OnInOrder(10, 1, At(20));
        Assert.Equal(At(60), ack.Deadline);
        ack.OnInOrder(10, 1, At(30)); // small ones wait together, no longer than the first
        ack.OnDeadline(At(59));
        Assert.False(ack.IsDue);
        ack.OnDeadline(At(60));
        Assert.True(ack.IsDue);
        Assert.Equal(Mss, ack.SegmentSize);
    }

    [Fact]
    public void Coalesced_segments_count_as_what_they_stand_for()
    {
        DelayedAck ack = new(Ms(40), 0);
        ack.OnInOrder(2 * Mss, 2, At(0));
        Assert.True(ack.IsDue);
    }

    [Fact]
    public void The_first_segments_and_urgent_ones_are_acknowledged_at_once()
    {
        DelayedAck ack = new(Ms(40), quickSegments: 2);
        for (int i = 0; i < 2; i++)
        {
            ack.OnInOrder(Mss, 1, At(i));
            Assert.True(ack.IsDue);
            ack.OnSent();
        }
        ack.OnInOrder(Mss, 1, At(3));
        Assert.False(ack.IsDue);
        ack.OnUrgent();
        Assert.True(ack.IsDue);
        ack.OnSent();
        ack.BeQuick(1);
        ack.OnInOrder(Mss, 1, At(4));
        Assert.True(ack.IsDue);
    }

    [Fact, Rfc(9293, "3.8.6.3", "MUST-40")]
    public void The_delay_is_half_a_second_at_most_and_may_be_none()
    {
        DelayedAck slow = new(TimeSpan.FromSeconds(5), 0);
        slow.OnInOrder(1, 1, At(0));
        Assert.Equal(At(500), slow.Deadline);
        DelayedAck eager = new(TimeSpan.Zero, 0);
        eager.OnInOrder(1, 1, At(0));
        Assert.True(eager.IsDue);
    }

    [Theory]
    [InlineData(Mss, true, false, true, false, false)] // a full segment never waits
    [InlineData(10, true, false, false, false, true)] // Nagle: another small one is in flight
    [InlineData(10, false, false, false, false, false)]
    [InlineData(10, true, true, false, false, false)] // no delay
    [InlineData(10, false, true, true, false, true)] // corked
    [InlineData(10, true, false, true, true, false)] // FIN follows
    public void Small_segments_wait_by_Nagle_and_by_the_cork(int length, bool isSmallOutstanding, bool isNoDelay, bool isCorked, bool isLast, bool waits) =>
        Assert.Equal(waits, SendDecision.MustWait(length, Mss, isSmallOutstanding, isNoDelay, isCorked, isLast));

    [Theory]
    [InlineData(Mss, 5000, 8000, false)]
    [InlineData(500, 500, 8000, false)] // all there is
    [InlineData(500, 5000, 8000, true)]
    [InlineData(500, 5000, 1000, false)] // half the largest window
    public void A_small_window_is_silly_unless_it_takes_all_or_half(int usable, int available, int largest, bool isSilly) =>
        Assert.Equal(isSilly, SendDecision.IsSilly(usable, available, Mss, largest));

    [Fact]
    public void An_idle_peer_is_probed_and_given_up()
    {
        KeepAlive schedule = new(TimeSpan.FromHours(2), TimeSpan.FromSeconds(75), 3);
        Assert.Null(schedule.Deadline);
        Assert.Equal(ProbeAction.None, schedule.OnDeadline(At(0)));
        schedule.Restart(Instant.Zero);
        Instant due = Instant.FromSeconds(7200);
        for (int probe = 1; probe <= 3; probe++)
        {
            Assert.Equal(due, schedule.Deadline);
            Assert.Equal(ProbeAction.None, schedule.OnDeadline(due.AddNanoseconds(-1)));
            Assert.Equal(ProbeAction.Probe, schedule.OnDeadline(due));
            Assert.Equal(probe, schedule.Sent);
            due += TimeSpan.FromSeconds(75);
        }
        Assert.Equal(ProbeAction.GiveUp, schedule.OnDeadline(due));
        Assert.Null(schedule.Deadline);
        schedule.Restart(due);
        Assert.Equal((0, due + TimeSpan.FromHours(2)), (schedule.Sent, schedule.Deadline));
        schedule.Stop();
        Assert.Null(schedule.Deadline);
    }

    [Fact, Rfc(9293, "3.8.6.1", "SHLD-30")]
    public void A_closed_window_is_probed_at_doubled_intervals_while_the_peer_answers()
    {
        ZeroWindowProbe probe = new(TimeSpan.FromSeconds(120), 3);
        probe.Start(At(0), Ms(200));
        probe.Start(At(100), Ms(200)); // it runs already
        double at = 200;
        foreach (double interval in new[] { 400.0, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 102_400, 120_000, 120_000 })
        {
            Assert.Equal(At(at), probe.Deadline);
            Assert.Equal(ProbeAction.Probe, probe.OnDeadline(At(at), Ms(200)));
            probe.OnAnswer();
            at += interval;
        }
        for (int i = 0; i < 3; i++) Assert.Equal(ProbeAction.Probe, probe.OnDeadline(probe.Deadline!.Value, Ms(200)));
        Assert.Equal(3, probe.Unanswered);
        Assert.Equal(ProbeAction.GiveUp, probe.OnDeadline(probe.Deadline!.Value, Ms(200)));
        Assert.False(probe.IsActive);
    }

    [Fact]
    public void The_user_timeout_runs_from_the_last_progress()
    {
        UserTimeout timeout = new(TimeSpan.FromSeconds(10));
        Assert.Null(timeout.Deadline);
        timeout.Start(Instant.FromSeconds(1));
        timeout.Start(Instant.FromSeconds(5));
        Assert.Equal(Instant.FromSeconds(11), timeout.Deadline);
        timeout.OnProgress(true, Instant.FromSeconds(6));
        Assert.False(timeout.IsExpired(Instant.FromSeconds(15)));
        Assert.True(timeout.IsExpired(Instant.FromSeconds(16)));
        timeout.OnProgress(false, Instant.FromSeconds(7));
        Assert.Null(timeout.Deadline);
        UserTimeout none = new(TimeSpan.Zero);
        none.Start(Instant.Zero);
        none.OnProgress(true, Instant.Zero);
        Assert.Null(none.Deadline);
        Assert.False(none.IsExpired(Instant.MaxValue));
    }

    [Fact]
    public void The_receive_buffer_grows_with_what_is_read_in_a_round_trip()
    {
        SequenceNumber first = new(uint.MaxValue - 10_000);
        ReceiveWindowTuner tuner = new(64 * 1024, 6 << 20, 10 * Mss, first, At(0));
        Assert.False(tuner.OnRead(first + 50_000, Mss, At(1))); // no round trip is known
        tuner.OnTimestampSample(Ms(10));
        Assert.True(tuner.OnRead(first + 60_000, Mss, At(20)));
        int grown = tuner.Size;
        Assert.True(grown >= 2 * 60_000 + 16 * Mss);
        Assert.False(tuner.OnRead(first + 61_000, Mss, At(25))); // not a round trip yet
        Assert.False(tuner.OnRead(first + 100_000, Mss, At(40))); // fewer than before
        Assert.Equal(grown, tuner.Size);
        SequenceNumber read = first + 100_000;
        for (int round = 0; round < 20; round++) tuner.OnRead(read += 1 << (17 + round / 4), Mss, At(60 + 20 * round));
        Assert.Equal(6 << 20, tuner.Size);
        ReceiveWindowTuner fixedSize = new(64 * 1024, 0, Mss, first, At(0));
        fixedSize.OnTimestampSample(Ms(1));
        Assert.False(fixedSize.OnRead(first + 1_000_000, Mss, At(100)));
    }

    [Fact]
    public void Without_time_stamps_a_window_of_data_measures_the_round_trip()
    {
        ReceiveWindowTuner tuner = new(64 * 1024, 6 << 20, 10 * Mss, new SequenceNumber(0), At(0));
        tuner.OnReceived(new SequenceNumber(Mss), 20 * Mss, At(0));
        tuner.OnReceived(new SequenceNumber(10 * Mss), 20 * Mss, At(15));
        Assert.Equal(TimeSpan.Zero, tuner.RoundTrip);
        tuner.OnReceived(new SequenceNumber(21 * Mss), 20 * Mss, At(30));
        Assert.Equal(Ms(30), tuner.RoundTrip);
        tuner.OnReceived(new SequenceNumber(41 * Mss), 20 * Mss, At(80));
        Assert.Equal(Ms(30), tuner.RoundTrip); // the least: the others waited for the reader
    }

    [Fact]
    public void The_send_buffer_holds_two_windows() =>
        Assert.Equal([64_000, 200_000, 300_000], new[] { 1000, 100_000, 1_000_000 }.Select(window => SendBufferTuner.Grow(64_000, 300_000, window)));

    [Fact]
    public void ECN_is_agreed_on_by_the_flags_of_RFC_3168()
    {
        const TcpFlags Setup = TcpFlags.Ece | TcpFlags.Cwr;
        Assert.Equal(Setup, EcnState.SynFlags(isWanted: true, retransmissions: 0));
        Assert.Equal(TcpFlags.None, EcnState.SynFlags(isWanted: true, retransmissions: 1)); // a path that drops such SYNs
        Assert.Equal(TcpFlags.None, EcnState.SynFlags(isWanted: false, retransmissions: 0));
        Assert.True(EcnState.IsAsked(TcpFlags.Syn | Setup, 0));
        Assert.False(EcnState.IsAsked(TcpFlags.Syn | TcpFlags.Ece, 0));
        Assert.False(EcnState.IsAsked(TcpFlags.Syn | Setup, EcnState.CongestionExperienced));
        Assert.Equal(TcpFlags.Ece, EcnState.SynAckFlags(isAgreed: true, retransmissions: 0));
        Assert.Equal(TcpFlags.None, EcnState.SynAckFlags(isAgreed: true, retransmissions: 1));
        Assert.True(EcnState.IsAgreed(TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Ece));
        Assert.False(EcnState.IsAgreed(TcpFlags.Syn | TcpFlags.Ack | Setup)); // reflected by a broken peer
    }

    [Fact]
    public void A_mark_is_echoed_until_the_peer_reduced_its_window()
    {
        EcnState ecn = new();
        Assert.False(ecn.OnReceived(EcnState.CongestionExperienced, TcpFlags.Ack, hasData: true));
        Assert.False(ecn.IsEchoing); // not agreed on
        ecn.Enable(true);
        Assert.False(ecn.OnReceived(EcnState.CongestionExperienced, TcpFlags.Ack, hasData: false));
        Assert.True(ecn.OnReceived(EcnState.CongestionExperienced, TcpFlags.Ack, hasData: true)); // changed: acknowledge at once
        Assert.False(ecn.OnReceived(EcnState.Capable, TcpFlags.Ack, hasData: true));
        Assert.Equal(TcpFlags.Ece, ecn.FlagsOf(isNewData: false));
        Assert.False(ecn.OnReceived(EcnState.CongestionExperienced, TcpFlags.Ack | TcpFlags.Cwr, hasData: true)); // reduced, and marked again
        Assert.True(ecn.IsEchoing);
        Assert.True(ecn.OnReceived(EcnState.Capable, TcpFlags.Ack | TcpFlags.Cwr, hasData: true));
        Assert.Equal(TcpFlags.None, ecn.FlagsOf(isNewData: true));
    }

    [Fact]
    public void An_echo_is_answered_once_in_a_round_trip_and_told_with_new_data()
    {
        EcnState ecn = new();
        ecn.Enable(true);
        SequenceNumber una = new(uint.MaxValue - 10);
        Assert.True(ecn.OnAck(TcpFlags.Ack | TcpFlags.Ece, una, una + 10_000));
        Assert.False(ecn.OnAck(TcpFlags.Ack | TcpFlags.Ece, una + 5000, una + 20_000));
        Assert.False(ecn.OnAck(TcpFlags.Ack, una + 15_000, una + 20_000));
        Assert.Equal(TcpFlags.None, ecn.FlagsOf(isNewData: false)); // not on a retransmission or a pure ACK
        Assert.Equal(TcpFlags.Cwr, ecn.FlagsOf(isNewData: true));
        Assert.Equal(TcpFlags.None, ecn.FlagsOf(isNewData: true));
        Assert.True(ecn.OnAck(TcpFlags.Ack | TcpFlags.Ece, una + 10_001, una + 30_000));
        for (int i = 1; i < 6; i++) Assert.False(ecn.OnAck(TcpFlags.Ack, una + unchecked(i * 700_000_000), una + unchecked(i * 700_000_000))); // 3.5 GB later
        SequenceNumber later = una + unchecked((int)3_500_000_000);
        Assert.True(ecn.OnAck(TcpFlags.Ack | TcpFlags.Ece, later, later));
        Assert.Equal((EcnState.Capable, (byte)0), (ecn.CodepointOf(isNewData: true), ecn.CodepointOf(isNewData: false)));
        Assert.Equal(0, new EcnState().CodepointOf(isNewData: true));
    }

    [Fact]
    public void The_policies_allocate_nothing()
    {
        static void Run()
        {
            DelayedAck ack = new(Ms(40), 4);
            EcnState ecn = new();
            ecn.Enable(true);
            KeepAlive keepAlive = new(Ms(1), Ms(1), 3);
            for (int i = 0; i < 1000; i++)
            {
                ack.OnInOrder(i, 1, At(i));
                ack.OnDeadline(At(i));
                ecn.OnReceived(3, TcpFlags.Ack, true);
                keepAlive.Restart(At(i));
                keepAlive.OnDeadline(At(i + 1));
            }
        }
        Assert.Equal(0, Allocations.Of(Run));
    }

    [Fact]
    public void A_cookie_is_made_and_checked_without_allocating()
    {
        SynCookies cookies = new(new ConnectionHash(1, 2), new ConnectionHash(3, 4));
        IpAddress address = IpAddress.V4(1);
        Assert.Equal(0, Allocations.Of(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                SequenceNumber cookie = cookies.Make(address, 1, address, 2, new SequenceNumber((uint)i), 1460, At(i));
                cookies.TryCheck(address, 1, address, 2, new SequenceNumber((uint)i), cookie, At(i), out _);
            }
        }));
    }
}
