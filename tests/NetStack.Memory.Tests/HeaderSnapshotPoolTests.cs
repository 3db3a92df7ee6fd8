namespace NetStack.Memory.Tests;

public sealed class HeaderSnapshotPoolTests
{
    private readonly FetchMeter _meter = new();
    private readonly BufferPool _buffers = BufferPool.Create(128, 4);

    [Fact]
    public void A_returned_snapshot_forgets_its_frame_and_is_given_again_first()
    {
        HeaderSnapshotPool pool = new();
        HeaderSnapshot first = pool.Rent(Frames.LayInOne(_buffers, [1, 2, 3]), _meter);
        Assert.Equal(3, first.Require(3).Length);
        Assert.Equal(1, pool.Outstanding);
        pool.Return(first);
        Assert.Equal((0, 0, 0), (pool.Outstanding, first.FrameLength, first.Require(10).Length));
        Assert.Same(first, pool.Rent(default, _meter));
        Assert.NotSame(first, pool.Rent(default, _meter));
        Assert.Equal(2, pool.Outstanding);
    }

    [Fact]
    public void Returning_twice_or_to_another_pool_throws()
    {
        HeaderSnapshotPool pool = new();
        HeaderSnapshotPool other = new();
        HeaderSnapshot snapshot = pool.Rent(default, _meter);
        Assert.Throws<InvalidOperationException>(() => other.Return(snapshot));
        pool.Return(snapshot);
        Assert.Throws<InvalidOperationException>(() => pool.Return(snapshot));
        Assert.Throws<InvalidOperationException>(() => pool.Return(new HeaderSnapshot()));
        Assert.Equal((0, 0), (pool.Outstanding, other.Outstanding));
    }

    [Fact]
    public void An_adopted_snapshot_keeps_its_bytes_and_returns_to_its_new_pool()
    {
        HeaderSnapshotPool pool = new();
        HeaderSnapshotPool other = new();
        HeaderSnapshot snapshot = pool.Rent(Frames.LayInOne(_buffers, [1, 2, 3]), _meter);
        snapshot.Require(3);
        Assert.Throws<InvalidOperationException>(() => pool.Adopt(snapshot, other));
        pool.Adopt(snapshot, pool);
        other.Adopt(snapshot, pool);
        Assert.Equal((0, 1), (pool.Outstanding, other.Outstanding));
        Assert.Equal([1, 2, 3], snapshot.Bytes.ToArray());
        Assert.Throws<InvalidOperationException>(() => pool.Return(snapshot));
        other.Return(snapshot);
        Assert.Equal((0, 0), (pool.Outstanding, other.Outstanding));
        Assert.Throws<InvalidOperationException>(() => other.Adopt(snapshot, pool));
    }
}
