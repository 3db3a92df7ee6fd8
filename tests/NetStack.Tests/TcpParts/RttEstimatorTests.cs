using NetStack.Tcp;

namespace NetStack.Tests.TcpParts;

/// <summary>RFC 6298, RFC 7323 appendix G, and the windowed minimum.</summary>
public sealed class RttEstimatorTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static RttEstimator New(int minimumMs = 200) => new(Ms(minimumMs), TimeSpan.FromSeconds(120), Second);

    private static TimeSpan Ms(double ms) => TimeSpan.FromMilliseconds(ms);

    [Fact]
    public void Before_any_sample_the_timeout_is_a_second_and_doubles()
    {
        RttEstimator rtt = New();
        Assert.Equal(Second, rtt.Timeout);
        rtt.OnTimeout();
        rtt.OnTimeout();
        Assert.Equal(4 * Second, rtt.Timeout);
        Assert.Equal(2, rtt.Backoff);
        Assert.Equal(TimeSpan.Zero, rtt.Minimum);
    }

    [Fact]
    public void The_first_sample_sets_srtt_and_half_of_it_as_variation()
    {
        RttEstimator rtt = New();
        rtt.OnSample(Ms(500), Instant.Zero);
        Assert.Equal((Ms(500), Ms(250)), (rtt.Smoothed, rtt.Variation));
        Assert.Equal(Ms(1500), rtt.Timeout); // SRTT + 4 × RTTVAR
    }

    [Fact]
    public void A_second_sample_moves_variation_by_a_quarter_and_srtt_by_an_eighth()
    {
        RttEstimator rtt = New();
        rtt.OnSample(Ms(500), Instant.Zero);
        rtt.OnSample(Ms(580), Instant.Zero);
        Assert.Equal(Ms(250 * 0.75 + 80 * 0.25), rtt.Variation);
        Assert.Equal(Ms(510), rtt.Smoothed);
    }

    [Fact]
    public void The_variation_term_is_not_below_the_minimum_and_the_timeout_not_above_the_maximum()
    {
        RttEstimator rtt = New();
        for (int i = 0; i < 200; i++) rtt.OnSample(Ms(100), Instant.Zero);
        Assert.Equal(Ms(300), rtt.Timeout);
        for (int i = 0; i < 30; i++) rtt.OnTimeout();
        Assert.Equal(TimeSpan.FromSeconds(120), rtt.Timeout);
        RttEstimator slow = New(minimumMs: 1000);
        slow.OnSample(Ms(1), Instant.Zero);
        Assert.True(slow.Timeout >= Second);
    }

    [Fact]
    public void A_sample_ends_the_backoff_and_so_does_an_undo()
    {
        RttEstimator rtt = New();
        rtt.OnSample(Ms(100), Instant.Zero);
        TimeSpan timeout = rtt.Timeout;
        rtt.OnTimeout();
        Assert.Equal(2 * timeout, rtt.Timeout);
        rtt.ResetBackoff();
        Assert.Equal(timeout, rtt.Timeout);
        rtt.OnTimeout();
        rtt.OnSample(Ms(100), Instant.Zero);
        Assert.Equal(0, rtt.Backoff);
    }

    [Fact]
    public void A_lost_SYN_makes_data_begin_with_three_seconds()
    {
        RttEstimator rtt = New();
        rtt.OnTimeout();
        rtt.OnHandshakeRetransmitted();
        Assert.Equal(3 * Second, rtt.Timeout);
    }

    [Fact]
    public void Many_samples_in_a_round_trip_weigh_as_one()
    {
        RttEstimator one = New(), many = New();
        one.OnSample(Ms(100), Instant.Zero);
        many.OnSample(Ms(100), Instant.Zero);
        one.OnSample(Ms(200), Instant.Zero);
        for (int i = 0; i < 10; i++) many.OnSample(Ms(200), Instant.Zero, samplesPerRoundTrip: 10);
        Assert.InRange(many.Smoothed, one.Smoothed - Ms(2), one.Smoothed + Ms(2));
        Assert.Equal(1, RttEstimator.ExpectedSamples(0, 1000));
        Assert.Equal(5, RttEstimator.ExpectedSamples(10_000, 1000)); // ceil(FlightSize / (SMSS × 2))
        Assert.Equal(6, RttEstimator.ExpectedSamples(10_001, 1000));
    }

    [Fact]
    public void It_follows_the_plain_formulas_for_any_samples()
    {
        SeededRandom random = new(5);
        RttEstimator rtt = New();
        double srtt = 0, variation = 0;
        for (int i = 0; i < 1000; i++)
        {
            double sample = 1 + random.Below(1_000_000) / 1000.0;
            if (i == 0) (srtt, variation) = (sample, sample / 2);
            else
            {
                variation = 0.75 * variation + 0.25 * Math.Abs(srtt - sample);
                srtt = 0.875 * srtt + 0.125 * sample;
            }
            rtt.OnSample(Ms(sample), Instant.Zero);
            Assert.Equal(srtt, rtt.Smoothed.TotalMilliseconds, 0.01);
            Assert.Equal(variation, rtt.Variation.TotalMilliseconds, 0.01);
            Assert.Equal(srtt + Math.Max(200, 4 * variation), rtt.Timeout.TotalMilliseconds, 0.05);
        }
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void The_windowed_minimum_is_a_recent_sample_and_no_less_than_the_least(ulong seed)
    {
        const long Window = 1000;
        SeededRandom random = new(seed);
        WindowedMinimum minimum = new(Window);
        List<(long At, long Value)> samples = [];
        long now = 0;
        for (int i = 0; i < 5000; i++)
        {
            now += random.Below(30);
            long value = 100 + random.Below(1000);
            samples.Add((now, value));
            minimum.Add(value, new Instant(now));
            long[] inWindow = [.. samples.Where(s => now - s.At <= Window).Select(s => s.Value)];
            Assert.Contains(minimum.Value, inWindow);
            // The filter may forget a value that a later one equalled or beat, never one that stands alone for three quarters.
            long[] recent = [.. samples.Where(s => now - s.At <= Window / 4).Select(s => s.Value)];
            Assert.True(minimum.Value <= recent.Min(), $"seed {seed}, sample {i}");
        }
    }

    [Fact]
    public void The_least_round_trip_is_forgotten_after_its_window()
    {
        RttEstimator rtt = New();
        rtt.OnSample(Ms(10), Instant.Zero);
        rtt.OnSample(Ms(50), Instant.FromSeconds(1));
        Assert.Equal(Ms(10), rtt.Minimum);
        for (int i = 2; i < 400; i++) rtt.OnSample(Ms(50), Instant.FromSeconds(i));
        Assert.Equal(Ms(50), rtt.Minimum);
    }
}
