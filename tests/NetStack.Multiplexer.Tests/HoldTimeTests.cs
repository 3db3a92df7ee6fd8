using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Multiplexer.Tests;

/// <summary>A client that holds frames by handle for too long is lent no more of them.</summary>
public sealed class HoldTimeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    [Theory, InlineData("CopyHeaders"), InlineData("PassThrough"), InlineData("ZeroCopy+trust")]
    public async Task Past_its_time_a_client_gets_copies_and_after_a_release_frames_by_handle_again(string kind)
    {
        Rig rig = new();
        MultiplexerPort port = Attach(rig, kind);
        rig.Send(Frame(0));
        ReceivedFrame held = Assert.Single(Rig.Take(port));
        rig.Now += Limit * 0.9;
        rig.Send(Frame(1));
        Assert.NotEqual(BodyAccess.Private, Assert.Single(Rig.Drain(port)).Access);
        Assert.Equal(0, port.OverdueFrames);
        rig.Now += Limit * 0.4;
        rig.Send(Frame(2), Frame(3));
        Assert.Equal(1, port.OverdueFrames);
        Assert.All(Rig.Drain(port), g => Assert.Equal(BodyAccess.Private, g.Access));
        Assert.Equal((2, 0, 0), (port.Counters.CopiedForHoldTime, port.Counters.CopiedOverQuota, port.Counters.CopiedForRing));
        Assert.Equal(0, Rig.See(held).Bytes[^1]); // what it holds is its own as before
        held.Release();
        rig.Send(Frame(4));
        Assert.NotEqual(BodyAccess.Private, Assert.Single(Rig.Drain(port)).Access);
        Assert.Equal((0, 2), (port.OverdueFrames, port.Counters.CopiedForHoldTime));
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void Frames_that_only_wait_count_as_held_and_without_room_for_a_copy_a_frame_is_the_clients_loss()
    {
        Rig rig = new();
        MultiplexerPort slow = Attach(rig, "CopyHeaders", o => o.BufferCount = 1);
        MultiplexerPort quick = rig.Mux.Attach("quick", o => o.Mac = Frames.Mac(1));
        rig.Send(Frame(0));
        rig.Now += Limit * 2;
        rig.Send(Frame(1), Frame(2), Frames.Udp(Frames.Mac(1), Frames.PeerV4, 1, Frames.V4(1), 2, [9]));
        Assert.Equal((1, 1), (slow.Counters.CopiedForHoldTime, slow.Counters.Queue.ReceiveDrops[DropReason.ClientFull]));
        Assert.Equal(BodyAccess.CopyOnDeliver, Assert.Single(Rig.Drain(quick)).Access);
        Assert.Equal(1, rig.Mux.RingBuffersHeld);
        Assert.Equal([0, 1], Rig.Drain(slow).Select(g => (int)g.Bytes[^1]));
    }

    [Fact]
    public void Without_a_limit_time_does_not_matter()
    {
        Rig rig = new();
        MultiplexerPort port = rig.Mux.Attach("a");
        rig.Send(Frame(0));
        rig.Now += TimeSpan.FromDays(1);
        rig.Send(Frame(1));
        Assert.Equal((2, 0), (port.Counters.FramesByHeaders, port.OverdueFrames));
    }

    [Fact]
    public void Frames_in_the_clients_own_memory_are_passed_by_handle_whatever_it_holds()
    {
        Rig rig = new(queues: 2, flowRoom: 8);
        MultiplexerPort port = Attach(rig, "Steered+Verify", o => o.Filter = "udp port 2");
        rig.Send(Frame(0));
        rig.Now += Limit * 2;
        rig.Send(Frame(1));
        Assert.Equal((2, 1, 0), (port.Counters.FramesByHeaders, port.OverdueFrames, port.Counters.CopiedForHoldTime));
    }

    /// <summary>Against a note of every frame: never before the limit, surely a quarter of it later.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5)]
    public async Task The_limit_holds_to_a_quarter_whatever_is_held_and_released_when(int seed)
    {
        Random random = new(seed);
        Rig rig = new();
        MultiplexerPort port = Attach(rig, "CopyHeaders");
        List<(ReceivedFrame Frame, Instant Since)> held = [];
        int overdue = 0;
        for (int step = 0; step < 4000; step++)
        {
            rig.Now += TimeSpan.FromMilliseconds(random.Next(12));
            rig.Mux.Poll(rig.Now);
            bool surely = held.Any(h => rig.Now - h.Since >= Limit * 1.25);
            bool maybe = held.Any(h => rig.Now - h.Since >= Limit);
            string at = $"seed {seed}, step {step}";
            Assert.True(!surely || port.OverdueFrames > 0, $"{at}: held for too long and not seen");
            Assert.True(maybe || port.OverdueFrames == 0, $"{at}: seen too early");
            Assert.True(port.OverdueFrames <= held.Count(h => rig.Now - h.Since >= Limit), at);
            if (port.OverdueFrames > 0) overdue++;
            rig.Send(Frame(step & 0xFF));
            ReceivedFrame frame = Assert.Single(Rig.Take(port));
            Assert.Equal(port.OverdueFrames > 0, frame.Access == BodyAccess.Private);
            if (frame.Access == BodyAccess.Private) frame.Release();
            else held.Add((frame, rig.Now));
            for (int i = held.Count - 1; i >= 0; i--)
            {
                if (random.Next(8) != 0 && held.Count < 60) continue;
                held[i].Frame.Release();
                held.RemoveAt(i);
            }
            Assert.Equal(held.Count, port.HeldFrames);
        }
        Assert.InRange(overdue, 50, 3900);
        foreach ((ReceivedFrame frame, _) in held) frame.Release();
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void A_time_that_is_none_is_refused()
    {
        Rig rig = new();
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Mux.Attach("a", o => o.HoldTime = TimeSpan.Zero));
    }

    private static MultiplexerPort Attach(Rig rig, string kind, Action<PortOptions>? more = null) => rig.Mux.Attach(kind, o =>
    {
        Clients.Configure(kind, o);
        o.HoldTime = Limit;
        more?.Invoke(o);
    });

    private static byte[] Frame(int number) => Frames.Udp(Frames.NicMac, Frames.PeerV4, 1, Frames.V4(1), 2, [(byte)number]);
}
