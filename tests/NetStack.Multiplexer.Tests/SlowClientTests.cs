using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

public sealed class SlowClientTests
{
    [Theory, MemberData(nameof(Clients.All), MemberType = typeof(Clients))]
    public async Task A_client_that_takes_nothing_loses_only_its_own_frames(string kind)
    {
        Rig rig = new(queues: 3, flowRoom: 8, options: new MultiplexerOptions { RingBuffers = 64 });
        MultiplexerPort slow = rig.Mux.Attach("slow", o =>
        {
            Clients.Configure(kind, o);
            o.Mac = Frames.Mac(1);
            o.SteeredBufferCount = 32;
            o.BufferCount = 32;
        });
        MultiplexerPort quick = rig.Mux.Attach("quick", o => o.Mac = Frames.Mac(2));
        int got = 0;
        for (int i = 0; i < 500; i++)
        {
            // The steered client's own ring runs dry: that is its own loss, and the device counts it.
            rig.Nic.Inject(Frames.Udp(Frames.Mac(1), Frames.PeerV4, 1, Frames.V4(1), 2, Frames.Payload(300, 1)));
            Assert.True(rig.Nic.Inject(Frames.Udp(Frames.Mac(2), Frames.PeerV4, 1, Frames.V4(2), 2, Frames.Payload(300, 2))));
            Assert.True(rig.Nic.Inject(Frames.Udp(MacAddress.Broadcast, Frames.PeerV4, 1, Frames.V4(3), 2, Frames.Payload(300, 3))));
            rig.Mux.Poll(rig.Now);
            got += Rig.Drain(quick).Count;
        }
        Assert.Equal(1000, got);
        long own = rig.Nic.Queues.Skip(1).Sum(q => q.Counters.ReceiveDrops[DropReason.NoBuffer]);
        Assert.Equal(0, rig.Nic.Queues[0].Counters.ReceiveDrops.Total);
        Assert.Equal(1000, slow.Counters.FramesDelivered + slow.Counters.Queue.ReceiveDrops[DropReason.ClientFull] + own);
        Assert.True(slow.Counters.FramesDelivered < 300);
        Assert.Equal(0, quick.Counters.Queue.ReceiveDrops.Total);
        Rig.Drain(slow);
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void A_full_queue_drops_for_that_client_and_gives_the_buffer_back_at_once()
    {
        Rig rig = new();
        MultiplexerPort port = rig.Mux.Attach("a", o => o.QueueDepth = 3);
        for (int i = 0; i < 10; i++) rig.Send(Frame(i));
        Assert.Equal(7, port.Counters.Queue.ReceiveDrops[DropReason.ClientFull]);
        Assert.Equal(3, rig.Mux.RingBuffersHeld);
        Assert.Equal([0, 1, 2], Rig.Drain(port).Select(g => (int)g.Bytes[^1]));
        Assert.Equal(0, rig.Mux.RingBuffersHeld);
    }

    [Fact]
    public void Past_its_quota_of_held_frames_a_client_gets_copies_and_after_a_release_frames_by_handle_again()
    {
        Rig rig = new();
        MultiplexerPort port = rig.Mux.Attach("a", o =>
        {
            o.HeldFrames = 2;
            o.BufferCount = 3;
        });
        for (int i = 0; i < 7; i++) rig.Send(Frame(i));
        Assert.Equal((2, 3, 2), (port.Counters.FramesByHeaders, port.Counters.CopiedOverQuota, port.Counters.Queue.ReceiveDrops[DropReason.ClientFull]));
        List<ReceivedFrame> taken = Rig.Take(port);
        Assert.Equal(2, port.HeldFrames);
        Assert.Equal(2, rig.Mux.RingBuffersHeld);
        foreach (ReceivedFrame held in taken)
        {
            ReceivedFrame frame = held;
            frame.Release();
        }
        Assert.Equal(0, port.HeldFrames);
        rig.Send(Frame(9));
        Assert.Equal(BodyAccess.CopyOnDeliver, Assert.Single(Rig.Drain(port)).Access);
    }

    [Fact]
    public void A_ring_that_runs_short_is_relieved_by_copying_out()
    {
        Rig rig = new(options: new MultiplexerOptions { RingBuffers = 8, RingReserve = 3 });
        MultiplexerPort port = rig.Mux.Attach("a");
        for (int i = 0; i < 20; i++) rig.Send(Frame(i));
        Assert.Equal(5, rig.Mux.RingBuffersHeld);
        Assert.Equal((5, 15), (port.Counters.FramesByHeaders, port.Counters.CopiedForRing));
        Assert.Equal(Enumerable.Range(0, 20), Rig.Drain(port).Select(g => (int)g.Bytes[^1]));
    }

    [Fact]
    public void Frames_that_arrive_in_one_batch_starve_no_ring_that_is_about_to_get_them_back()
    {
        Rig rig = new(options: new MultiplexerOptions { RingBuffers = 8, RingReserve = 3, ReceiveBatch = 8 });
        MultiplexerPort port = rig.Mux.Attach("a", o => o.Copy = CopyStrategy.CopyAll);
        MultiplexerPort handed = rig.Mux.Attach("b", o => o.Mac = Frames.Mac(1));
        for (int i = 0; i < 7; i++) rig.Nic.Inject(Frame(i));
        rig.Nic.Inject(Frames.Udp(Frames.Mac(1), Frames.PeerV4, 1, Frames.V4(1), 2, [9]));
        rig.Mux.Poll(rig.Now);
        Assert.Equal(1, handed.Counters.FramesByHeaders); // seven of the eight buffers came back in this very batch
        Assert.Equal(7, Rig.Drain(port).Count);
        Assert.Single(Rig.Drain(handed));
    }

    private static byte[] Frame(int number) => Frames.Udp(Frames.NicMac, Frames.PeerV4, 1, Frames.V4(1), 2, [(byte)number]);
}
