namespace NetStack.Memory.Tests;

public sealed class BufferPoolTests
{
    [Fact]
    public void A_pool_behaves_as_a_set_of_counters()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            int count = random.Next(1, 9);
            BufferPool pool = BufferPool.Create(64, count);
            List<BufferHandle> stale = [];
            Dictionary<BufferHandle, int> pins = [];
            for (int step = 0; step < 200; step++)
            {
                if (pins.Count == 0 || random.Next(3) == 0)
                {
                    bool rented = pool.TryRent(out BufferHandle buffer);
                    Assert.True(rented == pins.Count < count, $"seed {seed}, step {step}");
                    if (rented) pins.Add(buffer, 1);
                    continue;
                }
                BufferHandle held = pins.Keys.ElementAt(random.Next(pins.Count));
                if (random.Next(2) == 0)
                {
                    pool.Retain(held);
                    pins[held]++;
                }
                else
                {
                    bool last = --pins[held] == 0;
                    Assert.True(pool.Release(held) == last, $"seed {seed}, step {step}");
                    if (last)
                    {
                        pins.Remove(held);
                        stale.Add(held);
                    }
                }
                Assert.True(Agrees(pool, pins, stale), $"seed {seed}, step {step}");
            }
        }
    }

    private static bool Agrees(BufferPool pool, Dictionary<BufferHandle, int> pins, List<BufferHandle> stale) =>
        pool.Available == pool.Count - pins.Count
        && pins.All(p => pool.IsLive(p.Key) && pool.PinsOf(p.Key) == p.Value)
        && pins.Keys.Select(b => b.Index).Distinct().Count() == pins.Count
        && !stale.Any(pool.IsLive);

    public static TheoryData<string> Uses => ["retain", "release", "pins", "offset", "window", "write", "slice"];

    [Theory, MemberData(nameof(Uses))]
    public void A_stale_a_foreign_and_no_handle_throw(string use)
    {
        BufferPool pool = BufferPool.Create(64, 2);
        BufferPool other = BufferPool.Create(64, 2);
        BufferHandle stale = Frames.Rent(pool);
        BufferHandle foreign = Frames.Rent(other);
        pool.Release(stale);
        BufferHandle present = Frames.Rent(pool);
        Assert.Equal(stale.Index, present.Index);
        foreach (BufferHandle wrong in (BufferHandle[])[stale, foreign, default])
        {
            Assert.False(pool.IsLive(wrong));
            Assert.Throws<InvalidOperationException>(() => Use(pool, wrong, use));
        }
        Use(pool, present, use);
    }

    private static void Use(BufferPool pool, BufferHandle buffer, string use)
    {
        switch (use)
        {
            case "retain": pool.Retain(buffer); break;
            case "release": pool.Release(buffer); break;
            case "pins": pool.PinsOf(buffer); break;
            case "offset": pool.RegionOffset(buffer); break;
            case "window": pool.Window(buffer, 0, 1); break;
            case "write": pool.Write(buffer, 0, [1]); break;
            case "slice": _ = new PacketBody(new BodySlice(pool, buffer, 0, 1)); break;
            default: throw new ArgumentOutOfRangeException(nameof(use));
        }
    }

    [Fact]
    public void Releasing_twice_throws()
    {
        BufferPool pool = BufferPool.Create(64, 1);
        BufferHandle buffer = Frames.Rent(pool);
        Assert.True(pool.Release(buffer));
        Assert.Throws<InvalidOperationException>(() => pool.Release(buffer));
        Assert.Equal(1, pool.Available);
    }

    [Fact]
    public void Buffers_do_not_overlap_and_lie_where_they_say()
    {
        DmaRegion region = DmaRegion.Allocate(4096);
        BufferPool pool = new(region, 100, 40, offset: 96);
        DeviceMemory device = new(region);
        for (int i = 0; i < 40; i++)
        {
            BufferHandle buffer = Frames.Rent(pool);
            Assert.Equal(i, buffer.Index);
            Assert.Equal(96 + 100 * i, pool.RegionOffset(buffer));
            pool.Write(buffer, 0, [.. Enumerable.Repeat((byte)(i + 1), 100)]);
        }
        for (int i = 0; i < 4096; i++) Assert.Equal(i < 96 ? 0 : (i - 96) / 100 + 1, device.Span(i, 1)[0]);
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferPool(region, 100, 40, offset: 97));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BufferPool(region, int.MaxValue, int.MaxValue, int.MaxValue));
    }

    [Theory, InlineData(63, 1), InlineData(0, 1), InlineData(-64, 1), InlineData(64, 0), InlineData(64, -1), InlineData(1 << 20, 1 << 20)]
    public void Impossible_sizes_are_refused(int size, int count)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BufferPool.Create(size, count));
    }

    [Theory, InlineData(-1, 1), InlineData(0, 101), InlineData(100, 1), InlineData(1, int.MaxValue), InlineData(0, -1), InlineData(int.MaxValue, int.MaxValue)]
    public void A_window_does_not_leave_its_buffer(int offset, int length)
    {
        BufferPool pool = BufferPool.Create(100, 3);
        Frames.Rent(pool);
        BufferHandle buffer = Frames.Rent(pool);
        Assert.Throws<ArgumentOutOfRangeException>(() => { pool.Window(buffer, offset, length); });
        Assert.Throws<ArgumentOutOfRangeException>(() => new PacketBody(new BodySlice(pool, buffer, offset, length)));
        if (length >= 0 && length < 1000) Assert.Throws<ArgumentOutOfRangeException>(() => pool.Write(buffer, offset, new byte[length]));
    }

    [Fact]
    public void A_buffer_that_others_hold_cannot_be_written()
    {
        BufferPool pool = BufferPool.Create(64, 1);
        BufferHandle buffer = Frames.Rent(pool);
        pool.Retain(buffer);
        Assert.Throws<InvalidOperationException>(() => pool.Write(buffer, 0, [1]));
        pool.Release(buffer);
        pool.Write(buffer, 63, [1]);
        Assert.Equal(1, new DeviceMemory(pool.Region).Span(63, 1)[0]);
    }

    [Fact]
    public void The_last_returned_buffer_is_rented_first()
    {
        BufferPool pool = BufferPool.Create(64, 3);
        BufferHandle a = Frames.Rent(pool);
        BufferHandle b = Frames.Rent(pool);
        pool.Release(a);
        BufferHandle c = Frames.Rent(pool);
        Assert.Equal(a.Index, c.Index);
        Assert.NotEqual(a, c);
        Assert.NotEqual(b, c);
        Assert.Equal($"{pool.Id}/0#{c.Generation}", c.ToString());
    }
}
