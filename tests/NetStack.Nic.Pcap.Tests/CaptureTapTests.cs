using NetStack.Memory;
using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

public sealed class CaptureTapTests
{
    private const long Start = 1_000_000_000; // seconds since 1970

    [Theory, InlineData(1), InlineData(7), InlineData(64)]
    public void Every_received_frame_is_in_the_file_as_the_consumer_sees_it(int batch)
    {
        byte[] file = StreamTests.Sample(true, 1000, longest: 900);
        MemoryStream tapped = new();
        Clock clock = new();
        List<PacketData> got = [];
        using (CaptureTap tap = new(Nic(file), CaptureWriter.Create(tapped, leaveOpen: true), new CaptureTapOptions { TimeProvider = clock }))
        {
            Drain(tap, batch, frame => got.Add(PacketData.From(frame)), () => clock.Nanoseconds += 1001);
            Assert.Equal((1000L, 0L, null), (tap.FramesWritten, tap.FramesMissed, tap.Failure));
        }
        List<PacketData> packets = ReadWhole(tapped.ToArray());
        Assert.Equal(got.Select(p => (p.Bytes, p.WireLength, p.LinkType)), packets.Select(p => (p.Bytes, p.WireLength, p.LinkType)));
        Assert.All(packets, p => Assert.Equal(PacketDirection.Inbound, p.Direction));
        Assert.Equal(Enumerable.Range(0, 1000).Select(i => (Timestamp?)At(Start, i / batch * 1001)), packets.Select(p => p.Time));
    }

    [Fact]
    public void A_received_body_is_read_once_by_the_tap_and_headers_are_fetched_once_for_all()
    {
        byte[] file = StreamTests.Sample(true, 700, longest: 700);
        long[] lengths = [.. ReadWhole(file).Select(p => p.Bytes.Length / 2L)];
        using CaptureNic nic = Nic(file);
        CaptureWriter writer = CaptureWriter.Create(Stream.Null);
        using CaptureTap tap = new(nic, writer);
        Drain(tap, 32, frame => frame.Headers.Require(100));
        Assert.Equal(lengths.Sum(l => Math.Min(128, l)), nic.Meter.HeaderBytesFetched);
        Assert.Equal(lengths.Sum(l => Math.Max(0, l - 128)), writer.Meter.BodyBytesCopied);
        Assert.Same(nic.Meter, tap.Meter);
        Assert.Equal(0, nic.Meter.BodyBytesCopied);
    }

    [Fact]
    public void A_sent_frame_is_written_with_its_direction_and_only_what_the_nic_took()
    {
        BufferPool pool = BufferPool.Create(2048, 8, RegionWriter.Owner);
        MemoryStream tapped = new();
        Refusing refusing = new(Nic(StreamTests.Sample(true, 1), Stream.Null), most: 2);
        using (CaptureTap tap = new(refusing, CaptureWriter.Create(tapped, leaveOpen: true)))
        {
            TransmitFrame[] frames = [Frame(pool, 10), Frame(pool, 200), Frame(pool, 30)];
            Assert.Equal(2, tap.Queues[0].Transmit(frames));
            Assert.Equal(7, pool.Available); // the third is still the caller's
            Assert.Equal(1, tap.Queues[0].Transmit(frames.AsSpan(2)));
            Assert.Equal((8, 3L), (pool.Available, tap.FramesWritten));
            Assert.Same(refusing.Queues[0].Counters, tap.Queues[0].Counters);
        }
        List<PacketData> packets = ReadWhole(tapped.ToArray());
        Assert.Equal(new[] { 10, 200, 30 }.Select(l => Convert.ToHexString(Data(14)) + Convert.ToHexString(Data(l))), packets.Select(p => p.Bytes));
        Assert.All(packets, p => Assert.Equal(PacketDirection.Outbound, p.Direction));
    }

    [Theory, InlineData(1), InlineData(14), InlineData(100), InlineData(128), InlineData(600)]
    public void Frames_are_cut_to_the_snap_length_and_tell_their_whole_one(int snap)
    {
        byte[] file = StreamTests.Sample(true, 1000, longest: 900);
        BufferPool pool = BufferPool.Create(2048, 1, RegionWriter.Owner);
        MemoryStream tapped = new();
        using (CaptureTap tap = new(Nic(file, Stream.Null), CaptureWriter.Create(tapped, leaveOpen: true), new CaptureTapOptions { SnapLength = snap }))
        {
            Drain(tap, 32);
            tap.Queues[0].Transmit([Frame(pool, 1000)]);
            Assert.Equal(1, pool.Available);
        }
        IEnumerable<(string, int)> whole = [.. ReadWhole(file).Select(p => (p.Bytes, p.WireLength)), (Convert.ToHexString(Data(14)) + Convert.ToHexString(Data(1000)), 1014)];
        Assert.Equal(whole.Select(p => (p.Item1[..Math.Min(p.Item1.Length, 2 * snap)], p.Item2)), ReadWhole(tapped.ToArray()).Select(p => (p.Bytes, p.WireLength)));
        using CaptureReader reader = CaptureReader.Open(new MemoryStream(tapped.ToArray()));
        while (reader.TryRead(out _)) continue;
        Assert.Equal(((uint)snap, "capture"), (reader.Interfaces[0].SnapLength, reader.Interfaces[0].Name));
    }

    [Fact]
    public void A_full_disk_stops_the_capture_and_never_the_nic()
    {
        byte[] file = StreamTests.Sample(true, 3000, longest: 900);
        Disk disk = new(300_000);
        List<Exception> told = [];
        int frames = 0;
        BufferPool pool = BufferPool.Create(2048, 1, RegionWriter.Owner);
        using (CaptureTap tap = new(Nic(file, Stream.Null), CaptureWriter.Create(disk, leaveOpen: true), new CaptureTapOptions { OnFailure = told.Add }))
        {
            Drain(tap, 32, _ => frames++);
            Assert.Equal(3000, frames);
            Assert.Same(tap.Failure, Assert.IsType<IOException>(Assert.Single(told)));
            Assert.Equal(3000, tap.FramesWritten + tap.FramesMissed);
            Assert.True(tap.FramesMissed > 1000);
            long missed = tap.FramesMissed;
            Assert.Equal(1, tap.Queues[0].Transmit([Frame(pool, 100)]));
            Assert.Equal((missed + 1, 1), (tap.FramesMissed, pool.Available));
            Assert.Equal(1, tap.Queues[0].Counters.FramesSent);
            tap.Flush();
            Assert.Equal(tap.Inner.NextDeadline, tap.NextDeadline);
        }
        Assert.Single(told);
        (List<PacketData> packets, CaptureDamage? damage) = Read(disk.ToArray());
        Assert.Null(damage); // it ends with a whole record
        Assert.NotEmpty(packets);
    }

    [Fact]
    public void A_file_that_cannot_take_the_last_frames_is_told_of_when_it_is_closed()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("there is no /dev/full");
        List<Exception> told = [];
        CaptureTap tap = new(Nic(StreamTests.Sample(true, 10)), "/dev/full", new CaptureTapOptions { OnFailure = told.Add });
        Drain(tap, 32);
        Assert.Empty(told);
        tap.Dispose();
        tap.Dispose();
        Assert.Same(tap.Failure, Assert.Single(told));
    }

    [Fact]
    public void Frames_are_written_out_when_the_interval_is_over_and_then_there_is_no_deadline_more()
    {
        MemoryStream tapped = new();
        using CaptureTap tap = new(Nic(StreamTests.Sample(true, 100)), CaptureWriter.Create(tapped, leaveOpen: true), new CaptureTapOptions { FlushInterval = TimeSpan.FromSeconds(3) });
        tap.Poll(Instant.Zero);
        Drain(tap, 32);
        Assert.Equal(0, tapped.Length);
        Instant now = tap.NextDeadline!.Value; // to be polled at once: there are frames to write
        tap.Poll(now);
        Assert.Equal(now + TimeSpan.FromSeconds(3), tap.NextDeadline);
        tap.Poll(now + TimeSpan.FromSeconds(3));
        Assert.Null(tap.NextDeadline);
        Assert.Equal(100, ReadWhole(tapped.ToArray()).Count);
    }

    [Fact]
    public void Disposing_closes_the_nic_and_the_file_but_not_a_writer_that_is_left_open()
    {
        MemoryStream tapped = new();
        CaptureWriter writer = CaptureWriter.Create(tapped, leaveOpen: true);
        CaptureTap tap = new(Nic(StreamTests.Sample(true, 10)), writer, leaveOpen: true);
        Drain(tap, 32);
        tap.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tap.Inner.Register(BufferPool.Create(2048, 1), 0, BufferUse.Receive));
        Assert.Equal(10, ReadWhole(tapped.ToArray()).Count);
        writer.Write(Data(4), 4, At(1));
        writer.Dispose();
        Assert.Equal(11, ReadWhole(tapped.ToArray()).Count);
    }

    [Fact]
    public void Frames_of_several_link_types_have_an_interface_each()
    {
        PcapNgBuilder file = new(true);
        file.Section().Interface(113).Interface(1).Enhanced(0, 1, Data(40)).Enhanced(1, 2, Data(50)).Enhanced(0, 3, Data(60));
        MemoryStream tapped = new();
        using (CaptureTap tap = new(Nic(file.Bytes), CaptureWriter.Create(tapped, leaveOpen: true))) Drain(tap, 32);
        Assert.Equal([LinkType.LinuxSll, LinkType.Ethernet, LinkType.LinuxSll], ReadWhole(tapped.ToArray()).Select(p => p.LinkType));
        Assert.Equal([0, 1, 0], ReadWhole(tapped.ToArray()).Select(p => p.Interface));
    }

    [Fact]
    public void Wrong_options_are_refused_before_the_file_is_touched()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "precious");
        using CaptureNic nic = Nic(StreamTests.Sample(true, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CaptureTap(nic, path, new CaptureTapOptions { SnapLength = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CaptureTap(nic, path, new CaptureTapOptions { FlushInterval = TimeSpan.Zero }));
        Assert.Equal("precious", File.ReadAllText(path));
        File.Delete(path);
    }

    private static CaptureNic Nic(byte[] file, Stream? sent = null) =>
        new(CaptureReader.Open(new MemoryStream(file)), new CaptureNicOptions { Sent = sent is null ? null : CaptureWriter.Create(sent) });

    private static void Drain(CaptureTap nic, int batch, Action<ReceivedFrame>? look = null, Action? between = null)
    {
        ReceivedFrame[] frames = new ReceivedFrame[batch];
        while (true)
        {
            int count = nic.Queues[0].Receive(frames);
            for (int i = 0; i < count; i++)
            {
                look?.Invoke(frames[i]);
                frames[i].Release();
            }
            if (count == 0) return;
            between?.Invoke();
        }
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

    /// <summary>A clock that stands still unless it is moved.</summary>
    private sealed class Clock : TimeProvider
    {
        internal long Nanoseconds { get; set; }

        public override long TimestampFrequency => 1_000_000_000;

        public override long GetTimestamp() => Nanoseconds;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeSeconds(Start).AddTicks(Nanoseconds / 100);
    }

    /// <summary>A stream with an end to its room.</summary>
    private sealed class Disk(int limit) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            int room = (int)Math.Min(count, limit - Position);
            base.Write(buffer, offset, room);
            if (room < count) throw new IOException("No space left on device");
        }

        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);
    }

    /// <summary>A NIC that takes no more than a few frames at a time; as a decorator it also shows that taps stack.</summary>
    private sealed class Refusing : INicDecorator
    {
        internal Refusing(INic inner, int most)
        {
            Inner = inner;
            Queues = [new Queue(inner.Queues[0], most)];
        }

        public INic Inner { get; }

        public NicInfo Info => Inner.Info;

        public bool IsLinkUp => Inner.IsLinkUp;

        public IReadOnlyList<INicQueue> Queues { get; }

        public IFlowSteering? Steering => null;

        public Instant? NextDeadline => Inner.NextDeadline;

        public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => Inner.Register(pool, queue, use);

        public void Poll(Instant now) => Inner.Poll(now);

        public void OnWake(Action? wake) => Inner.OnWake(wake);

        public bool TryArm() => Inner.TryArm();

        public void Dispose() => Inner.Dispose();

        private sealed class Queue(INicQueue inner, int most) : INicQueue
        {
            public int Index => 0;

            public int PostRoom => inner.PostRoom;

            public QueueCounters Counters => inner.Counters;

            public int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers) => inner.Post(registration, buffers);

            public int Receive(Span<ReceivedFrame> frames) => inner.Receive(frames);

            public int Transmit(ReadOnlySpan<TransmitFrame> frames) => inner.Transmit(frames[..Math.Min(most, frames.Length)]);
        }
    }
}
