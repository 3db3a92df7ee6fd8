namespace NetStack.Memory.Tests;

public sealed class SharedSpanTests
{
    private const byte Guard = 0x5A;
    private readonly BufferPool _pool = BufferPool.Create(8192, 2);
    private readonly byte[] _destination = new byte[4096 + 64];

    [Fact]
    public void Copy_copy_and_sum_and_sum_equal_the_reference_at_every_length_to_4096()
    {
        byte[] bytes = Frames.RandomBytes(new Random(1), 4096);
        foreach ((int source, int destination) in ((int, int)[])[(0, 0), (1, 0), (0, 1), (31, 17), (14, 2)])
        {
            for (int length = 0; length <= 4096; length++) CheckOne(bytes.AsSpan(0, length), source, destination);
        }
    }

    [Fact]
    public void Copy_copy_and_sum_and_sum_equal_the_reference_at_random_alignments()
    {
        for (int seed = 0; seed < 3_000; seed++)
        {
            Random random = new(seed);
            CheckOne(Frames.RandomBytes(random, random.Next(0, random.Next(4) == 0 ? 4097 : 200)), random.Next(32), random.Next(32));
        }
    }

    private void CheckOne(ReadOnlySpan<byte> bytes, int source, int destination)
    {
        ushort expected = ChecksumTests.Reference(bytes);
        SharedSpan window = Frames.Window(_pool, bytes, source);

        Array.Fill(_destination, Guard);
        window.CopyTo(_destination.AsSpan(destination, bytes.Length));
        bool copied = IsExactly(bytes, destination);

        Array.Fill(_destination, Guard);
        ChecksumAccumulator folded = default;
        window.CopyTo(_destination.AsSpan(destination), ref folded);
        copied &= IsExactly(bytes, destination) && folded.Finish() == expected;

        ChecksumAccumulator sum = default;
        window.SumTo(ref sum);
        if (!copied || sum.Finish() != expected) Assert.Fail($"length {bytes.Length}, source at {source}, destination at {destination}");
    }

    private bool IsExactly(ReadOnlySpan<byte> bytes, int at) =>
        _destination.AsSpan(at, bytes.Length).SequenceEqual(bytes)
        && !_destination.AsSpan(0, at).ContainsAnyExcept(Guard)
        && !_destination.AsSpan(at + bytes.Length).ContainsAnyExcept(Guard);

    [Fact]
    public void A_copy_in_odd_pieces_carries_its_sum_across_them()
    {
        for (int seed = 0; seed < 1_000; seed++)
        {
            Random random = new(seed);
            byte[] bytes = Frames.RandomBytes(random, random.Next(1, 600));
            SharedSpan window = Frames.Window(_pool, bytes, random.Next(32));
            byte[] copy = new byte[bytes.Length];
            ChecksumAccumulator sum = default;
            for (int at = 0; at < bytes.Length;)
            {
                int length = Math.Min(bytes.Length - at, random.Next(0, 150));
                window.Slice(at, length).CopyTo(copy.AsSpan(at), ref sum);
                at += length;
            }
            Assert.True(bytes.AsSpan().SequenceEqual(copy) && sum.Finish() == ChecksumTests.Reference(bytes), $"seed {seed}");
        }
    }

    [Fact]
    public void A_line_is_the_first_64_bytes_and_a_shorter_window_gives_none_and_reads_nothing()
    {
        byte[] bytes = Frames.RandomBytes(new Random(2), 100);
        SharedSpan window = Frames.Window(_pool, bytes, 5);
        int fetched = 0;
        new DeviceMemory(_pool.Region).OnFetched((_, length) => fetched += length);
        Assert.True(window.TakeLine(out HeaderLine line));
        Assert.Equal(bytes.AsSpan(0, 64), line.Bytes);
        Assert.Equal(64, fetched);
        Assert.False(window.Slice(0, 63).TakeLine(out line));
        Assert.Equal(new byte[64], line.Bytes.ToArray());
        Assert.Equal(64, fetched);
    }

    [Fact]
    public void Too_short_a_destination_throws_before_anything_is_read()
    {
        int fetched = 0;
        new DeviceMemory(_pool.Region).OnFetched((_, length) => fetched += length);
        byte[] bytes = new byte[10];
        Assert.Throws<ArgumentException>(() => Frames.Window(_pool, bytes, 0).CopyTo(new byte[9]));
        Assert.Throws<ArgumentException>(() => Frames.Window(_pool, bytes, 0).CopyTo([]));
        Assert.Throws<ArgumentException>(() =>
        {
            ChecksumAccumulator sum = default;
            Frames.Window(_pool, bytes, 0).CopyTo(new byte[9], ref sum);
        });
        Assert.Equal(0, fetched);
    }

    [Theory]
    [InlineData(-1, 1), InlineData(0, -1), InlineData(0, 11), InlineData(11, 0), InlineData(10, 1), InlineData(5, 6)]
    [InlineData(int.MaxValue, int.MaxValue), InlineData(int.MinValue, int.MinValue), InlineData(1, int.MaxValue)]
    public void A_part_outside_the_window_is_refused(int offset, int length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => { Frames.Window(_pool, new byte[10], 0).Slice(offset, length); });
    }

    [Fact]
    public void The_hook_is_told_the_place_in_the_region()
    {
        BufferHandle first = Frames.Rent(_pool);
        BufferHandle second = Frames.Rent(_pool);
        List<(int, int)> fetches = [];
        new DeviceMemory(_pool.Region).OnFetched((offset, length) => fetches.Add((offset, length)));
        SharedSpan window = _pool.Window(second, 100, 70);
        window.TakeLine(out _);
        window.CopyTo(new byte[70]);
        window.Slice(3, 7).CopyTo(new byte[7]);
        window.Slice(70, 0).CopyTo([]);
        ChecksumAccumulator sum = default;
        window.SumTo(ref sum);
        Assert.Equal([(8292, 64), (8292, 70), (8295, 7), (8292, 70)], fetches);
        Assert.Equal(8192, _pool.RegionOffset(second));
        Assert.Equal(0, _pool.RegionOffset(first));
    }

    [Fact]
    public void In_place_needs_an_owner_written_region_or_a_caller_that_trusts_the_data()
    {
        Trust[] trusts = [Trust.None, Trust.SteeringOnly, Trust.DataOnly, Trust.Full];
        BufferPool own = BufferPool.Create(64, 1, RegionWriter.Owner);
        foreach (Trust trust in trusts)
        {
            Assert.Equal(trust.Data, Frames.Window(_pool, [1, 2, 3], 0).TryTrust(trust, out TrustedSpan shared));
            Assert.Equal(trust.Data ? [1, 2, 3] : [], shared.Bytes.ToArray());
            Assert.True(Frames.Window(own, [4, 5], 0).TryTrust(trust, out TrustedSpan owned));
            Assert.Equal([4, 5], owned.Bytes.ToArray());
        }
        Assert.Equal(RegionWriter.Device, Frames.Window(_pool, [], 0).Writer);
        Assert.Equal(RegionWriter.Owner, Frames.Window(own, [], 0).Writer);
    }

    [Fact]
    public void A_default_window_is_empty_and_harmless()
    {
        SharedSpan window = default;
        ChecksumAccumulator sum = default;
        window.CopyTo([]);
        window.CopyTo([], ref sum);
        window.SumTo(ref sum);
        Assert.Equal(0, window.Length);
        Assert.Equal(0, window.Slice(0, 0).Length);
        Assert.False(window.TakeLine(out _));
        Assert.True(window.TryTrust(Trust.None, out TrustedSpan nothing));
        Assert.True(nothing.Bytes.IsEmpty);
        Assert.Equal(RegionWriter.Owner, window.Writer);
        Assert.Equal(0, sum.Sum);
    }
}
