using NetStack.Memory;

namespace NetStack.Nic.Linux.Tests;

/// <summary>Frames both ways: what the kernel answers to an echo request is the data that was sent.</summary>
public sealed class FrameTests
{
    private const int HeaderBytes = 42; // Ethernet, IPv4, ICMP

    [Theory]
    [InlineData(2048, false, 1), InlineData(2048, false, 2), InlineData(1514, false, 3), InlineData(256, false, 4), InlineData(64, false, 5)]
    [InlineData(2048, true, 6), InlineData(70_000, true, 7), InlineData(256, true, 8)]
    public void Data_of_any_length_comes_back_unchanged(int bufferSize, bool offload, int seed)
    {
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        using Lab lab = new(buffers: 400, bufferSize, new TapOptions { Offload = offload });
        SeededRandom random = new((ulong)seed);
        for (int round = 0; round < 200; round++)
        {
            byte[] data = new byte[round == 0 ? 1472 : random.Below(1473)];
            random.Fill(data);
            TransmitFrame request = lab.Echo(round, data, 20 + random.Below(bufferSize - 19));
            Assert.Equal(1, lab.Queue.Transmit([request]));
            lab.Fill(100 - lab.Posted);
            byte[] reply = Assert.Single(lab.TakeUntil(1));
            Assert.True(data.AsSpan().SequenceEqual(reply.AsSpan(HeaderBytes, data.Length)), $"seed {seed}, round {round}, {data.Length} bytes");
        }
        QueueCounters counters = lab.Queue.Counters;
        Assert.Equal(200, counters.FramesSent);
        Assert.Equal(200, counters.FramesReceived);
        Assert.Equal(counters.BytesSent, counters.BytesReceived);
        Assert.Equal(bufferSize < 1514, counters.FramesChained > 0);
        Assert.Equal(0, counters.ReceiveDrops.Total + counters.TransmitDrops.Total);
        lab.AssertAllHome();
    }

    [Theory, InlineData(1), InlineData(7), InlineData(64)]
    public void Batches_of_any_size_keep_their_order(int batch)
    {
        using Lab lab = new(buffers: 256);
        lab.Fill(128);
        TransmitFrame[] frames = [.. Enumerable.Range(0, 100).Select(i => lab.Echo(i, [(byte)i, 2, 3]))];
        Assert.Equal(100, lab.Queue.Transmit(frames));
        List<byte[]> replies = [];
        for (int i = 0; i < 1000 && replies.Count < 100; i++) replies.AddRange(lab.Take(batch));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => (byte)i), replies.Select(r => r[HeaderBytes]));
        Assert.Equal(100, lab.Queue.Counters.FramesReceived);
        lab.AssertAllHome();
    }

    [Fact]
    public void Frames_wait_in_the_kernel_until_there_is_a_buffer()
    {
        using Lab lab = new();
        for (int i = 0; i < 20; i++) lab.Queue.Transmit([lab.Echo(i, [(byte)i])]);
        Assert.Empty(lab.Take());
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(1, lab.Fill(1));
            Assert.Equal((byte)i, Assert.Single(lab.Take())[HeaderBytes]);
        }
        Assert.Equal(0, lab.Queue.Counters.ReceiveDrops.Total);
    }

    [Fact]
    public void No_more_is_posted_than_the_ring_holds_and_nothing_twice()
    {
        using Lab lab = new(buffers: 8, options: new TapOptions { RingSize = 5 });
        BufferHandle[] buffers = new BufferHandle[8];
        for (int i = 0; i < 8; i++) Assert.True(lab.Pool.TryRent(out buffers[i]));
        Assert.Throws<InvalidOperationException>(() => lab.Queue.Post(lab.Registration, [buffers[0], buffers[1], buffers[0]]));
        Assert.Equal(5, lab.Queue.PostRoom);
        Assert.Equal(5, lab.Queue.Post(lab.Registration, buffers));
        Assert.Equal(0, lab.Queue.PostRoom);
        Assert.Equal(0, lab.Queue.Post(lab.Registration, buffers.AsSpan(5)));
        for (int i = 5; i < 8; i++) lab.Pool.Release(buffers[i]);
        lab.AssertAllHome();
    }

    [Fact]
    public async Task A_withdrawn_registration_gets_its_buffers_back_and_the_others_keep_theirs()
    {
        using Lab lab = new();
        BufferPool other = BufferPool.Create(2048, 8);
        BufferRegistration second = lab.Nic.Register(other, 0, BufferUse.Receive);
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(1, lab.Fill(1));
            Assert.True(other.TryRent(out BufferHandle buffer));
            Assert.Equal(1, lab.Queue.Post(second, [buffer]));
        }
        await second.UnregisterAsync();
        await second.UnregisterAsync();
        Assert.Equal(8, other.Available);
        Assert.Equal(0, other.Region.Registrations);
        for (int i = 0; i < 8; i++) lab.Queue.Transmit([lab.Echo(i, [(byte)i])]);
        Assert.Equal(Enumerable.Range(0, 8).Select(i => (byte)i), lab.TakeUntil(8).Select(r => r[HeaderBytes]));
        lab.AssertAllHome();
    }

    [Fact]
    public void A_frame_longer_than_the_mtu_said_is_dropped_and_counted_never_cut()
    {
        using Lab lab = new();
        lab.Fill(16);
        lab.In($"ip link set {lab.Name} mtu 9000");
        lab.In($"ping -c 1 -W 1 -s 4000 {Lab.OurAddress}", mayFail: true);
        lab.Queue.Transmit([lab.Echo(1, [9])]);
        Assert.Equal(9, Assert.Single(lab.TakeUntil(1))[HeaderBytes]);
        Assert.Equal(1, lab.Queue.Counters.ReceiveDrops[DropReason.TooLong]);
        Assert.Equal(1, lab.Queue.Counters.ReceiveDrops.Total);
        lab.AssertAllHome();
    }

    [Fact]
    public void A_frame_for_which_too_few_buffers_are_posted_is_dropped_and_counted()
    {
        using Lab lab = new(bufferSize: 256);
        lab.Fill(2);
        lab.Queue.Transmit([lab.Echo(1, new byte[1000]), lab.Echo(2, [7])]);
        Assert.Equal(7, Assert.Single(lab.TakeUntil(1))[HeaderBytes]);
        Assert.Equal(1, lab.Queue.Counters.ReceiveDrops[DropReason.NoBuffer]);
        lab.AssertAllHome();
    }

    [Fact]
    public void A_frame_that_can_never_be_sent_is_accepted_counted_and_released()
    {
        using Lab lab = new();
        TransmitFrame tooShort = default;
        tooShort.Headers.Append(13);
        TransmitFrame tooLong = lab.Echo(1, new byte[1500]);
        lab.Append(ref tooLong, new byte[100], 100);
        TransmitFrame sum = lab.Echo(2, [1]);
        sum.Offload = new TransmitOffload(34, 2, 0, 0);
        TransmitFrame cut = lab.Echo(3, [1]);
        cut.Offload = new TransmitOffload(0, 0, 500, 42);
        BufferPool foreign = BufferPool.Create(2048, 1);
        Assert.True(foreign.TryRent(out BufferHandle buffer));
        TransmitFrame elsewhere = lab.Echo(4, []);
        elsewhere.Body = new PacketBody(new BodySlice(foreign, buffer, 0, 10));
        Assert.Equal(6, lab.Queue.Transmit([tooShort, tooLong, sum, cut, elsewhere, lab.Echo(5, [5])]));
        DropCounters drops = lab.Queue.Counters.TransmitDrops;
        Assert.Equal(1, drops[DropReason.TooShort]);
        Assert.Equal(1, drops[DropReason.TooLong]);
        Assert.Equal(2, drops[DropReason.Unsupported]);
        Assert.Equal(1, drops[DropReason.IommuFault]);
        Assert.Equal(5, drops.Total);
        Assert.Equal(1, lab.Queue.Counters.FramesSent);
        Assert.Equal(1, foreign.Available);
        lab.Fill(4);
        Assert.Equal(5, Assert.Single(lab.TakeUntil(1))[HeaderBytes]);
        lab.AssertAllHome();
    }

    [Fact]
    public void Frames_that_are_held_outlive_the_nic()
    {
        using Lab lab = new();
        lab.Fill(4);
        lab.Queue.Transmit([lab.Echo(1, [4, 5, 6])]);
        ReceivedFrame[] frames = new ReceivedFrame[4];
        int count = 0;
        for (int i = 0; i < 1000 && count == 0; i++) count = lab.Queue.Receive(frames);
        Assert.Equal(1, count);
        lab.Nic.Dispose();
        byte[] bytes = new byte[frames[0].Length];
        frames[0].Headers.CopyFrameTo(bytes);
        Assert.Equal([4, 5, 6], bytes[HeaderBytes..(HeaderBytes + 3)]);
        frames[0].Release();
        Assert.Equal(lab.Pool.Count, lab.Pool.Available);
        Assert.Equal(0, lab.Queue.Receive(frames));
        Assert.Equal(1, lab.Queue.Transmit([lab.Echo(2, [1])]));
        Assert.Equal(1, lab.Queue.Counters.TransmitDrops[DropReason.LinkDown]);
        Assert.Equal(lab.Pool.Count, lab.Pool.Available);
        lab.Nic.Poll(lab.Time);
        Assert.False(lab.Nic.IsLinkUp);
    }

    [Theory, InlineData(11), InlineData(12)]
    public void Any_order_of_posting_sending_and_receiving_loses_nothing(int seed)
    {
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        using Lab lab = new(buffers: 200, bufferSize: 700, options: new TapOptions { RingSize = 60 });
        SeededRandom random = new((ulong)seed);
        int sent = 0;
        int received = 0;
        for (int step = 0; step < 2000; step++)
        {
            switch (random.Below(3))
            {
                case 0:
                    lab.Fill(3 + random.Below(20));
                    break;
                case 1 when sent - received < 100 && lab.Pool.Available > 3:
                    sent += lab.Queue.Transmit([lab.Echo(sent, new byte[random.Below(1473)], 700)]);
                    break;
                default:
                    if (lab.Nic.Queues[0].PostRoom <= 57) received += lab.Take(1 + random.Below(8)).Count;
                    break;
            }
        }
        received += lab.TakeUntil(sent - received, () => lab.Fill(60)).Count;
        long dropped = lab.Queue.Counters.ReceiveDrops[DropReason.NoBuffer];
        Assert.True(sent > 200 && received + dropped == sent, $"seed {seed}: {received} and {dropped} of {sent}");
        lab.AssertAllHome();
    }
}
