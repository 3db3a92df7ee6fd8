using System.Diagnostics;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Linux.Tests;

/// <summary>An interface that goes down, comes back, or is deleted; and one that takes no more for a while.</summary>
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

    [Fact]
    public void A_full_device_leaves_the_rest_with_the_caller_and_tells_when_there_is_room()
    {
        using Lab lab = new(buffers: 256, options: new TapOptions { SendBuffer = 20_000 });
        SlowDown(lab);
        TransmitFrame[] frames = [.. Enumerable.Range(0, 100).Select(i => lab.Echo(i, new byte[1000]))];
        foreach (ref TransmitFrame frame in frames.AsSpan()) MacAddress.Parse("02:00:00:00:00:99").Write(frame.Headers.Writable); // beyond the line
        int accepted = lab.Queue.Transmit(frames);
        Assert.InRange(accepted, 1, 99);
        Assert.Equal(0, lab.Queue.Transmit(frames.AsSpan(accepted)));
        Assert.Equal(0, lab.Queue.Counters.TransmitDrops.Total);
        Assert.True(lab.Nic.IsLinkUp);
        lab.Nic.Poll(lab.Time += Check);
        Assert.True(lab.Nic.IsLinkUp); // short of room is not down

        using IWaitSet set = lab.Nic.CreateWaitSet();
        Assert.True(set.TryAdd(lab.Nic));
        for (int waits = 0; accepted < 100; waits++)
        {
            long start = Stopwatch.GetTimestamp();
            set.Wait(TimeSpan.FromSeconds(10));
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 9, "no room was told");
            Assert.True(waits < 200, "it tells of room that is not there");
            accepted += lab.Queue.Transmit(frames.AsSpan(accepted));
        }
        Assert.Equal(100, lab.Queue.Counters.FramesSent);
        Assert.Equal(0, lab.Queue.Counters.TransmitDrops.Total);
        AssertSleeps(set, 30); // room alone is no reason to wake
    }

    /// <summary>The kernel's end is bridged to a line of 4 Mbit/s.</summary>
    private static void SlowDown(Lab lab)
    {
        lab.In("ip link add bridge type bridge");
        lab.In("ip link add slow type veth peer name end");
        foreach (string name in (string[])[lab.Name, "slow"]) lab.In($"ip link set {name} master bridge");
        foreach (string name in (string[])["bridge", "slow", "end"]) lab.In($"ip link set {name} up");
        lab.In("tc qdisc add dev slow root tbf rate 4mbit burst 3000 limit 10000000");
    }

    private static void AssertSleeps(IWaitSet set, int milliseconds)
    {
        long start = Stopwatch.GetTimestamp();
        set.Wait(TimeSpan.FromMilliseconds(milliseconds));
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(milliseconds), "it did not sleep");
    }
}
