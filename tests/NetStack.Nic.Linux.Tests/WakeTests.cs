using System.Diagnostics;

namespace NetStack.Nic.Linux.Tests;

/// <summary>Arming and waking without a wait set.</summary>
public sealed class WakeTests
{
    private int _wakes;

    private static bool Until(Func<bool> condition)
    {
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < 10; Thread.Sleep(1))
        {
            if (condition()) return true;
        }
        return false;
    }

    private Lab Build()
    {
        Lab lab = new();
        lab.Nic.OnWake(() => Interlocked.Increment(ref _wakes));
        lab.Fill(8);
        return lab;
    }

    [Fact]
    public void An_armed_nic_is_woken_once()
    {
        using Lab lab = Build();
        for (int round = 1; round <= 20; round++)
        {
            Assert.True(lab.Nic.TryArm());
            lab.Queue.Transmit([lab.Echo(1, [1])]);
            Assert.True(Until(() => Volatile.Read(ref _wakes) == round), $"round {round}");
            lab.Queue.Transmit([lab.Echo(2, [1])]);
            Assert.Equal(2, lab.TakeUntil(2).Count);
            lab.Fill(2);
        }
        Thread.Sleep(20);
        Assert.Equal(20, _wakes);
    }

    [Fact]
    public void Frames_that_wait_already_refuse_to_arm()
    {
        using Lab lab = Build();
        lab.Queue.Transmit([lab.Echo(1, [1])]);
        Assert.False(lab.Nic.TryArm());
        Assert.Single(lab.TakeUntil(1));
        Assert.True(lab.Nic.TryArm());
        Assert.Equal(0, _wakes);
    }

    [Fact]
    public void A_nic_that_was_not_armed_or_is_disposed_is_not_woken()
    {
        using Lab lab = Build();
        lab.Queue.Transmit([lab.Echo(1, [1])]);
        Thread.Sleep(20);
        Assert.Single(lab.Take());
        Assert.True(lab.Nic.TryArm());
        lab.Nic.Dispose();
        Thread.Sleep(20);
        Assert.Equal(0, _wakes);
        Assert.True(lab.Nic.TryArm()); // nothing will come
    }

    [Fact]
    public void A_link_that_comes_up_or_is_lost_wakes()
    {
        using Lab lab = Build();
        lab.In($"ip link set {lab.Name} down");
        Assert.False(lab.Nic.TryArm()); // the link changed
        Assert.True(lab.Nic.TryArm());
        lab.In($"ip link set {lab.Name} up");
        Assert.True(Until(() => Volatile.Read(ref _wakes) == 1));
        lab.Nic.Poll(lab.Time);
        Assert.True(lab.Nic.IsLinkUp);
        Assert.True(lab.Nic.TryArm());
        lab.In($"ip link delete {lab.Name}");
        Assert.True(Until(() => Volatile.Read(ref _wakes) == 2));
        lab.Nic.Poll(lab.Time);
        Assert.False(lab.Nic.IsLinkUp);
    }
}
