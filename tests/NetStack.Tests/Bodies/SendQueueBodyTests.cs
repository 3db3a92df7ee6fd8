using NetStack.Memory;
using NetStack.Tcp;

namespace NetStack.Tests.Bodies;

/// <summary>The send queue against a model: whatever was written, cut and acknowledged, a sum is that of the bytes, and every pin comes back.</summary>
public sealed class SendQueueBodyTests
{
    private static readonly FetchMeter Meter = new();

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public void Sums_are_those_of_the_bytes_however_bodies_are_cut(ulong seed)
    {
        SeededRandom random = new(seed);
        BufferPool own = BufferPool.Create(512, 64, RegionWriter.Owner);
        BufferPool received = BufferPool.Create(256, 256);
        SendQueue queue = new(own);
        List<byte> model = [];
        for (int step = 0; step < 3000; step++)
        {
            switch (random.Below(5))
            {
                case 0 when own.Available > 4:
                    byte[] written = Bytes(ref random, 1 + random.Below(300));
                    model.AddRange(written.AsSpan(0, queue.Write(written)));
                    break;
                case 1 when received.Available > 4:
                    SummedBody body = Body(ref random, received, model, 1 + random.Below(3));
                    Assert.True(queue.TryAppend(ref body, Meter));
                    Assert.Equal(0, body.Length);
                    break;
                case 2 when model.Count > 0:
                    int acknowledged = random.Below(Math.Min(model.Count, 400) + 1);
                    queue.TrimStart(acknowledged);
                    model.RemoveRange(0, acknowledged);
                    break;
                case 3 or 4 when model.Count > 0:
                    int offset = random.Below(model.Count);
                    int length = queue.Fit(offset, 1 + random.Below(Math.Min(model.Count - offset, 300)), 300);
                    CheckPart(ref queue, model, offset, length, seed);
                    break;
                default:
                    break;
            }
            Assert.Equal(model.Count, queue.Length);
        }
        queue.Clear();
        Assert.False(queue.CarriesSums);
        Assert.Equal((own.Count, received.Count), (own.Available, received.Available));
    }

    [Fact]
    public void A_body_that_changed_is_found_out_where_it_is_cut_and_in_several_buffers_when_it_is_appended()
    {
        SeededRandom random = new(9);
        BufferPool received = BufferPool.Create(256, 8);
        SendQueue queue = new(BufferPool.Create(512, 4, RegionWriter.Owner));
        SummedBody body = Body(ref random, received, [], 1);
        SummedBody several = Body(ref random, received, [], 2);
        RelayWorld.Tamper(body, body.Length - 1);
        RelayWorld.Tamper(several, 0);
        int length = body.Length;
        Assert.True(queue.TryAppend(ref body, Meter));
        Assert.False(queue.TryAppend(ref several, Meter));
        Assert.Equal(length, queue.Length);
        Assert.True(queue.TrySum(0, length, Meter, out _)); // whole: the sum it came with
        Assert.False(queue.IsFirstIntact(Meter));
        Assert.False(queue.TrySum(0, length - 1, Meter, out _)); // neither part gets a sum of its own
        Assert.False(queue.TrySum(1, length - 1, Meter, out _));
        queue.Clear();
        Assert.Equal(8, received.Available);
    }

    [Fact]
    public void A_body_that_was_trimmed_or_released_by_itself_is_refused()
    {
        SeededRandom random = new(10);
        BufferPool received = BufferPool.Create(256, 8);
        SendQueue queue = new(BufferPool.Create(512, 4, RegionWriter.Owner));
        SummedBody body = Body(ref random, received, [], 2);
        PacketBody bytes = body.Body;
        bytes.TrimStart(1);
        Assert.Throws<InvalidOperationException>(() => queue.TryAppend(ref body, Meter));
        body.Release();
        Assert.Equal(8, received.Available);
    }

    [Fact]
    public void Passing_a_body_on_allocates_nothing()
    {
        BufferPool received = BufferPool.Create(256, 8);
        SendQueue queue = new(BufferPool.Create(512, 4, RegionWriter.Owner));
        BodyQueue bodies = new(received);
        long before = 0;
        for (int i = 0; i < 200; i++)
        {
            if (i == 100) before = GC.GetAllocatedBytesForCurrentThread();
            received.TryRent(out BufferHandle buffer);
            bodies.Add(i, new SummedBody(new PacketBody(new BodySlice(received, buffer, 0, 100)), 0), default);
            SummedBody body = bodies.TakeHead();
            queue.TryAppend(ref body, Meter);
            queue.TrySum(0, 100, Meter, out _);
            queue.Share(0, 100).Release();
            queue.TrimStart(100);
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static void CheckPart(ref SendQueue queue, List<byte> model, int offset, int length, ulong seed)
    {
        byte[] expected = [.. model.GetRange(offset, length)];
        Assert.True(queue.TrySum(offset, length, Meter, out ushort sum), $"seed {seed}");
        ChecksumAccumulator of = default;
        of.Add(expected);
        Assert.True(SummedBody.AreEqual(of.Sum, sum), $"{offset}+{length} has {sum:x4}, not {of.Sum:x4} (seed {seed})");
        PacketBody part = queue.Share(offset, length);
        byte[] bytes = new byte[length];
        part.CopyTo(0, bytes, Meter);
        part.Release();
        Assert.Equal(expected, bytes);
    }

    private static SummedBody Body(ref SeededRandom random, BufferPool pool, List<byte> model, int slices)
    {
        PacketBody body = default;
        ChecksumAccumulator sum = default;
        for (int i = 0; i < slices; i++)
        {
            byte[] bytes = Bytes(ref random, 2 + random.Below(250));
            pool.TryRent(out BufferHandle buffer);
            pool.Write(buffer, 3, bytes);
            body.Append(new BodySlice(pool, buffer, 3, bytes.Length));
            sum.Add(bytes);
            model.AddRange(bytes);
        }
        return new SummedBody(body, sum.Sum);
    }

    private static byte[] Bytes(ref SeededRandom random, int length)
    {
        byte[] bytes = new byte[length];
        random.Fill(bytes);
        return bytes;
    }
}
