using System.Runtime.CompilerServices;

namespace NetStack.Memory.Tests;

public sealed class DmaRegionTests
{
    [Theory, InlineData(1, 4096), InlineData(4096, 4096), InlineData(4097, 8192), InlineData(1_000_000, 1_003_520)]
    public void A_region_is_whole_zeroed_aligned_pages(int wanted, int got)
    {
        DmaRegion region = DmaRegion.Allocate(wanted);
        Assert.Equal(got, region.Length);
        Assert.Equal(RegionWriter.Device, region.Writer);
        Assert.False(new DeviceMemory(region).Span(0, got).ContainsAnyExcept((byte)0));
        Assert.Equal(0, AddressOf(region) % DmaRegion.PageSize);
    }

    [Fact]
    public void Huge_pages_may_be_asked_for_wherever_there_are_none_to_give()
    {
        using DmaRegion region = DmaRegion.Allocate(1, RegionWriter.Owner, hugePages: true);
        Assert.Equal(DmaRegion.HugePageSize, region.Length);
        Assert.Equal(0, AddressOf(region) % DmaRegion.HugePageSize);
        Span<byte> all = new DeviceMemory(region).Span(0, region.Length);
        Assert.False(all.ContainsAnyExcept((byte)0));
        all.Fill(1);
        Assert.False(OperatingSystem.IsWindows() && region.HugePages);
    }

    private static nint AddressOf(DmaRegion region) =>
        Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref new DeviceMemory(region).Span(0, 1)[0]);

    [Theory, InlineData(0), InlineData(-1), InlineData(int.MinValue), InlineData(DmaRegion.MaxLength + 1), InlineData(int.MaxValue)]
    public void A_length_out_of_range_is_refused(int length)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DmaRegion.Allocate(length));
        Assert.Throws<ArgumentOutOfRangeException>(() => DmaRegion.Allocate(length, hugePages: true));
    }

    [Fact]
    public void A_registered_region_cannot_be_freed()
    {
        DmaRegion region = DmaRegion.Allocate(100);
        region.AddRegistration();
        region.AddRegistration();
        Assert.Throws<InvalidOperationException>(region.Dispose);
        region.RemoveRegistration();
        Assert.Throws<InvalidOperationException>(region.Dispose);
        Assert.Equal(1, region.Registrations);
        region.RemoveRegistration();
        Assert.Throws<InvalidOperationException>(region.RemoveRegistration);
        Assert.False(region.IsDisposed);
        region.Dispose();
        region.Dispose();
        Assert.True(region.IsDisposed);
        Assert.Throws<ObjectDisposedException>(region.AddRegistration);
    }

    public static TheoryData<string> WindowUses =>
        ["copy", "copy and sum", "sum", "line", "short line", "slice", "trust", "empty copy"];

    [Theory, MemberData(nameof(WindowUses))]
    public void Every_use_of_a_window_throws_once_the_region_was_freed(string use)
    {
        BufferPool pool = BufferPool.Create(128, 1);
        BufferHandle buffer = Frames.Rent(pool);
        Assert.Throws<ObjectDisposedException>(() =>
        {
            SharedSpan window = pool.Window(buffer, 0, 100);
            SharedSpan little = window.Slice(0, 10);
            SharedSpan empty = window.Slice(10, 0);
            ChecksumAccumulator sum = default;
            pool.Region.Dispose();
            switch (use)
            {
                case "copy": window.CopyTo(new byte[100]); break;
                case "copy and sum": window.CopyTo(new byte[100], ref sum); break;
                case "sum": window.SumTo(ref sum); break;
                case "line": window.TakeLine(out _); break;
                case "short line": little.TakeLine(out _); break;
                case "slice": window.Slice(1, 1); break;
                case "trust": window.TryTrust(Trust.Full, out _); break;
                case "empty copy": empty.CopyTo([]); break;
                default: throw new ArgumentOutOfRangeException(nameof(use));
            }
        });
    }

    [Fact]
    public void Pool_body_snapshot_and_device_throw_once_the_region_was_freed_and_pins_still_go_back()
    {
        BufferPool pool = BufferPool.Create(128, 2);
        PacketBody body = Frames.LayInOne(pool, new byte[100]);
        body.Append(Frames.LayInOne(pool, new byte[100]).Slice(0));
        FetchMeter meter = new();
        HeaderSnapshot snapshot = new();
        snapshot.Begin(body, meter);
        snapshot.Require(1);
        BufferHandle buffer = body.Slice(0).Buffer;
        pool.Region.Dispose();

        Assert.Throws<ObjectDisposedException>(() => { pool.Window(buffer, 0, 1); });
        Assert.Throws<ObjectDisposedException>(() => body.CopyTo(0, new byte[200], meter));
        Assert.Throws<ObjectDisposedException>(() => { snapshot.Require(128); });
        Assert.Equal(64, snapshot.Require(64).Length);
        Assert.Throws<ObjectDisposedException>(() => snapshot.CopyFrameTo(new byte[200]));
        Assert.Throws<ObjectDisposedException>(() => { new DeviceMemory(pool.Region).Span(0, 1); });
        Assert.Throws<ObjectDisposedException>(() => new DeviceMemory(pool.Region).OnFetched(null));
        body.Release();
        Assert.Equal(2, pool.Available);
    }

    [Theory, InlineData(-1, 1), InlineData(0, 4097), InlineData(4096, 1), InlineData(1, int.MaxValue), InlineData(0, -1)]
    public void Device_memory_outside_the_region_is_refused(int offset, int length)
    {
        DmaRegion region = DmaRegion.Allocate(4096);
        Assert.Throws<ArgumentOutOfRangeException>(() => { new DeviceMemory(region).Span(offset, length); });
    }

    [Fact]
    public void A_dropped_region_lives_as_long_as_a_body_refers_to_it_and_no_longer()
    {
        (WeakReference region, PacketBody body) = MakeBody();
        Collect();
        Assert.True(region.IsAlive);
        byte[] copy = new byte[3];
        body.CopyTo(0, copy, new FetchMeter());
        Assert.Equal([1, 2, 3], copy);
        Assert.False(MakeDropped(registered: false).IsAlive);
    }

    [Fact]
    public void A_region_that_is_registered_is_never_collected()
    {
        WeakReference region = MakeDropped(registered: true);
        Assert.True(region.IsAlive);
        Unregister(region);
        Collect();
        Assert.False(region.IsAlive);
    }

    [Fact]
    public void Bytes_read_in_place_outlive_pool_and_region_and_even_its_disposal()
    {
        ReadOnlySpan<byte> bytes = MakeTrusted();
        Collect();
        for (int i = 0; i < 100; i++) Array.Fill(GC.AllocateUninitializedArray<byte>(16_384, pinned: true), (byte)0xEE);
        Assert.Equal([7, 8, 9], bytes.ToArray());
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Region, PacketBody Body) MakeBody()
    {
        BufferPool pool = BufferPool.Create(64, 1);
        return (new WeakReference(pool.Region), Frames.LayInOne(pool, [1, 2, 3]));
    }

    private static WeakReference MakeDropped(bool registered)
    {
        WeakReference region = Make(registered);
        Collect();
        return region;

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Make(bool registered)
        {
            DmaRegion region = DmaRegion.Allocate(64);
            if (registered) region.AddRegistration();
            return new WeakReference(region);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ReadOnlySpan<byte> MakeTrusted()
    {
        BufferPool pool = BufferPool.Create(64, 1);
        Frames.Window(pool, [7, 8, 9], 0).TryTrust(Trust.DataOnly, out TrustedSpan trusted);
        ReadOnlySpan<byte> bytes = trusted.Bytes;
        pool.Region.Dispose();
        return bytes;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Unregister(WeakReference region) => ((DmaRegion)region.Target!).RemoveRegistration();

    private static void Collect()
    {
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }
}
