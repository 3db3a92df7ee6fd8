namespace NetStack.Memory.Tests;

public sealed class HeaderSnapshotTests
{
    private readonly FetchMeter _meter = new();

    /// <summary>The device overwrites every byte right after it was fetched: whatever is read twice comes out wrong.</summary>
    [Fact]
    public void Any_sequence_of_requests_over_any_chain_gives_the_original_and_fetches_each_byte_once()
    {
        for (int seed = 0; seed < 1_500; seed++)
        {
            Random random = new(seed);
            BufferPool pool = BufferPool.Create(random.Next(64, 300), 300);
            byte[] bytes = Frames.RandomBytes(random, random.Next(0, 300));
            PacketBody frame = Frames.Lay(pool, bytes, random, random.Next(1, 300));
            ScramblingDevice device = new(pool.Region);
            FetchMeter meter = new();
            HeaderSnapshot snapshot = new();
            snapshot.Begin(frame, meter);
            Assert.Equal(bytes.Length, snapshot.FrameLength);
            for (int i = random.Next(6); i > 0; i--) Request(snapshot, bytes, random, seed);

            int watermark = snapshot.Watermark;
            Assert.True(device.FetchesOf(frame).Select((n, at) => n == (at < watermark ? 1 : 0)).All(right => right), $"seed {seed}");
            Assert.True(device.BytesFetched == watermark && meter.HeaderBytesFetched == watermark, $"seed {seed}");
            CheckWholeCopy(snapshot, bytes, device, meter, random, seed);
            frame.Release();
            Assert.Equal(pool.Count, pool.Available);
        }
    }

    private static void Request(HeaderSnapshot snapshot, byte[] bytes, Random random, int seed)
    {
        int before = snapshot.Watermark;
        int count = random.Next(8) switch
        {
            0 => -random.Next(),
            1 => int.MinValue,
            2 => int.MaxValue,
            3 => bytes.Length,
            _ => random.Next(0, 320),
        };
        ReadOnlySpan<byte> got = snapshot.Require(count);
        bool enough = got.Length >= Math.Min(count, bytes.Length);
        bool noMore = got.Length <= Math.Max(before, Math.Min(bytes.Length, (Math.Max(count, 0) + 63L) / 64 * 64));
        bool wholeLines = got.Length % 64 == 0 || got.Length == bytes.Length;
        Assert.True(enough && noMore && wholeLines && got.Length >= before && got.Length == snapshot.Watermark, $"seed {seed}: {count} from {before} gave {got.Length}");
        Assert.True(got.SequenceEqual(bytes.AsSpan(0, got.Length)) && got == snapshot.Bytes, $"seed {seed}");
    }

    private static void CheckWholeCopy(HeaderSnapshot snapshot, byte[] bytes, ScramblingDevice device, FetchMeter meter, Random random, int seed)
    {
        int watermark = snapshot.Watermark;
        byte[] copy = new byte[bytes.Length + 3];
        BufferPool own = BufferPool.Create(64, 300, RegionWriter.Owner);
        PacketBody target = Frames.Lay(own, new byte[bytes.Length], random, 64);
        if (random.Next(2) == 0)
        {
            snapshot.CopyFrameTo(copy);
        }
        else
        {
            snapshot.CopyFrameTo(target);
            target.CopyTo(0, copy, new FetchMeter());
        }
        Assert.True(copy.AsSpan(0, bytes.Length).SequenceEqual(bytes), $"seed {seed}");
        Assert.True(device.BytesFetched == bytes.Length && (bytes.Length == 0 || device.MostFetches == 1), $"seed {seed}");
        Assert.Equal((bytes.Length - watermark, bytes.Length), ((int)meter.BodyBytesRead, (int)meter.BodyBytesCopied));
    }

    [Fact]
    public void After_a_copy_later_lines_come_from_the_copy()
    {
        BufferPool ring = BufferPool.Create(256, 1);
        BufferPool own = BufferPool.Create(256, 1, RegionWriter.Owner);
        byte[] bytes = Frames.RandomBytes(new Random(1), 200);
        PacketBody frame = Frames.LayInOne(ring, bytes);
        PacketBody copy = Frames.LayInOne(own, new byte[200]);
        ScramblingDevice device = new(ring.Region);
        HeaderSnapshot snapshot = new();
        snapshot.Begin(frame, _meter);
        snapshot.Require(20);
        snapshot.CopyFrameTo(copy);
        snapshot.Rebind(copy, _meter);
        frame.Release();
        Assert.Equal(bytes, snapshot.Require(200).ToArray());
        Assert.Equal(1, device.MostFetches);
        Assert.Throws<ArgumentException>(() => snapshot.Rebind(Frames.LayInOne(ring, new byte[199]), _meter));
    }

    [Fact]
    public void A_second_owner_takes_over_what_was_fetched_without_touching_the_frame()
    {
        BufferPool pool = BufferPool.Create(512, 2);
        byte[] bytes = Frames.RandomBytes(new Random(1), 500);
        PacketBody frame = Frames.LayInOne(pool, bytes);
        ScramblingDevice device = new(pool.Region);
        HeaderSnapshot first = new();
        first.Begin(frame, _meter);
        first.Require(300);
        HeaderSnapshot second = new();
        second.Begin(Frames.LayInOne(pool, new byte[64]), _meter);
        second.BeginFrom(first, frame, _meter);
        Assert.Equal(320, device.BytesFetched);
        Assert.Equal(bytes[..320], second.Bytes.ToArray());
        Assert.Equal(bytes, second.Require(500).ToArray());
        Assert.Equal(1, device.MostFetches);
        first.BeginFrom(first, frame, _meter);
        Assert.Equal(320, first.Watermark);

        Assert.Throws<ArgumentException>(() => second.BeginFrom(first, default, _meter));
        Assert.Equal(500, second.Watermark);
    }

    [Fact]
    public void A_released_frame_gives_no_more_bytes_and_keeps_those_that_were_fetched()
    {
        BufferPool pool = BufferPool.Create(256, 1);
        PacketBody frame = Frames.LayInOne(pool, new byte[200]);
        HeaderSnapshot snapshot = new();
        snapshot.Begin(frame, _meter);
        snapshot.Require(64);
        frame.Release();
        Frames.LayInOne(pool, Frames.RandomBytes(new Random(1), 200));
        Assert.Equal(new byte[64], snapshot.Require(64).ToArray());
        Assert.Throws<InvalidOperationException>(() => { snapshot.Require(65); });
        Assert.Throws<InvalidOperationException>(() => snapshot.CopyFrameTo(new byte[200]));
        Assert.Throws<InvalidOperationException>(() => snapshot.CopyFrameTo(Frames.LayInOne(BufferPool.Create(256, 1), new byte[200])));
        Assert.Equal(new byte[64], snapshot.Bytes.ToArray());
    }

    [Fact]
    public void A_frame_trimmed_meanwhile_still_gives_the_right_bytes_or_none()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            Random random = new(seed);
            BufferPool pool = BufferPool.Create(64, 300);
            byte[] bytes = Frames.RandomBytes(random, 256);
            PacketBody frame = Frames.Lay(pool, bytes, random, 64);
            int early = random.Next(3) * 10;
            frame.TrimStart(early);
            HeaderSnapshot snapshot = new();
            snapshot.Begin(frame, _meter);
            snapshot.Require(64);
            int front = random.Next(0, 100);
            int end = random.Next(early + front + 1, 257);
            frame.TrimTo(end - early);
            frame.TrimStart(front);
            byte[] whole = bytes[early..];
            if (front > 64)
            {
                Assert.Throws<InvalidOperationException>(() => { snapshot.Require(65); });
                continue;
            }
            int length = Math.Max(64, end - early);
            Assert.True(snapshot.Require(256).SequenceEqual(whole.AsSpan(0, length)), $"seed {seed}");
            if (length < snapshot.FrameLength) Assert.Throws<InvalidOperationException>(() => snapshot.CopyFrameTo(new byte[256]));
        }
    }

    [Fact]
    public void A_device_hook_that_throws_costs_no_second_fetch()
    {
        BufferPool pool = BufferPool.Create(64, 50);
        byte[] bytes = Frames.RandomBytes(new Random(1), 200);
        PacketBody frame = Frames.Lay(pool, bytes, new Random(2), 40);
        DeviceMemory device = new(pool.Region);
        int fetched = 0;
        device.OnFetched((offset, length) =>
        {
            fetched += length;
            device.Span(offset, length).Clear();
            throw new TimeoutException();
        });
        HeaderSnapshot snapshot = new();
        snapshot.Begin(frame, _meter);
        while (snapshot.Watermark < 200) Assert.Throws<TimeoutException>(() => { snapshot.Require(200); });
        Assert.Equal(bytes, snapshot.Require(200).ToArray());
        Assert.Equal((200, 200), (fetched, (int)_meter.HeaderBytesFetched));
    }

    [Fact]
    public void A_chain_of_headers_longer_than_any_array_to_hand_spills_and_is_still_right()
    {
        BufferPool pool = BufferPool.Create(2048, 400);
        byte[] bytes = Frames.RandomBytes(new Random(1), 100_000);
        PacketBody frame = Frames.Lay(pool, bytes, new Random(2), 2048);
        HeaderSnapshotPool snapshots = new();
        HeaderSnapshot snapshot = snapshots.Rent(frame, _meter);
        for (int i = 1; i <= 100_000; i = i * 3 / 2 + 1) Assert.True(snapshot.Require(i).SequenceEqual(bytes.AsSpan(0, snapshot.Watermark)));
        Assert.Equal(bytes, snapshot.Require(100_000).ToArray());
        snapshots.Return(snapshot);
        Assert.True(snapshots.Rent(frame, _meter).Require(10).SequenceEqual(bytes.AsSpan(0, 64)));
    }

    [Fact]
    public void Too_short_a_destination_is_refused_before_anything_is_read()
    {
        BufferPool pool = BufferPool.Create(256, 2);
        PacketBody frame = Frames.LayInOne(pool, new byte[200]);
        HeaderSnapshot snapshot = new();
        snapshot.Begin(frame, _meter);
        snapshot.Require(1);
        Assert.Throws<ArgumentException>(() => snapshot.CopyFrameTo(new byte[199]));
        Assert.Throws<ArgumentException>(() => snapshot.CopyFrameTo(Frames.LayInOne(pool, new byte[199])));
        Assert.Equal((0, 0), (_meter.BodyBytesRead, _meter.BodyBytesCopied));
    }

    [Fact]
    public void A_snapshot_of_nothing_is_empty()
    {
        HeaderSnapshot snapshot = new();
        Assert.True(snapshot.Require(100).IsEmpty);
        snapshot.CopyFrameTo([]);
        snapshot.Begin(default, _meter);
        Assert.True(snapshot.Require(int.MaxValue).IsEmpty);
        snapshot.CopyFrameTo([]);
        Assert.Equal((0, 0, 0L), (snapshot.FrameLength, snapshot.Watermark, _meter.HeaderFetches));
    }
}
