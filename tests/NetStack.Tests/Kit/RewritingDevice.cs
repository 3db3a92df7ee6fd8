using NetStack.Memory;

namespace NetStack.Tests.Kit;

/// <summary>A device that writes another frame over the whole of one, after each fetch of a part of it.</summary>
internal sealed class RewritingDevice
{
    private readonly BufferPool _pool;
    private readonly DeviceMemory _memory;
    private readonly Action<byte[]> _rewrite;
    private byte[] _seen = [];

    /// <summary>Takes hold of a pool that frames are received into, each in one buffer.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="rewrite">Fills in what is written over a frame.</param>
    internal RewritingDevice(BufferPool pool, Action<byte[]> rewrite)
    {
        _pool = pool;
        _memory = new DeviceMemory(pool.Region);
        _rewrite = rewrite;
        _memory.OnFetched(OnFetched);
    }

    /// <summary>How often it wrote over a frame.</summary>
    internal int Rewrites { get; private set; }

    /// <summary>Has a frame received.</summary>
    /// <returns>What was fetched of it, put together; where nothing was, as it came.</returns>
    internal byte[] Around(byte[] frame, Action receive)
    {
        _seen = [.. frame];
        receive();
        return _seen;
    }

    private void OnFetched(int offset, int length)
    {
        int start = offset - (offset - _pool.Offset) % _pool.BufferSize;
        if (offset - start + length > _seen.Length) return; // not of this frame
        _memory.Span(offset, length).CopyTo(_seen.AsSpan(offset - start));
        byte[] other = new byte[_seen.Length];
        _rewrite(other);
        other.CopyTo(_memory.Span(start, other.Length));
        Rewrites++;
    }
}
