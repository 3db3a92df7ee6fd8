namespace NetStack.Memory.Tests;

/// <summary>The steady state allocates nothing; counted to the byte.</summary>
public sealed class AllocationTests
{
    private readonly BufferPool _ring = BufferPool.Create(256, 64);
    private readonly BufferPool _own = BufferPool.Create(2048, 8, RegionWriter.Owner);
    private readonly HeaderSnapshotPool _snapshots = new();
    private readonly FetchMeter _meter = new();
    private readonly byte[] _private = new byte[2048];

    public static TheoryData<int> FrameLengths => [0, 60, 256, 257, 1514, 2048];

    [Theory, MemberData(nameof(FrameLengths))]
    public void Ten_thousand_rounds_of_rent_snapshot_trim_share_copy_and_release_allocate_nothing(int length)
    {
        for (int i = 0; i < 100; i++) Round(length);
        Assert.Equal(0, Allocations.OfFresh(() => () =>
        {
            for (int i = 0; i < 10_000; i++) Round(length);
        }));
        Assert.Equal((64, 8, 0), (_ring.Available, _own.Available, _snapshots.Outstanding));
    }

    [Fact]
    public void The_counter_of_allocated_bytes_sees_an_allocation()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        GC.KeepAlive(new byte[1]);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() > before);
    }

    private void Round(int length)
    {
        PacketBody frame = default;
        for (int left = length; left > 0; left -= 256)
        {
            BufferHandle buffer = Frames.Rent(_ring);
            frame.Append(new BodySlice(_ring, buffer, 0, Math.Min(left, 256)));
        }
        HeaderSnapshot headers = _snapshots.Rent(frame, _meter);
        headers.Require(54);
        headers.Require(200);
        CopyOnce(headers, length);
        PacketBody shared = frame.Share();
        shared.TrimStart(Math.Min(54, length));
        shared.TrimTo(shared.Length / 2);
        ChecksumAccumulator sum = default;
        shared.CopyTo(0, _private, ref sum, _meter);
        _snapshots.Return(headers);
        shared.Release();
        frame.Release();
    }

    private void CopyOnce(HeaderSnapshot headers, int length)
    {
        if (length == 0) return;
        BufferHandle buffer = Frames.Rent(_own);
        PacketBody copy = new(new BodySlice(_own, buffer, 0, length));
        headers.CopyFrameTo(copy);
        headers.CopyFrameTo(_private);
        copy.Release();
    }
}
