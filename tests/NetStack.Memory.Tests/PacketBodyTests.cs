namespace NetStack.Memory.Tests;

public sealed class PacketBodyTests
{
    private readonly FetchMeter _meter = new();

    /// <summary>Bodies against byte arrays: random appends, shares, trims and releases; at the end every pin is back.</summary>
    [Fact]
    public void Bodies_behave_as_byte_arrays_and_lose_no_pin()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            BufferPool[] pools = [BufferPool.Create(96, 40), BufferPool.Create(64, 40, RegionWriter.Owner)];
            List<(PacketBody Body, byte[] Bytes)> bodies = [];
            for (int step = 0; step < 60; step++)
            {
                Step(random, pools, bodies);
                foreach ((PacketBody body, byte[] bytes) in bodies) Assert.True(IsSame(body, bytes, random), $"seed {seed}, step {step}");
            }
            foreach ((PacketBody body, byte[] _) in bodies) body.Release();
            Assert.True(pools.All(p => p.Available == p.Count), $"seed {seed}: pins are missing");
        }
    }

    [Fact]
    public void A_body_of_which_others_released_what_was_not_theirs_gives_back_the_rest()
    {
        BufferPool pool = BufferPool.Create(64, 3);
        PacketBody body = default;
        BufferHandle[] buffers = new BufferHandle[3];
        for (int i = 0; i < buffers.Length; i++)
        {
            Assert.True(pool.TryRent(out buffers[i]));
            body.Append(new BodySlice(pool, buffers[i], 0, 10));
        }
        pool.Release(buffers[1]);
        PacketBody kept = body;
        Assert.False(body.TryRelease());
        Assert.Equal((3, true), (pool.Available, body.IsEmpty));
        Assert.False(kept.TryRelease()); // a copy of a handle that is dead
        Assert.True(body.TryRelease()); // nothing is there to release
    }

    private static void Step(Random random, BufferPool[] pools, List<(PacketBody Body, byte[] Bytes)> bodies)
    {
        int at = random.Next(bodies.Count);
        BufferPool pool = pools[random.Next(2)];
        switch (bodies.Count == 0 ? 0 : random.Next(6))
        {
            case 0 when pool.Available >= 6:
                byte[] bytes = Frames.RandomBytes(random, random.Next(0, 6 * 8));
                bodies.Add((Frames.Lay(pool, bytes, random, random.Next(8, 64)), bytes));
                break;
            case 1 when pool.Available >= 4:
                (PacketBody longer, byte[] before) = bodies[at];
                byte[] more = Frames.RandomBytes(random, random.Next(0, 4));
                PacketBody tail = Frames.Lay(pool, more, random);
                for (int i = 0; i < tail.SliceCount; i++)
                {
                    BodySlice slice = tail.Slice(i);
                    slice.Pool.Retain(slice.Buffer);
                    longer.Append(slice);
                }
                tail.Release();
                bodies[at] = (longer, [.. before, .. more]);
                break;
            case 2 when bodies.Count < 30:
                bodies.Add((bodies[at].Body.Share(), bodies[at].Bytes));
                break;
            case 3:
                (PacketBody front, byte[] all) = bodies[at];
                int dropped = random.Next(all.Length + 1);
                front.TrimStart(dropped);
                bodies[at] = (front, all[dropped..]);
                break;
            case 4:
                (PacketBody end, byte[] whole) = bodies[at];
                int kept = random.Next(whole.Length + 1);
                end.TrimTo(kept);
                bodies[at] = (end, whole[..kept]);
                break;
            case 5:
                bodies[at].Body.Release();
                bodies.RemoveAt(at);
                break;
            default:
                break;
        }
    }

    private bool IsSame(in PacketBody body, byte[] bytes, Random random)
    {
        if (body.Length != bytes.Length || body.IsEmpty != (bytes.Length == 0)) return false;
        int offset = random.Next(bytes.Length + 1);
        byte[] copy = new byte[bytes.Length - offset];
        body.CopyTo(offset, copy, _meter);
        byte[] summed = new byte[copy.Length];
        ChecksumAccumulator sum = default;
        body.CopyTo(offset, summed, ref sum, _meter);
        return bytes.AsSpan(offset).SequenceEqual(copy) && copy.AsSpan().SequenceEqual(summed) && sum.Finish() == ChecksumTests.Reference(copy);
    }

    [Fact]
    public void A_copy_from_body_to_body_reads_each_byte_once_whatever_the_cuts()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            Random random = new(seed);
            BufferPool ring = BufferPool.Create(128, 80);
            BufferPool own = BufferPool.Create(96, 120, RegionWriter.Owner);
            byte[] bytes = Frames.RandomBytes(random, random.Next(0, 400));
            byte[] before = Frames.RandomBytes(random, 500);
            PacketBody source = Frames.Lay(ring, bytes, random, 64);
            PacketBody target = Frames.Lay(own, before, random, 64);
            int offset = random.Next(bytes.Length + 1);
            int at = random.Next(500 - (bytes.Length - offset) + 1);
            ScramblingDevice device = new(ring.Region);
            FetchMeter meter = new();
            source.CopyTo(offset, target, at, meter);

            byte[] expected = [.. before[..at], .. bytes[offset..], .. before[(at + bytes.Length - offset)..]];
            byte[] got = new byte[500];
            target.CopyTo(0, got, _meter);
            Assert.True(expected.AsSpan().SequenceEqual(got), $"seed {seed}");
            Assert.True(device.FetchesOf(source).Select((n, i) => n == (i < offset ? 0 : 1)).All(right => right), $"seed {seed}");
            Assert.Equal((bytes.Length - offset, bytes.Length - offset), ((int)meter.BodyBytesRead, (int)meter.BodyBytesCopied));
            source.Release();
            target.Release();
            Assert.Equal((80, 120), (ring.Available, own.Available));
        }
    }

    [Fact]
    public void A_body_is_not_copied_onto_itself_nor_into_buffers_that_others_hold_nor_into_too_little_room()
    {
        BufferPool pool = BufferPool.Create(64, 4);
        PacketBody source = Frames.LayInOne(pool, [1, 2, 3]);
        PacketBody target = Frames.LayInOne(pool, new byte[4]);
        PacketBody second = target.Share();
        Assert.Throws<ArgumentException>(() => source.CopyTo(0, source, 0, _meter));
        Assert.Throws<InvalidOperationException>(() => source.CopyTo(0, target, 0, _meter));
        second.Release();
        Assert.Throws<ArgumentException>(() => source.CopyTo(0, target, 2, _meter));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.CopyTo(0, target, 5, _meter));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.CopyTo(0, target, -1, _meter));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.CopyTo(-1, target, 0, _meter));
        source.CopyTo(0, target, 1, _meter);
        source.CopyTo(3, default(PacketBody), 0, _meter);
        byte[] copy = new byte[4];
        target.CopyTo(0, copy, _meter);
        Assert.Equal([0, 1, 2, 3], copy);
    }

    public static TheoryData<string> Uses =>
        ["length", "empty", "count", "slice", "append", "share", "trim start", "trim to", "release", "copy", "copy and sum", "copy to body", "snapshot"];

    /// <summary>The hard case: the buffer is still held by somebody else, so its generation cannot tell.</summary>
    [Theory, MemberData(nameof(Uses))]
    public void A_copy_of_the_value_is_stale_after_the_release_even_if_the_buffer_is_still_held(string use)
    {
        BufferPool pool = BufferPool.Create(64, 4);
        PacketBody body = Frames.LayInOne(pool, [1, 2, 3]);
        PacketBody other = body.Share();
        PacketBody copy = body;
        body.Release();
        Assert.True(body.IsEmpty);
        body.Release();
        PacketBody next = Frames.LayInOne(pool, [9]); // reuses the record
        Assert.Throws<InvalidOperationException>(() => Use(copy, use));
        Assert.Equal((3, 1), (other.Length, next.Length));
        Assert.Equal(1, pool.PinsOf(other.Slice(0).Buffer));
        other.Release();
        next.Release();
        Assert.Equal(4, pool.Available);
    }

    private void Use(PacketBody body, string use)
    {
        BufferPool pool = BufferPool.Create(64, 1);
        ChecksumAccumulator sum = default;
        switch (use)
        {
            case "length": _ = body.Length; break;
            case "empty": _ = body.IsEmpty; break;
            case "count": _ = body.SliceCount; break;
            case "slice": body.Slice(0); break;
            case "append": body.Append(Frames.LayInOne(pool, [1]).Slice(0)); break;
            case "share": body.Share(); break;
            case "trim start": body.TrimStart(0); break;
            case "trim to": body.TrimTo(0); break;
            case "release": body.Release(); break;
            case "copy": body.CopyTo(0, new byte[3], _meter); break;
            case "copy and sum": body.CopyTo(0, new byte[3], ref sum, _meter); break;
            case "copy to body": body.CopyTo(0, Frames.LayInOne(pool, new byte[3]), 0, _meter); break;
            case "snapshot": new HeaderSnapshot().Begin(body, _meter); break;
            default: throw new ArgumentOutOfRangeException(nameof(use));
        }
    }

    [Fact]
    public void What_is_trimmed_through_one_copy_of_the_value_is_trimmed_for_all()
    {
        BufferPool pool = BufferPool.Create(64, 4);
        PacketBody body = Frames.LayInOne(pool, [1, 2, 3, 4]);
        PacketBody copy = body;
        copy.TrimStart(1);
        copy.TrimTo(2);
        byte[] bytes = new byte[2];
        body.CopyTo(0, bytes, _meter);
        Assert.Equal([2, 3], bytes);
    }

    [Fact]
    public void Trimming_releases_the_buffers_it_passes()
    {
        BufferPool pool = BufferPool.Create(64, 4);
        PacketBody body = default;
        for (int i = 0; i < 4; i++) body.Append(Frames.LayInOne(pool, new byte[10]).Slice(0));
        Assert.Equal((40, 4, 0), (body.Length, body.SliceCount, pool.Available));
        body.TrimStart(10);
        Assert.Equal((30, 3, 1), (body.Length, body.SliceCount, pool.Available));
        body.TrimTo(11);
        Assert.Equal((11, 2, 2), (body.Length, body.SliceCount, pool.Available));
        body.TrimTo(10);
        Assert.Equal((10, 1, 3), (body.Length, body.SliceCount, pool.Available));
        body.TrimStart(10);
        Assert.Equal((0, 0, 4), (body.Length, body.SliceCount, pool.Available));
        Assert.True(body.IsEmpty);
    }

    [Fact]
    public void A_slice_without_bytes_holds_its_buffer_too()
    {
        BufferPool pool = BufferPool.Create(64, 2);
        PacketBody body = Frames.LayInOne(pool, []);
        Assert.Equal((0, 1, false), (body.Length, body.SliceCount, body.IsEmpty));
        Assert.Equal(1, pool.Available);
        body.Append(Frames.LayInOne(pool, [1]).Slice(0));
        byte[] copy = new byte[1];
        body.CopyTo(0, copy, _meter);
        Assert.Equal(1, copy[0]);
        body.Release();
        Assert.Equal(2, pool.Available);
    }

    [Fact]
    public void A_buffer_released_behind_the_bodys_back_is_found_out_and_the_other_pins_go_back()
    {
        BufferPool pool = BufferPool.Create(64, 3);
        PacketBody body = default;
        for (int i = 0; i < 3; i++) body.Append(Frames.LayInOne(pool, new byte[10]).Slice(0));
        pool.Release(body.Slice(1).Buffer);
        Assert.Throws<InvalidOperationException>(() => { body.Share(); });
        Assert.Equal(1, pool.PinsOf(body.Slice(0).Buffer));
        Assert.Throws<InvalidOperationException>(() => body.CopyTo(0, new byte[30], _meter));
        Assert.Throws<InvalidOperationException>(() => body.Release());
        Assert.Equal(3, pool.Available);
    }

    [Theory, InlineData(-1), InlineData(11), InlineData(int.MaxValue), InlineData(int.MinValue)]
    public void Offsets_outside_the_body_are_refused(int offset)
    {
        BufferPool pool = BufferPool.Create(64, 1);
        PacketBody body = Frames.LayInOne(pool, new byte[10], offset: 20);
        ChecksumAccumulator sum = default;
        Assert.Throws<ArgumentOutOfRangeException>(() => body.CopyTo(offset, new byte[100], _meter));
        Assert.Throws<ArgumentOutOfRangeException>(() => body.CopyTo(offset, new byte[100], ref sum, _meter));
        Assert.Throws<ArgumentOutOfRangeException>(() => body.TrimStart(offset));
        Assert.Throws<ArgumentOutOfRangeException>(() => body.TrimTo(offset));
        Assert.Throws<ArgumentOutOfRangeException>(() => { body.Slice(offset); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { default(PacketBody).Slice(offset); });
        Assert.Equal(10, body.Length);
        Assert.Equal(0, _meter.BodyBytesRead);
    }

    [Fact]
    public void Too_short_a_destination_is_refused_before_anything_is_read()
    {
        BufferPool pool = BufferPool.Create(64, 4);
        PacketBody body = Frames.Lay(pool, new byte[100], new Random(1), 64);
        ChecksumAccumulator sum = default;
        Assert.Throws<ArgumentException>(() => body.CopyTo(0, new byte[99], _meter));
        Assert.Throws<ArgumentException>(() => body.CopyTo(0, new byte[99], ref sum, _meter));
        Assert.Equal((0, 0), (_meter.BodyBytesRead, _meter.BodyBytesCopied));
        body.CopyTo(1, new byte[99], _meter);
        Assert.Equal((99, 99), (_meter.BodyBytesRead, _meter.BodyBytesCopied));
    }

    [Fact]
    public void An_empty_body_is_harmless()
    {
        PacketBody body = default;
        body.Release();
        body.TrimStart(0);
        body.TrimTo(0);
        body.CopyTo(0, [], _meter);
        Assert.Equal((0, 0, true), (body.Length, body.SliceCount, body.IsEmpty));
        Assert.True(body.Share().IsEmpty);
        Assert.Throws<ArgumentException>(() => new PacketBody(default));
    }
}
