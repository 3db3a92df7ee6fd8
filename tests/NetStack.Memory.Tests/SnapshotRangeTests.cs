namespace NetStack.Memory.Tests;

/// <summary>Ranges of a frame, some of it fetched already: what a transport copies or sums behind the headers.</summary>
public sealed class SnapshotRangeTests
{
    [Fact]
    public void A_range_is_copied_and_summed_right_with_each_byte_read_once_wherever_the_watermark_stands()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            BufferPool pool = BufferPool.Create(random.Next(64, 300), 400);
            byte[] bytes = Frames.RandomBytes(random, random.Next(1, 400));
            PacketBody frame = Frames.Lay(pool, bytes, random, random.Next(1, 300));
            ScramblingDevice device = new(pool.Region);
            FetchMeter meter = new();
            HeaderSnapshot snapshot = new();
            snapshot.Begin(frame, meter);
            snapshot.Require(random.Next(0, 200));
            int watermark = snapshot.Watermark;
            int start = random.Next(0, bytes.Length + 1);
            int length = random.Next(0, bytes.Length - start + 1);

            ChecksumAccumulator sum = default;
            int behind = Math.Max(0, start + length - Math.Max(start, watermark));
            if (random.Next(2) == 0)
            {
                byte[] copy = new byte[length];
                snapshot.CopyTo(start, copy, ref sum);
                Assert.True(copy.AsSpan().SequenceEqual(bytes.AsSpan(start, length)), $"seed {seed}");
                Assert.True(meter.BodyBytesCopied == length, $"seed {seed}");
            }
            else
            {
                snapshot.SumTo(start, length, ref sum);
                Assert.True(meter.BodyBytesCopied == 0, $"seed {seed}");
            }
            ChecksumAccumulator expected = default;
            expected.Add(bytes.AsSpan(start, length));
            Assert.True(expected.Sum == sum.Sum, $"seed {seed}");
            Assert.True(meter.BodyBytesRead == behind && snapshot.Watermark == watermark, $"seed {seed}");
            int[] fetches = device.FetchesOf(frame);
            for (int i = 0; i < bytes.Length; i++)
            {
                int wanted = i < watermark || (i >= start && i < start + length) ? 1 : 0;
                Assert.True(fetches[i] == wanted, $"seed {seed}: byte {i} was read {fetches[i]} times");
            }
            frame.Release();
        }
    }

    [Theory, InlineData(-1, 1), InlineData(0, 101), InlineData(100, 1), InlineData(101, 0), InlineData(50, -1), InlineData(1, int.MaxValue)]
    public void A_range_outside_the_frame_is_refused(int start, int length)
    {
        BufferPool pool = BufferPool.Create(128, 1);
        HeaderSnapshot snapshot = new();
        snapshot.Begin(Frames.LayInOne(pool, new byte[100]), new FetchMeter());
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            ChecksumAccumulator sum = default;
            snapshot.SumTo(start, length, ref sum);
        });
    }

    [Fact]
    public void A_part_of_a_body_is_shared_with_the_pins_it_needs_and_no_others()
    {
        for (int seed = 0; seed < 1_000; seed++)
        {
            Random random = new(seed);
            BufferPool pool = BufferPool.Create(64, 40);
            byte[] bytes = Frames.RandomBytes(random, random.Next(1, 40));
            PacketBody body = Frames.Lay(pool, bytes, random, 8);
            int offset = random.Next(0, bytes.Length + 1);
            int length = random.Next(0, bytes.Length - offset + 1);
            PacketBody part = body.Share(offset, length);
            byte[] copy = new byte[length];
            part.CopyTo(0, copy, new FetchMeter());
            Assert.True(copy.AsSpan().SequenceEqual(bytes.AsSpan(offset, length)), $"seed {seed}");
            ChecksumAccumulator sum = default;
            part.SumTo(ref sum, new FetchMeter());
            Assert.True(sum.Finish() == InternetChecksum.Compute(copy), $"seed {seed}");
            int slices = part.SliceCount;
            body.Release();
            Assert.True(pool.Count - pool.Available == slices, $"seed {seed}");
            part.Release();
            Assert.Equal(pool.Count, pool.Available);
        }
    }

    [Fact]
    public void A_writer_gives_out_slices_that_never_change_and_stops_when_the_pool_is_empty()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            BufferPool pool = BufferPool.Create(64, 6, RegionWriter.Owner);
            BufferWriter writer = new(pool);
            List<byte> written = [];
            PacketBody body = default;
            while (true)
            {
                byte[] bytes = Frames.RandomBytes(random, random.Next(1, 100));
                int count = writer.Write(bytes, out BodySlice slice);
                if (count == 0) break;
                Assert.True(count <= bytes.Length && slice.Length == count, $"seed {seed}");
                written.AddRange(bytes[..count]);
                body.Append(slice);
            }
            Assert.True(written.Count == 6 * 64 && body.Length == written.Count, $"seed {seed}: {written.Count}");
            byte[] copy = new byte[body.Length];
            body.CopyTo(0, copy, new FetchMeter());
            Assert.Equal(written, copy);
            body.Release();
            Assert.Equal(6, pool.Available);
            writer.Write([1], out BodySlice last);
            pool.Release(last.Buffer);
            Assert.Equal(5, pool.Available); // the writer still fills it
            writer.Release();
            writer.Release();
            Assert.Equal(6, pool.Available);
        }
    }
}
