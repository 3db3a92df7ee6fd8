using NetStack.Memory;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>Registering, posting, withdrawing and taking the device down.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public void Unregistering_takes_unfilled_buffers_back_waits_for_filled_ones_and_flushes()
    {
        using Rig rig = new(new VirtualNicOptions { Iommu = new IommuOptions { Mode = IommuMode.Deferred, FlushInterval = TimeSpan.FromMilliseconds(10) } });
        rig.Fill(8);
        rig.Deliver(Frames.Numbered(1, 60));
        rig.Nic.Poll(Instant.FromMilliseconds(1));
        Task gone = rig.Registrations[0].UnregisterAsync().AsTask();
        Assert.False(rig.Registrations[0].IsActive);
        Assert.Equal(15, rig.Pool.Available); // the filled one is on its way
        Assert.True(rig.Pool.TryRent(out BufferHandle late));
        Assert.Throws<InvalidOperationException>(() => rig.Queue.Post(rig.Registrations[0], [late]));
        rig.Pool.Release(late);
        rig.Nic.Poll(Instant.FromMilliseconds(2));
        Assert.False(gone.IsCompleted);
        List<ReceivedFrame> held = rig.Take();
        rig.Nic.Poll(Instant.FromMilliseconds(3));
        Assert.False(gone.IsCompleted); // drained, unmapped, not flushed
        Assert.Equal(Instant.FromMilliseconds(13), rig.Nic.NextDeadline);
        rig.Nic.Poll(Instant.FromMilliseconds(13));
        Assert.True(gone.IsCompletedSuccessfully);
        Assert.Equal(0, rig.Pool.Region.Registrations);
        Assert.Equal(Frames.Numbered(1, 60), Rig.See(Assert.Single(held)).Bytes); // what was received stays valid
        Assert.True(rig.Registrations[0].UnregisterAsync().AsTask().IsCompleted);
        rig.AssertAllHome();
    }

    [Fact]
    public void Unregistering_waits_for_frames_in_the_transmit_ring()
    {
        using Rig rig = new();
        rig.Wire.Room = 0;
        rig.Queue.Transmit([rig.Frame(Frames.Numbered(1, 60), new byte[10])]);
        Task gone = rig.Registrations[0].UnregisterAsync().AsTask();
        rig.Nic.Poll(Instant.FromMilliseconds(1));
        Assert.False(gone.IsCompleted);
        rig.Wire.Room = 1;
        rig.Nic.Poll(Instant.FromMilliseconds(2));
        Assert.True(gone.IsCompletedSuccessfully);
        Assert.Single(rig.Wire.Frames);
        rig.AssertAllHome();
    }

    private sealed class Tamper : DeviceTamper
    {
        public Func<RxCompletion, RxCompletion> Change { get; set; } = c => c;

        public override void OnCompletion(int queue, ref RxCompletion completion) => completion = Change(completion);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_device_that_ends_no_frame_or_keeps_a_buffer_does_not_hold_up_the_end(bool keeps)
    {
        Tamper tamper = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = tamper });
        rig.Fill(4);
        tamper.Change = c => keeps ? c with { BufferId = 99 } : c with { Flags = c.Flags & ~RxFlags.EndOfPacket };
        Assert.True(rig.Deliver(Frames.Numbered(1, 60)));
        Task gone = rig.Registrations[0].UnregisterAsync().AsTask();
        Assert.False(gone.IsCompleted); // a completion waits
        Assert.Empty(rig.Receive());
        rig.Nic.Poll(Instant.FromMilliseconds(1));
        Assert.True(gone.IsCompletedSuccessfully);
        Assert.Equal(1, rig.Drops.Total);
        rig.AssertAllHome();
    }

    [Fact]
    public void Many_registrations_that_end_with_one_flush_all_complete()
    {
        using VirtualNic nic = new(new VirtualNicOptions { Iommu = new IommuOptions { Mode = IommuMode.Deferred, FlushBatch = 5 } });
        BufferPool[] pools = [.. Enumerable.Range(0, 5).Select(_ => BufferPool.Create(4096, 1))];
        BufferRegistration[] registrations = [.. pools.Select(p => nic.Register(p, 0, BufferUse.Receive))];
        List<ReceivedFrame> held = [];
        foreach ((BufferPool pool, BufferRegistration registration) in pools.Zip(registrations))
        {
            pool.TryRent(out BufferHandle buffer);
            nic.Queues[0].Post(registration, [buffer]);
            nic.TryDeliver(Frames.Numbered(1, 60), new WireFrame(60));
        }
        Task all = Task.WhenAll(registrations.Select(r => r.UnregisterAsync().AsTask()).ToArray());
        ReceivedFrame[] frames = new ReceivedFrame[5];
        Assert.Equal(5, nic.Queues[0].Receive(frames));
        nic.Poll(Instant.FromMilliseconds(1));
        Assert.Equal((5, 1), (nic.Iommu.Unmaps, nic.Iommu.Invalidations));
        Assert.All(registrations, r => Assert.True(r.UnregisterAsync().AsTask().IsCompletedSuccessfully));
        Assert.All(pools, p => Assert.Equal(0, p.Region.Registrations));
        foreach (ReceivedFrame frame in frames) frame.Release();
        Assert.True(all.Status is not (TaskStatus.Faulted or TaskStatus.Canceled));
    }

    [Fact]
    public void A_buffer_cannot_be_posted_twice_nor_after_it_went_back_and_a_refused_batch_posts_nothing()
    {
        using Rig rig = new();
        Assert.True(rig.Pool.TryRent(out BufferHandle one));
        Assert.True(rig.Pool.TryRent(out BufferHandle two));
        Assert.True(rig.Pool.TryRent(out BufferHandle stale));
        rig.Pool.Release(stale);
        Assert.Throws<InvalidOperationException>(() => rig.Queue.Post(rig.Registrations[0], [one, two, one]));
        Assert.Throws<InvalidOperationException>(() => rig.Queue.Post(rig.Registrations[0], [one, stale]));
        Assert.Equal(0, rig.Queue.Counters.BuffersPosted);
        Assert.False(rig.Deliver(Frames.Numbered(1, 60)));
        Assert.Equal(2, rig.Queue.Post(rig.Registrations[0], [one, two]));
        Assert.Throws<InvalidOperationException>(() => rig.Queue.Post(rig.Registrations[0], [two]));
        Assert.True(rig.Deliver(Frames.Numbered(1, 60)));
        List<ReceivedFrame> held = rig.Take();
        Assert.Equal(one, held[0].Body.Slice(0).Buffer);
        held[0].Release();
    }

    [Fact]
    public void Posting_needs_a_live_registration_for_receiving_on_this_queue_of_this_NIC()
    {
        using Rig rig = new(new VirtualNicOptions { Queues = 2 });
        using Rig other = new();
        BufferRegistration sending = rig.Nic.Register(BufferPool.Create(2048, 1), 0, BufferUse.Transmit);
        foreach (BufferRegistration wrong in (BufferRegistration[])[rig.Registrations[1], other.Registrations[0], sending])
        {
            wrong.Pool.TryRent(out BufferHandle buffer);
            Assert.Throws<InvalidOperationException>(() => rig.Queue.Post(wrong, [buffer]));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Nic.Register(rig.Pool, 2, BufferUse.Receive));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Nic.Register(rig.Pool, -1, BufferUse.Receive));
        Assert.Throws<ArgumentOutOfRangeException>(() => rig.Nic.Register(rig.Pool, 0, 0));
    }

    [Fact]
    public void Disposing_gives_back_what_was_posted_filled_and_queued_and_leaves_received_frames_alone()
    {
        Rig rig = new(bufferSize: 128);
        rig.Fill(12);
        rig.Deliver(Frames.Numbered(1, 300));
        List<ReceivedFrame> held = rig.Take();
        rig.Deliver(Frames.Numbered(2, 300)); // completed, never received
        rig.Wire.Room = 0;
        rig.Queue.Transmit([rig.Frame(Frames.Numbered(3, 60), new byte[100])]);
        Task gone = rig.Registrations[0].UnregisterAsync().AsTask();
        Assert.False(gone.IsCompleted);
        rig.Dispose();
        rig.Dispose();
        Assert.True(gone.IsCompletedSuccessfully);
        Assert.Equal(rig.Pool.Count - 3, rig.Pool.Available);
        Assert.Equal(0, rig.Pool.Region.Registrations);
        Assert.Equal(Frames.Numbered(1, 300), Rig.See(Assert.Single(held)).Bytes);
        rig.AssertAllHome();

        // Nothing that is called late does harm.
        rig.Nic.Poll(Instant.FromSeconds(1));
        Assert.True(rig.Nic.TryArm());
        Assert.Empty(rig.Receive());
        Assert.True(rig.Deliver(Frames.Numbered(4, 60)));
        Assert.Equal(1, rig.Queue.Transmit([rig.Frame(Frames.Numbered(5, 60), new byte[10])]));
        rig.Nic.SetLink(true);
        Assert.False(rig.Nic.IsLinkUp);
        Assert.Throws<ObjectDisposedException>(() => rig.Nic.Register(rig.Pool, 0, BufferUse.Receive));
        rig.AssertAllHome();
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        VirtualNicOptions good = new();
        VirtualNicOptions[] bad =
        [
            good with { Queues = 0 }, good with { Queues = 65 }, good with { RingSize = 3 }, good with { RingSize = 1 }, good with { RingSize = 1 << 17 },
            good with { RssTableSize = 100 }, good with { RssQueues = 2 }, good with { RssQueues = 0 }, good with { CompletionBudget = 0 },
            good with { WakeFrames = 0 }, good with { WakeDelay = TimeSpan.FromTicks(-1) }, good with { Mtu = 0 }, good with { FlowRules = -1 },
            good with { HeaderSplitThreshold = -1 }, good with { MaxFrameLength = 63 }, good with { RssKey = new byte[3] },
            good with { Iommu = new IommuOptions { PageSize = 8192 } }, good with { Iommu = new IommuOptions { IotlbEntries = 3 } },
        ];
        Assert.All(bad, o => Assert.ThrowsAny<ArgumentException>(() => new VirtualNic(o)));
    }
}
