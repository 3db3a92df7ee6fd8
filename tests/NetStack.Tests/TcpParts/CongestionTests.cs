using NetStack.Tcp.Congestion;

namespace NetStack.Tests.TcpParts;

/// <summary>RFC 5681, 3465, 6928, 2861, 9438 and 9406.</summary>
public sealed class CongestionTests
{
    private const int Mss = 1000;

    private long _acknowledged;
    private long _sent;

    private static ICongestionControl New(string name, int window = 10 * Mss)
    {
        ICongestionControl control = CongestionControl.Create(name);
        Assert.Equal(name, control.Name);
        control.Start(Mss, window);
        return control;
    }

    /// <summary>One ACK of so many bytes.</summary>
    private void Ack(ICongestionControl control, int bytes, double atSeconds, double rttMs = 100, bool isAppLimited = false)
    {
        _acknowledged += bytes;
        _sent = Math.Max(_sent, _acknowledged + control.CongestionWindow);
        control.OnAck(new CongestionAck
        {
            Now = new Instant((long)(atSeconds * 1e9)),
            Acknowledged = bytes,
            TotalAcknowledged = _acknowledged,
            TotalSent = _sent,
            InFlight = control.CongestionWindow,
            RoundTrip = TimeSpan.FromMilliseconds(rttMs),
            SmoothedRoundTrip = TimeSpan.FromMilliseconds(rttMs),
            IsAppLimited = isAppLimited,
        });
    }

    /// <summary>A round trip in which a whole window is acknowledged, segment by segment.</summary>
    private void Round(ICongestionControl control, double atSeconds, double rttMs = 100)
    {
        int segments = control.CongestionWindow / Mss;
        for (int i = 0; i < segments; i++) Ack(control, Mss, atSeconds, rttMs);
    }

    private static CongestionEvent Loss(ICongestionControl control, double atSeconds = 0) =>
        new() { Now = new Instant((long)(atSeconds * 1e9)), FlightSize = control.CongestionWindow };

    [Theory] // RFC 6928 section 2: min (10 × MSS, max (2 × MSS, 14600))
    [InlineData(1460, 14_600)]
    [InlineData(536, 5360)]
    [InlineData(8960, 17_920)]
    [InlineData(2000, 14_600)]
    public void The_initial_window_is_ten_segments_within_bounds(int mss, int window) => Assert.Equal(window, CongestionControl.InitialWindow(mss));

    [Fact]
    public void An_unknown_name_is_refused() => Assert.Throws<ArgumentException>(() => CongestionControl.Create("vegas"));

    [Theory]
    [InlineData("reno")]
    [InlineData("cubic")]
    public void Slow_start_doubles_the_window_in_a_round_trip(string name)
    {
        ICongestionControl control = New(name);
        Assert.Equal(int.MaxValue, control.SlowStartThreshold);
        Round(control, 0.1);
        Assert.Equal(20 * Mss, control.CongestionWindow);
        for (int i = 0; i < 10; i++) Ack(control, 2 * Mss, 0.2); // delayed ACKs count bytes (RFC 3465)
        Assert.Equal(40 * Mss, control.CongestionWindow);
        Ack(control, 100 * Mss, 0.3);
        Assert.Equal(48 * Mss, control.CongestionWindow); // but no more than eight segments an ACK (RFC 9406)
    }

    [Theory]
    [InlineData("reno")]
    [InlineData("cubic")]
    public void An_application_that_does_not_fill_the_window_does_not_grow_it(string name)
    {
        ICongestionControl control = New(name);
        for (int i = 0; i < 100; i++) Ack(control, Mss, i / 10.0, isAppLimited: true);
        Assert.Equal(10 * Mss, control.CongestionWindow);
        control.OnCongestion(Loss(control));
        control.CongestionWindow = control.SlowStartThreshold;
        int window = control.CongestionWindow;
        for (int i = 0; i < 100; i++) Ack(control, Mss, 10 + i / 10.0, isAppLimited: true);
        Assert.Equal(window, control.CongestionWindow);
        Ack(control, Mss, 21);
        Assert.InRange(control.CongestionWindow, window, window + Mss); // the lull did not count as time on the curve
    }

    [Theory]
    [InlineData("reno", 0.5)]
    [InlineData("cubic", 0.7)]
    public void A_congestion_lowers_the_threshold_and_an_undo_brings_it_back(string name, double factor)
    {
        ICongestionControl control = New(name, 100 * Mss);
        control.OnCongestion(Loss(control));
        Assert.Equal((int)(100 * Mss * factor), control.SlowStartThreshold);
        control.CongestionWindow = control.SlowStartThreshold;
        control.OnUndo();
        Assert.Equal((100 * Mss, int.MaxValue), (control.CongestionWindow, control.SlowStartThreshold));
        control.OnUndo(); // a second one does nothing
        Assert.Equal(100 * Mss, control.CongestionWindow);
        control.OnCongestion(new CongestionEvent { FlightSize = 1 });
        Assert.Equal(name == "reno" ? 2 * Mss : 70 * Mss, control.SlowStartThreshold); // Reno goes by the flight, CUBIC by the window
        control.CongestionWindow = Mss;
        control.OnCongestion(new CongestionEvent { FlightSize = 1 });
        Assert.Equal(2 * Mss, control.SlowStartThreshold);
    }

    [Theory]
    [InlineData("reno", 0.5)]
    [InlineData("cubic", 0.7)]
    public void A_timeout_leaves_one_segment_and_repeated_ones_the_threshold(string name, double factor)
    {
        ICongestionControl control = New(name, 100 * Mss);
        control.OnRetransmissionTimeout(Loss(control), isRepeated: false);
        Assert.Equal(Mss, control.CongestionWindow);
        int threshold = control.SlowStartThreshold;
        Assert.Equal((int)(100 * Mss * factor), threshold);
        control.OnRetransmissionTimeout(Loss(control), isRepeated: true);
        Assert.Equal((Mss, threshold), (control.CongestionWindow, control.SlowStartThreshold));
        Ack(control, 20 * Mss, 1); // fills a hole: one segment of growth only (RFC 3465 section 2.3)
        Assert.Equal(2 * Mss, control.CongestionWindow);
        control.OnUndo();
        Assert.Equal(100 * Mss, control.CongestionWindow);
    }

    [Theory]
    [InlineData("reno")]
    [InlineData("cubic")]
    public void Idleness_halves_the_window_for_each_timeout(string name)
    {
        ICongestionControl control = New(name, 80 * Mss);
        control.OnIdle(TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(200), 10 * Mss);
        Assert.Equal(80 * Mss, control.CongestionWindow);
        control.OnIdle(TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(200), 10 * Mss);
        Assert.Equal(20 * Mss, control.CongestionWindow);
        control.OnIdle(TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(200), 10 * Mss);
        Assert.Equal(10 * Mss, control.CongestionWindow);
        control.CongestionWindow = 3 * Mss;
        control.OnIdle(TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(200), 10 * Mss);
        Assert.Equal(3 * Mss, control.CongestionWindow); // never raised
    }

    [Theory]
    [InlineData("reno")]
    [InlineData("cubic")]
    public void The_window_is_never_below_a_segment(string name)
    {
        ICongestionControl control = New(name);
        control.CongestionWindow = 0;
        Assert.Equal(Mss, control.CongestionWindow);
        control.OnSegmentSizeChanged(4 * Mss);
        Assert.Equal(4 * Mss, control.CongestionWindow);
    }

    [Fact, Rfc(9293, "3.8.2", "MUST-19")]
    public void Reno_grows_by_a_segment_a_round_trip()
    {
        ICongestionControl control = New("reno", 20 * Mss);
        control.OnCongestion(Loss(control));
        control.CongestionWindow = control.SlowStartThreshold;
        for (int round = 1; round <= 20; round++)
        {
            Round(control, round);
            Assert.Equal((10 + round) * Mss, control.CongestionWindow);
        }
    }

    [Theory, Rfc(9293, "3.8.2", "MAY-18")]
    [InlineData(100.0, 100)]
    [InlineData(20.0, 400)]
    [InlineData(200.0, 1000)]
    public void Cubic_follows_its_curve(double rttMs, int segments)
    {
        ICongestionControl control = New("cubic", segments * Mss);
        control.OnCongestion(Loss(control));
        control.CongestionWindow = control.SlowStartThreshold;
        double rtt = rttMs / 1000, maximum = segments, prior = segments, window = Math.Floor(0.7 * segments);
        double origin = Math.Cbrt((maximum - window) / 0.4), reno = window;
        for (double time = 0; time < 2 * origin; time += rtt)
        {
            int acks = control.CongestionWindow / Mss;
            for (int i = 0; i < acks; i++)
            {
                // RFC 9438 sections 4.2 to 4.5 in segments, written plainly.
                double cubic = 0.4 * Math.Pow(time - origin, 3) + maximum;
                reno += (reno >= prior ? 1 : 3 * 0.3 / 1.7) / window;
                if (cubic < reno) window = Math.Max(window, reno);
                else
                {
                    double target = Math.Clamp(0.4 * Math.Pow(time + rtt - origin, 3) + maximum, window, 1.5 * window);
                    window += (target - window) / window;
                }
                Ack(control, Mss, 10 + time, rttMs);
            }
            Assert.Equal(window, control.CongestionWindow / (double)Mss, window * 0.005);
        }
        Assert.True(control.CongestionWindow > segments * Mss);
    }

    [Fact]
    public void Cubic_reaches_the_old_maximum_after_K_and_is_flat_there()
    {
        // W_max 1000 segments: K = cbrt (300 / 0.4) = 9.09 s.
        ICongestionControl control = New("cubic", 1000 * Mss);
        control.OnCongestion(Loss(control));
        control.CongestionWindow = control.SlowStartThreshold;
        double k = Math.Cbrt(300 / 0.4);
        for (double time = 0; time < k; time += 0.1) Round(control, time);
        Assert.InRange(control.CongestionWindow, 995 * Mss, 1005 * Mss);
        int before = control.CongestionWindow;
        for (double time = k; time < k + 1; time += 0.1) Round(control, time);
        Assert.InRange(control.CongestionWindow - before, 0, 2 * Mss);
    }

    [Fact]
    public void Cubic_on_a_short_path_grows_as_Reno_would()
    {
        // With 1 ms the cubic is nearly still for seconds; the Reno estimate adds alpha a round trip.
        ICongestionControl control = New("cubic", 40 * Mss);
        control.OnCongestion(Loss(control));
        control.CongestionWindow = control.SlowStartThreshold;
        for (int round = 0; round < 20; round++) Round(control, round * 0.001, 1);
        Assert.InRange(control.CongestionWindow, 28 * Mss + 20 * 500, 28 * Mss + 20 * 560);
    }

    [Fact]
    public void Fast_convergence_gives_up_room_when_the_window_shrinks_again()
    {
        ICongestionControl control = New("cubic", 1000 * Mss);
        control.OnCongestion(Loss(control));
        control.CongestionWindow = control.SlowStartThreshold; // 700
        control.OnCongestion(Loss(control)); // W_max = 700 × 0.85 = 595
        control.CongestionWindow = control.SlowStartThreshold; // 490
        double k = Math.Cbrt((595 - 490) / 0.4);
        for (double time = 0; time < k; time += 0.1) Round(control, 100 + time);
        Assert.InRange(control.CongestionWindow, 590 * Mss, 600 * Mss);
    }

    [Fact]
    public void After_a_timeout_the_curve_begins_at_its_plateau()
    {
        ICongestionControl control = New("cubic", 1000 * Mss);
        control.OnRetransmissionTimeout(Loss(control), isRepeated: false);
        control.CongestionWindow = control.SlowStartThreshold; // slow start came back to 700
        Round(control, 50);
        int start = control.CongestionWindow;
        for (double time = 0.1; time < 1; time += 0.1) Round(control, 50 + time);
        Assert.InRange(control.CongestionWindow - start, 0, 6 * Mss); // 0.4 t³ and the Reno estimate, not the pull towards 1000
    }

    [Fact]
    public void Slow_start_goes_conservative_when_the_round_trip_rises_and_ends_after_five_rounds()
    {
        ICongestionControl control = New("reno", 16 * Mss);
        Round(control, 0.1);
        Round(control, 0.2);
        Assert.Equal(64 * Mss, control.CongestionWindow);
        Round(control, 0.3, rttMs: 130); // threshold: 100 / 8 = 12.5 ms
        int atEntry = control.CongestionWindow;
        Assert.InRange(atEntry, 64 * Mss, 100 * Mss);
        for (int round = 0; round < 3; round++)
        {
            int before = control.CongestionWindow;
            Round(control, 0.4 + round, rttMs: 140);
            Assert.InRange(control.CongestionWindow, before + before / 4 - 2 * Mss, before + before / 4 + 2 * Mss); // a quarter of slow start
            Assert.Equal(int.MaxValue, control.SlowStartThreshold);
        }
        Round(control, 8, rttMs: 140);
        Round(control, 9, rttMs: 140);
        Assert.InRange(control.SlowStartThreshold, atEntry, control.CongestionWindow);
        int exit = control.CongestionWindow;
        Round(control, 10, rttMs: 140);
        Assert.InRange(control.CongestionWindow, exit, exit + Mss); // congestion avoidance
    }

    [Fact]
    public void A_rise_that_was_noise_leads_back_to_slow_start()
    {
        ICongestionControl control = New("reno", 16 * Mss);
        Round(control, 0.1);
        Round(control, 0.2);
        Round(control, 0.3, rttMs: 130);
        Round(control, 0.4, rttMs: 100); // below the baseline
        int before = control.CongestionWindow;
        Round(control, 0.5, rttMs: 100);
        Assert.InRange(control.CongestionWindow, before * 2 - 2 * Mss, before * 2);
        Assert.Equal(int.MaxValue, control.SlowStartThreshold);
    }

    [Theory] // the threshold is an eighth of the round trip, 4 ms at least and 16 ms at most
    [InlineData(10, 13.9, false)]
    [InlineData(10, 14.1, true)]
    [InlineData(80, 89.9, false)]
    [InlineData(80, 90.1, true)]
    [InlineData(400, 415.9, false)]
    [InlineData(400, 416.1, true)]
    public void The_rise_that_counts_is_an_eighth_within_bounds(double first, double second, bool isConservative)
    {
        HyStartPlusPlus start = new();
        long acked = 0;
        foreach (double rtt in new[] { first, second })
        {
            for (int i = 0; i < 10; i++)
            {
                acked += Mss;
                start.OnAck(new CongestionAck { TotalAcknowledged = acked, TotalSent = acked / (10 * Mss) * 10 * Mss + 10 * Mss, RoundTrip = TimeSpan.FromMilliseconds(rtt) });
            }
        }
        Assert.Equal(isConservative, start.IsConservative);
    }

    [Theory]
    [InlineData("reno", 11UL)]
    [InlineData("cubic", 12UL)]
    public void The_same_events_give_the_same_windows_and_allocate_nothing(string name, ulong seed)
    {
        ICongestionControl control = CongestionControl.Create(name);
        List<int> windows = new(4000);
        void Run()
        {
            SeededRandom random = new(seed);
            windows.Clear();
            control.Start(Mss, 10 * Mss);
            _acknowledged = _sent = 0;
            double time = 0;
            for (int i = 0; i < 4000; i++)
            {
                time += 0.01;
                int choice = random.Below(200);
                if (choice == 0) control.OnCongestion(Loss(control, time));
                else if (choice == 1) control.OnRetransmissionTimeout(Loss(control, time), random.Chance(0.3));
                else if (choice == 2) control.OnUndo();
                else if (choice == 3) control.OnIdle(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(300), 10 * Mss);
                else Ack(control, 1 + random.Below(4 * Mss), time, 50 + random.Below(50), random.Chance(0.1));
                windows.Add(control.CongestionWindow);
            }
        }
        Run();
        int[] first = [.. windows];
        Assert.All(first, window => Assert.InRange(window, Mss, int.MaxValue / 2));
        Assert.Equal(0, Allocations.Of(Run));
        Assert.Equal(first, windows); // begun anew on the same instance, too
    }
}
