namespace NetStack.Memory.Tests;

/// <summary>Frames with known bytes in pools, and the device that rewrites them.</summary>
internal static class Frames
{
    internal static byte[] RandomBytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    internal static BufferHandle Rent(BufferPool pool)
    {
        if (!pool.TryRent(out BufferHandle buffer)) Assert.Fail("the test's pool has no free buffer");
        return buffer;
    }

    /// <summary>Lays bytes into freshly rented buffers, in slices cut at random, each at a random place of its buffer.</summary>
    internal static PacketBody Lay(BufferPool pool, ReadOnlySpan<byte> bytes, Random random, int maxSlice = int.MaxValue)
    {
        PacketBody body = default;
        DeviceMemory device = new(pool.Region);
        while (bytes.Length > 0)
        {
            int length = Math.Min(bytes.Length, random.Next(1, Math.Min(maxSlice, pool.BufferSize) + 1));
            int offset = random.Next(0, pool.BufferSize - length + 1);
            BufferHandle buffer = Rent(pool);
            bytes[..length].CopyTo(device.Span(pool.RegionOffset(buffer) + offset, length));
            body.Append(new BodySlice(pool, buffer, offset, length));
            bytes = bytes[length..];
        }
        return body;
    }

    /// <summary>Lays bytes into one buffer.</summary>
    internal static PacketBody LayInOne(BufferPool pool, ReadOnlySpan<byte> bytes, int offset = 0)
    {
        BufferHandle buffer = Rent(pool);
        bytes.CopyTo(new DeviceMemory(pool.Region).Span(pool.RegionOffset(buffer) + offset, bytes.Length));
        return new PacketBody(new BodySlice(pool, buffer, offset, bytes.Length));
    }

    /// <summary>The window over bytes at a place of a region.</summary>
    internal static SharedSpan Window(BufferPool pool, ReadOnlySpan<byte> bytes, int offset)
    {
        BufferHandle buffer = Rent(pool);
        bytes.CopyTo(new DeviceMemory(pool.Region).Span(pool.RegionOffset(buffer) + offset, bytes.Length));
        SharedSpan window = pool.Window(buffer, offset, bytes.Length);
        pool.Release(buffer);
        return window;
    }
}

/// <summary>A device that overwrites each byte right after it was fetched, and remembers how often each was.</summary>
internal sealed class ScramblingDevice
{
    private readonly DeviceMemory _memory;
    private readonly int[] _fetches;

    internal ScramblingDevice(DmaRegion region)
    {
        _memory = new DeviceMemory(region);
        _fetches = new int[region.Length];
        _memory.OnFetched((offset, length) =>
        {
            Span<byte> fetched = _memory.Span(offset, length);
            for (int i = 0; i < fetched.Length; i++) fetched[i] = (byte)~fetched[i];
            for (int i = 0; i < length; i++) _fetches[offset + i]++;
        });
    }

    /// <summary>How many bytes were fetched at all.</summary>
    internal int BytesFetched => _fetches.Count(f => f > 0);

    /// <summary>The most often that any byte was fetched.</summary>
    internal int MostFetches => _fetches.Max();

    /// <summary>How often each byte of a body was fetched, in the body's order.</summary>
    internal int[] FetchesOf(in PacketBody body)
    {
        List<int> fetches = [];
        for (int i = 0; i < body.SliceCount; i++)
        {
            BodySlice slice = body.Slice(i);
            int start = slice.Pool.RegionOffset(slice.Buffer) + slice.Offset;
            fetches.AddRange(_fetches[start..(start + slice.Length)]);
        }
        return [.. fetches];
    }
}
