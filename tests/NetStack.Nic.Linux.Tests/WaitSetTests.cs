using System.Diagnostics;
using NetStack.Memory;
using NetStack.Nic.Virtual;

namespace NetStack.Nic.Linux.Tests;

/// <summary>The wait set: timeouts, wake-ups from anywhere, and frames of any of its NICs.</summary>
public sealed class WaitSetTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private static TimeSpan Timed(IWaitSet set, TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        set.Wait(timeout);
        return Stopwatch.GetElapsedTime(start);
    }

    private static TapWaitSet Make()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux");
        return new TapWaitSet();
    }

    [Theory, InlineData(1), InlineData(300), InlineData(2_000), InlineData(30_000)]
    public void It_sleeps_as_long_as_it_was_told(int microseconds)
    {
        using TapWaitSet set = Make();
        TimeSpan timeout = TimeSpan.FromMicroseconds(microseconds);
        for (int i = 0; i < 5; i++) Assert.InRange(Timed(set, timeout), timeout, Long);
    }

    [Fact]
    public void A_short_sleep_is_not_rounded_up_to_a_millisecond()
    {
        using TapWaitSet set = Make();
        Assert.SkipUnless(Environment.OSVersion.Version >= new Version(5, 11), "needs epoll_pwait2");
        TimeSpan best = Enumerable.Range(0, 200).Select(_ => Timed(set, TimeSpan.FromMicroseconds(50))).Min();
        Assert.InRange(best, TimeSpan.FromMicroseconds(50), TimeSpan.FromMicroseconds(900));
    }

    [Fact]
    public void Zero_looks_without_sleeping_and_negative_times_are_refused()
    {
        using TapWaitSet set = Make();
        set.Wait(TimeSpan.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.Wait(TimeSpan.FromTicks(-1)));
    }

    [Fact]
    public void Wake_ups_before_a_wait_end_it_and_count_once()
    {
        using TapWaitSet set = Make();
        for (int i = 0; i < 5; i++) set.Wake();
        Assert.True(Timed(set, Long) < Long / 2);
        TimeSpan timeout = TimeSpan.FromMilliseconds(20);
        Assert.InRange(Timed(set, timeout), timeout, Long);
    }

    [Fact]
    public void A_wake_up_from_another_thread_ends_a_wait_without_a_limit()
    {
        using TapWaitSet set = Make();
        Thread waker = new(() =>
        {
            Thread.Sleep(30);
            set.Wake();
        });
        waker.Start();
        set.Wait(Timeout.InfiniteTimeSpan);
        waker.Join();
    }

    [Fact]
    public void No_wake_up_is_lost_between_threads()
    {
        using TapWaitSet set = Make();
        const int Rounds = 20_000;
        int asked = 0;
        int answered = 0;
        Thread asker = new(() =>
        {
            for (int i = 1; i <= Rounds; i++)
            {
                Volatile.Write(ref asked, i);
                set.Wake();
                SpinWait spin = default;
                while (Volatile.Read(ref answered) != i) spin.SpinOnce(sleep1Threshold: -1);
            }
        });
        asker.Start();
        while (answered < Rounds)
        {
            if (Volatile.Read(ref asked) == answered)
            {
                TimeSpan slept = Timed(set, Long);
                Assert.True(slept < Long, $"the wake-up of round {answered + 1} was lost");
            }
            Volatile.Write(ref answered, Volatile.Read(ref asked));
        }
        asker.Join();
    }

    [Fact]
    public void Waking_a_set_that_was_disposed_does_nothing()
    {
        TapWaitSet set = Make();
        set.Dispose();
        set.Dispose();
        set.Wake();
        Assert.Throws<ObjectDisposedException>(() => set.Wait(TimeSpan.Zero));
    }

    [Fact]
    public void A_nic_of_another_kind_is_refused()
    {
        using TapWaitSet set = Make();
        using VirtualNic other = new(new VirtualNicOptions());
        Assert.False(set.TryAdd(other));
        set.Remove(other);
    }

    [Fact]
    public void Frames_of_any_nic_end_the_wait_and_go_on_doing_so_until_they_are_taken()
    {
        using Lab a = new();
        using Lab b = new();
        using IWaitSet set = a.Nic.CreateWaitSet();
        foreach (Lab lab in (Lab[])[a, b])
        {
            lab.Fill(4);
            Assert.True(set.TryAdd(lab.Nic));
            Assert.True(set.TryAdd(lab.Nic)); // once is enough
        }
        TimeSpan timeout = TimeSpan.FromMilliseconds(20);
        foreach (Lab lab in (Lab[])[a, b, a])
        {
            lab.Queue.Transmit([lab.Echo(1, [1])]);
            Assert.True(Timed(set, Long) < Long / 2);
            Assert.True(Timed(set, Long) < Long / 2);
            Assert.Single(lab.Take());
            Assert.InRange(Timed(set, timeout), timeout, Long);
        }
        set.Remove(b.Nic);
        b.Queue.Transmit([b.Echo(1, [1])]);
        Assert.InRange(Timed(set, timeout), timeout, Long);
        Assert.Single(b.TakeUntil(1));
        a.Nic.Dispose(); // in the set
        Assert.InRange(Timed(set, timeout), timeout, Long);
    }

    [Fact]
    public void Frames_for_which_there_is_no_buffer_do_not_end_the_wait_until_there_is()
    {
        using Lab lab = new();
        using IWaitSet set = lab.Nic.CreateWaitSet();
        set.TryAdd(lab.Nic);
        lab.Queue.Transmit([lab.Echo(1, [1])]);
        TimeSpan timeout = TimeSpan.FromMilliseconds(20);
        Assert.InRange(Timed(set, timeout), timeout, Long);
        lab.Fill(1);
        Assert.True(Timed(set, Long) < Long / 2);
        Assert.Single(lab.Take());
    }

    [Fact]
    public void An_interface_that_comes_up_ends_the_wait()
    {
        using Lab lab = new();
        lab.In($"ip link set {lab.Name} down");
        lab.Nic.Poll(lab.Time += TimeSpan.FromSeconds(1));
        Assert.False(lab.Nic.IsLinkUp);
        using IWaitSet set = lab.Nic.CreateWaitSet();
        set.TryAdd(lab.Nic);
        set.Wait(TimeSpan.FromMilliseconds(5));
        lab.In($"ip link set {lab.Name} up");
        Assert.True(Timed(set, Long) < Long / 2);
        Assert.True(lab.Nic.IsLinkUp);
    }
}
