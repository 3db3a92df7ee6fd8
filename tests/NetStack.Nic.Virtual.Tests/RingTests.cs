using NetStack.Memory;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>The rings over many laps: every frame once, in order; every buffer accounted for.</summary>
public sealed class RingTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 24)];

    [Theory, MemberData(nameof(Seeds))]
    public void Random_batches_over_many_laps_lose_double_and_disorder_nothing(int seed)
    {
        Random random = new(seed);
        int ringSize = 2 << random.Next(5);
        using Rig rig = new(new VirtualNicOptions
        {
            RingSize = ringSize,
            InOrder = random.Next(2) == 0,
            CompletionBudget = 1 + random.Next(5),
            HeaderSplit = random.Next(2) == 0,
            Tamper = random.Next(2) == 0 ? new RewriteAfterFetch((ulong)seed) : null,
            Seed = (ulong)seed,
        }, buffers: ringSize + random.Next(ringSize), bufferSize: 64 << random.Next(3));
        Queue<byte[]> sent = new();
        Queue<ReceivedFrame> held = new();
        int number = 0;
        int received = 0;
        ReceivedFrame[] frames = new ReceivedFrame[4];
        for (int step = 0; step < 3000; step++)
        {
            switch (random.Next(4))
            {
                case 0:
                    rig.Fill(1 + random.Next(ringSize));
                    break;
                case 1:
                    for (int i = random.Next(ringSize); i >= 0; i--)
                    {
                        byte[] frame = Frames.Numbered(number, 18 + random.Next(Math.Min(ringSize, 6) * 64));
                        if (!rig.Deliver(frame)) break;
                        sent.Enqueue(frame);
                        number++;
                    }
                    break;
                case 2:
                    int count = rig.Queue.Receive(frames.AsSpan(0, 1 + random.Next(4)));
                    for (int i = 0; i < count; i++)
                    {
                        byte[] bytes = new byte[frames[i].Length];
                        frames[i].Headers.CopyFrameTo(bytes);
                        Assert.True(bytes.AsSpan().SequenceEqual(sent.Dequeue()), $"seed {seed}, frame {received}");
                        received++;
                        held.Enqueue(frames[i]);
                    }
                    break;
                default:
                    for (int i = random.Next(held.Count + 1); i > 0; i--) held.Dequeue().Release();
                    break;
            }
            QueueCounters counters = rig.Queue.Counters;
            long inFrames = held.Sum(f => f.Body.SliceCount);
            long withNic = counters.BuffersPosted - counters.BuffersCompleted;
            Assert.True(rig.Pool.Count - rig.Pool.Available == withNic + inFrames, $"seed {seed}, step {step}: buffers went missing");
        }
        Assert.True(number > 8 * ringSize, $"seed {seed}: only {number} frames in rings of {ringSize}");
        while (rig.Queue.Receive(frames) is > 0 and int rest)
        {
            for (int i = 0; i < rest; i++) Assert.Equal(sent.Dequeue(), Rig.See(frames[i]).Bytes);
        }
        Assert.Empty(sent);
        foreach (ReceivedFrame frame in held) frame.Release();
        Assert.Equal(number, rig.Queue.Counters.FramesReceived);
        Assert.Equal((0, 0), (rig.Drops.Total, rig.Nic.Iommu.FaultCount));
        rig.Dispose();
        rig.AssertAllHome();
    }

    [Fact]
    public void A_frame_that_does_not_fit_takes_nothing_and_fits_once_buffers_are_posted()
    {
        using Rig rig = new(buffers: 8, bufferSize: 64);
        rig.Fill(3);
        byte[] frame = Frames.Numbered(1, 200);
        Assert.False(rig.Deliver(frame));
        Assert.Empty(rig.Receive());
        rig.Fill(1);
        Assert.True(rig.Deliver(frame));
        Got got = Assert.Single(rig.Receive());
        Assert.Equal([64, 64, 64, 8], got.Slices);
        Assert.Equal(frame, got.Bytes);
        Assert.Equal((1, 3), (rig.Queue.Counters.FramesChained, rig.Queue.Counters.BuffersChained));
    }

    [Fact]
    public void Out_of_order_buffers_come_home_in_another_order_but_frames_do_not()
    {
        List<int> InOrder(bool inOrder)
        {
            using Rig rig = new(new VirtualNicOptions { InOrder = inOrder, Seed = 3 });
            rig.Fill();
            for (int i = 0; i < 16; i++) Assert.True(rig.Deliver(Frames.Numbered(i, 64)));
            List<ReceivedFrame> frames = rig.Take();
            List<int> buffers = [.. frames.Select(f => f.Body.Slice(0).Buffer.Index)];
            for (int i = 0; i < 16; i++) Assert.Equal(Frames.Numbered(i, 64), Rig.See(frames[i]).Bytes);
            return buffers;
        }

        Assert.Equal(Enumerable.Range(0, 16), InOrder(true));
        List<int> shuffled = InOrder(false);
        Assert.NotEqual(Enumerable.Range(0, 16), shuffled);
        Assert.Equal(Enumerable.Range(0, 16), shuffled.Order());
        Assert.Equal(shuffled, InOrder(false)); // the same seed
    }

    [Fact]
    public void A_batch_rings_the_doorbell_once()
    {
        using Rig rig = new();
        long before = rig.Nic.Doorbells;
        Assert.Equal(16, rig.Fill());
        Assert.Equal(before + 1, rig.Nic.Doorbells);
        TransmitFrame[] frames = [.. Enumerable.Range(0, 8).Select(i => rig.Frame(Frames.Numbered(i, 60)))];
        Assert.Equal(8, rig.Queue.Transmit(frames));
        Assert.Equal(before + 2, rig.Nic.Doorbells);
    }

    [Fact]
    public void The_budget_bounds_a_receive_in_frames_however_long_their_chains_are()
    {
        using Rig rig = new(new VirtualNicOptions { CompletionBudget = 3 }, buffers: 64, bufferSize: 64);
        rig.Fill();
        for (int i = 0; i < 5; i++) Assert.True(rig.Deliver(Frames.Numbered(i, 640)));
        ReceivedFrame[] frames = new ReceivedFrame[16];
        Assert.Equal(3, rig.Queue.Receive(frames));
        for (int i = 0; i < 3; i++) frames[i].Release();
        Assert.Equal(2, rig.Queue.Receive(frames));
        for (int i = 0; i < 2; i++) frames[i].Release();
        Assert.Equal(0, rig.Queue.Receive(frames));
    }

    [Fact]
    public void Interface_link_type_wire_length_and_time_travel_with_the_frame()
    {
        using Rig rig = new();
        byte[] frame = Frames.Ip(Frames.A4, Frames.B4, IpProtocol.Udp, Frames.Payload(40));
        Got got = rig.PassOne(frame, new WireFrame(1500, LinkType.Raw, 3, new Timestamp(-5, 999_999_999)));
        Assert.Equal((1500, LinkType.Raw, 3, new Timestamp(-5, 999_999_999)), (got.Meta.WireLength, got.Meta.LinkType, got.Meta.Interface, got.Meta.Arrival!.Value));
        Assert.Null(rig.PassOne(frame).Meta.Arrival);
        Got empty = rig.PassOne([], new WireFrame(60));
        Assert.Equal((0, 60), (empty.Bytes.Length, empty.Meta.WireLength));
    }
}
