using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class CaptureNicTests
{
    [Theory, InlineData(1), InlineData(7), InlineData(64)]
    public void Frames_are_those_of_the_reader_in_order_and_no_body_is_read(int batch)
    {
        byte[] file = StreamTests.Sample(true, 2000, longest: 1500);
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(file)));
        Assert.Equal(ReadWhole(file).Select(WithoutOptions), Drain(nic, batch, frame =>
        {
            if (frame.Length > 0) Assert.Equal(Math.Min(64, frame.Length), frame.Headers.Require(1).Length);
        }));
        Assert.Equal(0, nic.Meter.BodyBytesRead);
        Assert.Equal(0, nic.Meter.BodyBytesCopied);
        Assert.Equal(ReadWhole(file).Sum(p => Math.Min(64, p.Bytes.Length / 2)), nic.Meter.HeaderBytesFetched);
        Assert.Equal((2000L, ReadWhole(file).Sum(p => p.Bytes.Length / 2L)), (nic.Queues[0].Counters.FramesReceived, nic.Queues[0].Counters.BytesReceived));
        Assert.True(nic.Queues[0].Counters.FramesChained > 0);
        Assert.Equal((false, null, 0, null), (nic.IsLinkUp, nic.NextDeadline, nic.SnapshotsOutstanding, nic.Damage));
    }

    [Fact]
    public void Frames_carry_what_the_file_tells_of_them()
    {
        PcapNgBuilder file = new(true);
        file.Section().Interface(113).Interface(1, 0, file.Option(9, 9)).Enhanced(1, 5_000_000_007, Data(60), 1500, file.Option(1, "c")).Simple(40, Data(40)).Enhanced(0, 1, Data(50), wire: 20);
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(file.Bytes)));
        Assert.Equal((LinkType.Ethernet, NicCapabilities.ReceiveOnly, "capture"), (nic.Info.LinkType, nic.Info.Capabilities, nic.Info.Name));
        ReceivedFrame[] frames = new ReceivedFrame[10];
        Assert.Equal(3, nic.Queues[0].Receive(frames));
        Assert.Equal((1500, At(5, 7), LinkType.Ethernet, 1), (frames[0].WireLength, frames[0].Arrival, frames[0].LinkType, frames[0].Interface));
        Assert.Equal((40, null, LinkType.LinuxSll, 0), (frames[1].WireLength, frames[1].Arrival, frames[1].LinkType, frames[1].Interface));
        Assert.Equal(50, frames[2].WireLength); // the file says less than it has
        Assert.All(frames[..3], f => Assert.Equal((1, 0, -1), (f.SegmentCount, f.SegmentSize, f.StrippedVlan)));
        for (int i = 0; i < 3; i++) frames[i].Release();
    }

    [Fact]
    public void Held_frames_keep_their_bytes_and_the_file_waits_when_they_are_too_many()
    {
        byte[] file = StreamTests.Sample(true, 4000, longest: 1500);
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(file)), new CaptureNicOptions { HeldBlocks = 2 });
        List<PacketData> expected = [.. ReadWhole(file).Select(WithoutOptions)];
        Queue<ReceivedFrame> held = new();
        List<PacketData> got = [];
        ReceivedFrame[] frames = new ReceivedFrame[32];
        int waits = 0, wakes = 0;
        nic.OnWake(() => wakes++);
        while (nic.IsLinkUp || held.Count > 0)
        {
            int count = nic.Queues[0].Receive(frames);
            for (int i = 0; i < count; i++) held.Enqueue(frames[i]);
            if (count > 0) continue;
            if (nic.IsLinkUp)
            {
                waits++;
                Assert.True(nic.IsBlocked);
                Assert.Null(nic.NextDeadline);
                Assert.True(nic.TryArm());
                nic.Poll(Instant.FromSeconds(waits));
                Assert.Equal(waits - 1, wakes);
            }
            while (held.TryDequeue(out ReceivedFrame frame))
            {
                got.Add(PacketData.From(frame));
                frame.Release();
            }
            Assert.Equal(0, nic.HeldBlocks);
            nic.Poll(Instant.FromSeconds(waits));
            Assert.Equal(waits, wakes);
        }
        Assert.Equal(expected, got);
        Assert.True(waits >= 2, $"the file waited {waits} times");
        Assert.True(nic.Queues[0].Counters.ReceiveDrops.Total == 0);
    }

    [Fact]
    public void The_loop_of_a_nic_sleeps_only_when_there_is_nothing()
    {
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(StreamTests.Sample(false, 3))));
        nic.OnWake(() => Assert.Fail("nothing ever comes to a file"));
        nic.Poll(Instant.FromSeconds(4));
        Assert.Equal(Instant.FromSeconds(4), nic.NextDeadline);
        Assert.False(nic.TryArm());
        Assert.Equal(3, Drain(nic, 2).Count);
        Assert.True(nic.TryArm());
        nic.Poll(Instant.FromSeconds(5));
        Assert.Null(nic.NextDeadline);
        Assert.False(nic.IsLinkUp);
        Assert.Equal(0, nic.Queues[0].Receive(new ReceivedFrame[4]));
    }

    [Fact]
    public void Damage_is_seen_after_the_frames_before_it()
    {
        byte[] file = StreamTests.Sample(true, 10);
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(file[..^5])));
        Assert.Equal(9, Drain(nic, 4).Count);
        Assert.Equal("truncated_file", nic.Damage!.Code);
        Assert.False(nic.IsLinkUp);
        using CaptureNic empty = new(CaptureReader.Open(new MemoryStream(Write(_ => { }))));
        Assert.Equal((false, LinkType.Ethernet), (empty.IsLinkUp, empty.Info.LinkType));
    }

    [Fact]
    public void Frames_outlive_the_nic_and_its_read_blocks_are_mapped_while_it_lives()
    {
        CaptureReader reader = CaptureReader.Open(new MemoryStream(StreamTests.Sample(true, 20)));
        CaptureNic nic = new(reader);
        BufferPool pool = reader.Pools[0];
        Assert.Equal(1, pool.Region.Registrations);
        ReceivedFrame[] frames = new ReceivedFrame[20];
        Assert.Equal(20, nic.Queues[0].Receive(frames));
        nic.Dispose();
        nic.Dispose();
        Assert.Equal((0, false), (pool.Region.Registrations, pool.Region.IsDisposed));
        Assert.Equal(Convert.ToHexString(Data(19, 19)), PacketData.From(frames[19]).Bytes);
        for (int i = 0; i < frames.Length; i++) frames[i].Release();
        Assert.Equal(pool.Count, pool.Available);
        Assert.Equal(0, nic.SnapshotsOutstanding);

        CaptureReader unread = CaptureReader.Open(new MemoryStream(StreamTests.Sample(true, 20)));
        pool = new CaptureNic(unread).TakePool(unread);
        Assert.True(pool.Region.IsDisposed);
    }

    [Fact]
    public void A_live_pipe_gives_what_came_without_waiting_for_a_full_batch()
    {
        TrickleStream pipe = new(StreamTests.Sample(true, 10), 100_000) { AtEnd = new InvalidOperationException("waited for more") };
        using CaptureNic nic = new(CaptureReader.Open(pipe));
        ReceivedFrame[] frames = new ReceivedFrame[64];
        Assert.Equal(10, nic.Queues[0].Receive(frames));
        for (int i = 0; i < 10; i++) frames[i].Release();
        Assert.Throws<InvalidOperationException>(() => nic.Queues[0].Receive(frames));
    }

    [Fact]
    public void Without_a_writer_frames_to_send_are_counted_and_released()
    {
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(StreamTests.Sample(true, 3))));
        BufferPool pool = BufferPool.Create(256, 1);
        Assert.Equal(1, nic.Queues[0].Transmit([Frame(pool, 100)]));
        Assert.Equal(1, nic.Queues[0].Counters.TransmitDrops[DropReason.ReceiveOnly]);
        Assert.Equal(1, pool.Available);
    }

    [Fact]
    public void With_a_writer_frames_to_send_are_written_even_after_the_end()
    {
        byte[] sent = Write(writer =>
        {
            using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(StreamTests.Sample(true, 3))), new CaptureNicOptions { Sent = writer, Name = "answers" });
            BufferPool pool = BufferPool.Create(256, 1);
            Assert.Equal(NicCapabilities.None, nic.Info.Capabilities);
            Drain(nic, 2);
            Assert.Equal(1, nic.Queues[0].Transmit([Frame(pool, 100)]));
            TransmitFrame asks = Frame(pool, 10);
            asks.Offload = new TransmitOffload(14, 6, 0, 0);
            Assert.Equal(2, nic.Queues[0].Transmit([asks, default]));
            Assert.Equal((1L, 114L), (nic.Queues[0].Counters.FramesSent, nic.Queues[0].Counters.BytesSent));
            Assert.Equal((1L, 1L), (nic.Queues[0].Counters.TransmitDrops[DropReason.Unsupported], nic.Queues[0].Counters.TransmitDrops[DropReason.TooShort]));
            Assert.Equal(1, pool.Available);
            Assert.Equal("answers", Assert.Single(writer.Interfaces).Name);
        });
        PacketData packet = Assert.Single(ReadWhole(sent));
        Assert.Equal((114, At(2, 2), PacketDirection.Outbound), (packet.WireLength, packet.Time, packet.Direction));
        Assert.Equal(Convert.ToHexString(Data(14)) + Convert.ToHexString(Data(100)), packet.Bytes);
    }

    [Fact]
    public void A_full_disk_under_the_writer_is_counted_here_and_told_there()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("there is no /dev/full");
        CaptureWriter writer = CaptureWriter.Create("/dev/full");
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(StreamTests.Sample(true, 3))), new CaptureNicOptions { Sent = writer });
        BufferPool pool = BufferPool.Create(256, 1);
        for (int i = 0; i < 4000; i++) Assert.Equal(1, nic.Queues[0].Transmit([Frame(pool, 200)]));
        Assert.True(nic.Queues[0].Counters.TransmitDrops[DropReason.DeviceError] > 0);
        Assert.Equal(1, pool.Available);
        Assert.Throws<IOException>(writer.Dispose);
    }

    [Fact]
    public async Task Registrations_are_taken_and_no_buffer_is_needed()
    {
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(StreamTests.Sample(true, 3))));
        BufferPool pool = BufferPool.Create(256, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => nic.Register(pool, 1, BufferUse.Receive));
        BufferRegistration registration = nic.Register(pool, 0, BufferUse.Receive);
        Assert.True(pool.TryRent(out BufferHandle buffer));
        Assert.Equal((0, 0), (nic.Queues[0].PostRoom, nic.Queues[0].Post(registration, [buffer])));
        await registration.UnregisterAsync();
        Assert.False(registration.IsActive);
        Assert.Throws<InvalidOperationException>(() => nic.Queues[0].Post(registration, [buffer]));
    }

    [Fact]
    public void A_multiplexer_over_a_capture_gives_a_promiscuous_port_every_frame_by_handle()
    {
        byte[] file = StreamTests.Sample(true, 1500, longest: 1500);
        using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(file)), new CaptureNicOptions { HeldBlocks = 1 });
        PacketMultiplexer multiplexer = new(nic, new MultiplexerOptions { RingBuffers = 4, RingReserve = 0 });
        MultiplexerPort port = multiplexer.Attach("all", o =>
        {
            o.Promiscuous = true;
            o.Copy = CopyStrategy.PassThrough;
        });
        List<PacketData> got = [];
        ReceivedFrame[] frames = new ReceivedFrame[64];
        while (nic.IsLinkUp)
        {
            multiplexer.Poll(Instant.Zero);
            int count;
            while ((count = port.Queues[0].Receive(frames)) > 0)
            {
                for (int i = 0; i < count; i++)
                {
                    got.Add(PacketData.From(frames[i]));
                    frames[i].Release();
                }
            }
        }
        Assert.Equal(ReadWhole(file).Select(WithoutOptions), got);
        Assert.Equal(0, nic.Meter.BodyBytesRead);
    }

    [Fact]
    public void Every_shared_capture_gives_the_same_frames_as_records()
    {
        int files = 0;
        foreach (string path in SharedFiles())
        {
            byte[] file = File.ReadAllBytes(path);
            try
            {
                (List<PacketData> packets, CaptureDamage? damage) = Read(file);
                using CaptureNic nic = new(CaptureReader.Open(new MemoryStream(file)));
                Assert.True(packets.Select(WithoutOptions).Select(p => p with { WireLength = Math.Max(p.WireLength, p.Bytes.Length / 2) }).SequenceEqual(Drain(nic, 64)), path);
                Assert.Equal(damage, nic.Damage);
                files++;
            }
            catch (CaptureFormatException)
            {
            }
        }
        Assert.True(files > 300, $"only {files} captures were read");
    }

    private static PacketData WithoutOptions(PacketData packet) => packet with { Comment = null, Direction = PacketDirection.Unknown };

    private static List<PacketData> Drain(CaptureNic nic, int batch, Action<ReceivedFrame>? look = null)
    {
        List<PacketData> got = [];
        ReceivedFrame[] frames = new ReceivedFrame[batch];
        int count;
        while ((count = nic.Queues[0].Receive(frames)) > 0)
        {
            for (int i = 0; i < count; i++)
            {
                look?.Invoke(frames[i]);
                got.Add(PacketData.From(frames[i]));
                frames[i].Release();
            }
        }
        return got;
    }

    private static TransmitFrame Frame(BufferPool pool, int length)
    {
        Assert.True(pool.TryRent(out BufferHandle buffer));
        pool.Write(buffer, 0, Data(length));
        TransmitFrame frame = default;
        frame.Headers.Set(Data(14));
        frame.Body = new PacketBody(new BodySlice(pool, buffer, 0, length));
        return frame;
    }
}

internal static class NicExtensions
{
    /// <summary>The pool of a reader whose NIC is disposed of without having received anything.</summary>
    internal static BufferPool TakePool(this CaptureNic nic, CaptureReader reader)
    {
        BufferPool pool = reader.Pools[0];
        nic.Dispose();
        return pool;
    }
}
