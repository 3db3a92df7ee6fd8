namespace NetStack.Nic.Virtual.Tests;

/// <summary>The clock that jumps to the next deadline.</summary>
public sealed class VirtualClockTests
{
    private sealed class Alarm(params long[] milliseconds) : IPollable
    {
        private readonly Queue<long> _due = new(milliseconds);

        public List<Instant> Rang { get; } = [];

        public Instant? NextDeadline => _due.TryPeek(out long due) ? Instant.FromMilliseconds(due) : null;

        public void Poll(Instant now)
        {
            while (_due.Count > 0 && now >= Instant.FromMilliseconds(_due.Peek()))
            {
                _due.Dequeue();
                Rang.Add(now);
            }
        }
    }

    private sealed class Restless : IPollable
    {
        public Instant? NextDeadline => Instant.Zero;

        public void Poll(Instant now)
        {
        }
    }

    [Fact]
    public void It_jumps_from_deadline_to_deadline_and_stops_when_none_is_left()
    {
        Alarm one = new(5, 20);
        Alarm two = new(5, 3_600_000);
        VirtualClock clock = new();
        clock.Add(one);
        clock.Add(two);
        while (clock.Step())
        {
        }
        Assert.Equal([Instant.FromMilliseconds(5), Instant.FromMilliseconds(20)], one.Rang);
        Assert.Equal([Instant.FromMilliseconds(5), Instant.FromSeconds(3600)], two.Rang);
        Assert.Equal((3, Instant.FromSeconds(3600)), (clock.Jumps, clock.Now));
    }

    [Fact]
    public void Running_ends_with_the_condition_the_limit_or_when_nothing_is_left()
    {
        Alarm alarm = new(10, 20, 30);
        VirtualClock clock = new();
        clock.Add(alarm);
        Assert.True(clock.RunUntil(() => alarm.Rang.Count == 1, Instant.FromSeconds(1)));
        Assert.False(clock.RunUntil(() => alarm.Rang.Count == 3, Instant.FromMilliseconds(25)));
        Assert.Equal(2, alarm.Rang.Count);
        Assert.False(clock.RunUntil(() => false, Instant.FromSeconds(1)));
        Assert.Equal(3, alarm.Rang.Count);
    }

    [Fact]
    public void A_part_that_always_wants_the_present_does_not_hang_a_run()
    {
        VirtualClock clock = new();
        clock.Add(new Restless());
        Assert.False(clock.RunUntil(() => false, Instant.FromSeconds(1)));
        Assert.Equal(Instant.Zero, clock.Now);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Frames_over_a_link_take_the_same_time_whatever_the_order_of_the_parts(bool linkFirst)
    {
        using Rig a = new();
        using Rig b = new();
        b.Fill();
        VirtualLink link = new(new Impairment { Delay = TimeSpan.FromMilliseconds(3) });
        link.Connect(a.Nic, b.Nic);
        Alarm alarm = new(100);
        VirtualClock clock = new();
        IPollable[] parts = linkFirst ? [link, a.Nic, b.Nic, alarm] : [alarm, b.Nic, a.Nic, link];
        foreach (IPollable part in parts) clock.Add(part);
        Assert.True(clock.RunUntil(() => alarm.Rang.Count == 1, Instant.FromSeconds(1)));
        a.Queue.Transmit([a.Frame(Frames.Numbered(1, 60))]);
        Assert.True(clock.RunUntil(() => b.Receive().Count == 1, Instant.FromSeconds(1)));
        Assert.Equal(Instant.FromMilliseconds(103), clock.Now);
    }
}
