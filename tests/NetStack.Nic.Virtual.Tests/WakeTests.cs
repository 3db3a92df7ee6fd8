namespace NetStack.Nic.Virtual.Tests;

/// <summary>Arming, waking, and moderation of wake-ups by count and by time.</summary>
public sealed class WakeTests
{
    private int _wakes;

    private Rig Build(int frames = 1, int microseconds = 0)
    {
        Rig rig = new(new VirtualNicOptions { WakeFrames = frames, WakeDelay = TimeSpan.FromMicroseconds(microseconds) });
        rig.Nic.OnWake(() => _wakes++);
        rig.Fill();
        return rig;
    }

    [Fact]
    public void An_armed_driver_is_woken_once_by_the_first_frame()
    {
        using Rig rig = Build();
        rig.Deliver(Frames.Numbered(0, 60));
        Assert.Equal(0, _wakes); // not armed
        rig.Receive();
        Assert.True(rig.Nic.TryArm());
        rig.Deliver(Frames.Numbered(1, 60));
        rig.Deliver(Frames.Numbered(2, 60));
        rig.Nic.Poll(Instant.FromSeconds(1));
        Assert.Equal(1, _wakes);
    }

    [Fact]
    public void Arming_looks_once_more_so_that_a_frame_just_completed_is_not_slept_over()
    {
        using Rig rig = Build();
        rig.Deliver(Frames.Numbered(0, 60)); // between the last receive and arming
        Assert.False(rig.Nic.TryArm());
        rig.Deliver(Frames.Numbered(1, 60));
        Assert.Equal(0, _wakes); // it did not arm
        Assert.Equal(2, rig.Receive().Count);
        Assert.True(rig.Nic.TryArm());
        rig.Deliver(Frames.Numbered(2, 60));
        Assert.Equal(1, _wakes);
    }

    [Fact]
    public void Enough_frames_wake_at_once()
    {
        using Rig rig = Build(frames: 4, microseconds: 50);
        rig.Nic.Poll(Instant.FromMilliseconds(1));
        Assert.True(rig.Nic.TryArm());
        for (int i = 0; i < 3; i++) rig.Deliver(Frames.Numbered(i, 60));
        Assert.Equal(0, _wakes);
        rig.Deliver(Frames.Numbered(3, 60));
        Assert.Equal(1, _wakes);
    }

    [Fact]
    public void Buffers_of_one_frame_count_as_one()
    {
        using Rig rig = new(new VirtualNicOptions { WakeFrames = 2, WakeDelay = TimeSpan.FromMicroseconds(50) }, bufferSize: 64);
        rig.Nic.OnWake(() => _wakes++);
        rig.Fill();
        Assert.True(rig.Nic.TryArm());
        rig.Deliver(Frames.Numbered(0, 300));
        Assert.Equal(0, _wakes);
        rig.Deliver(Frames.Numbered(1, 60));
        Assert.Equal(1, _wakes);
    }

    [Fact]
    public void Fewer_frames_wait_for_the_delay_and_no_longer()
    {
        using Rig rig = Build(frames: 4, microseconds: 50);
        rig.Nic.Poll(Instant.FromMicroseconds(100));
        Assert.True(rig.Nic.TryArm());
        Assert.Null(rig.Nic.NextDeadline);
        rig.Deliver(Frames.Numbered(0, 60));
        Assert.NotNull(rig.Nic.NextDeadline);
        rig.Nic.Poll(Instant.FromMicroseconds(100));
        Assert.Equal(Instant.FromMicroseconds(150), rig.Nic.NextDeadline);
        rig.Deliver(Frames.Numbered(1, 60));
        rig.Nic.Poll(Instant.FromMicroseconds(149));
        Assert.Equal(0, _wakes);
        rig.Nic.Poll(Instant.FromMicroseconds(150));
        Assert.Equal(1, _wakes);
        Assert.Null(rig.Nic.NextDeadline);
    }

    [Fact]
    public void The_delay_counts_from_the_frame_however_long_ago_the_last_poll_was()
    {
        using Rig rig = Build(frames: 4, microseconds: 50);
        rig.Nic.Poll(Instant.Zero);
        Assert.True(rig.Nic.TryArm());
        rig.Deliver(Frames.Numbered(0, 60)); // at 10 ms, which the NIC learns with the next poll
        rig.Nic.Poll(Instant.FromMilliseconds(10));
        Assert.Equal(0, _wakes);
        Assert.Equal(Instant.FromMicroseconds(10_050), rig.Nic.NextDeadline);
    }

    [Fact]
    public void Nobody_is_called_after_the_callback_was_removed_or_the_NIC_disposed()
    {
        using Rig rig = Build();
        rig.Nic.TryArm();
        rig.Nic.OnWake(null);
        rig.Deliver(Frames.Numbered(0, 60));
        rig.Receive();
        rig.Nic.OnWake(() => _wakes++);
        rig.Nic.TryArm();
        rig.Dispose();
        rig.Deliver(Frames.Numbered(0, 60));
        rig.Nic.Poll(Instant.FromSeconds(1));
        Assert.Equal(0, _wakes);
        Assert.Null(rig.Nic.NextDeadline);
    }
}
