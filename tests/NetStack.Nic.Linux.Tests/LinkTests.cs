using System.Diagnostics;
using NetStack.Memory;

namespace NetStack.Nic.Linux.Tests;

/// <summary>An interface that goes down, comes back, or is deleted.</summary>
public sealed class LinkTests
{
    private static readonly TimeSpan Check = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void The_link_is_up_while_the_interface_is()
    {
        using Lab lab = new();
        Assert.True(lab.Nic.IsLinkUp);
        lab.In($"ip link set {lab.Name} down");
        lab.Nic.Poll(lab.Time += Check);
        Assert.False(lab.Nic.IsLinkUp);
        lab.In($"ip link set {lab.Name} up");
        lab.Nic.Poll(lab.Time += Check);
        Assert.True(lab.Nic.IsLinkUp);
    }

    [Fact]
    public void It_is_not_looked_at_more_than_ten_times_a_second()
    {
        using Lab lab = new();
        lab.Nic.Poll(lab.Time);
        lab.In($"ip link set {lab.Name} down");
        lab.Nic.Poll(lab.Time += Check / 2);
        Assert.True(lab.Nic.IsLinkUp);
        lab.Nic.Poll(lab.Time += Check / 2);
        Assert.False(lab.Nic.IsLinkUp);
    }

    [Fact]
    public void A_send_that_fails_takes_the_link_down_and_what_follows_is_dropped_without_a_call()
    {
        using Lab lab = new();
        lab.In($"ip link set {lab.Name} down");
        Assert.True(lab.Nic.IsLinkUp);
        Assert.Equal(2, lab.Queue.Transmit([lab.Echo(1, [1]), lab.Echo(2, [2])]));
        Assert.False(lab.Nic.IsLinkUp);
        Assert.Equal(2, lab.Queue.Counters.TransmitDrops[DropReason.LinkDown]);
        Assert.Equal(0, lab.Queue.Counters.FramesSent);
        lab.AssertAllHome();
    }

    [Fact]
    public void A_deleted_interface_is_down_for_good_and_nothing_throws()
    {
        using Lab lab = new();
        lab.Fill(8);
        using IWaitSet set = lab.Nic.CreateWaitSet();
        Assert.True(set.TryAdd(lab.Nic));
        set.Wait(TimeSpan.Zero);
        lab.In($"ip link delete {lab.Name}");
        set.Wait(TimeSpan.FromSeconds(10)); // told at once
        Assert.False(lab.Nic.IsLinkUp);
        Assert.Empty(lab.Take());
        Assert.Equal(1, lab.Queue.Transmit([lab.Echo(1, [1])]));
        Assert.Equal(1, lab.Queue.Counters.TransmitDrops[DropReason.LinkDown]);
        lab.Nic.Poll(lab.Time += Check);
        Assert.False(lab.Nic.IsLinkUp);
        AssertSleeps(set, 30);
        AssertSleeps(set, 30);
        Assert.True(lab.Nic.TryArm());
        lab.AssertAllHome();
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_call_finds_out_that_the_interface_was_deleted(bool byReceiving)
    {
        using Lab lab = new();
        lab.Fill(8);
        lab.In($"ip link delete {lab.Name}");
        Assert.True(lab.Nic.IsLinkUp);
        if (byReceiving) Assert.Equal(0, lab.Queue.Receive(new ReceivedFrame[4]));
        else Assert.Equal(1, lab.Queue.Transmit([lab.Echo(1, [1])]));
        Assert.False(lab.Nic.IsLinkUp);
        Assert.Equal(byReceiving ? 0 : 1, lab.Queue.Counters.TransmitDrops.Total);
        lab.AssertAllHome();
    }

    private static void AssertSleeps(IWaitSet set, int milliseconds)
    {
        long start = Stopwatch.GetTimestamp();
        set.Wait(TimeSpan.FromMilliseconds(milliseconds));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(milliseconds), "it did not sleep");
    }
}
