using NetStack.Nic;

namespace NetStack.Multiplexer;

/// <summary>Buffers that are mapped for sending once, and that bodies are copied into so that the memory they come from never is.</summary>
internal sealed class ShadowPool
{
    private readonly FetchMeter _reads = new();

    internal ShadowPool(INic nic, int queue, int bufferSize, int count)
    {
        Pool = BufferPool.Create(bufferSize, count, RegionWriter.Owner);
        Registration = nic.Register(Pool, queue, BufferUse.Transmit);
    }

    internal BufferPool Pool { get; }

    internal BufferRegistration Registration { get; }

    /// <summary>The longest body that can be copied at all.</summary>
    internal long Capacity => (long)Pool.Count * Pool.BufferSize;

    /// <summary>Copies a body, which stays the caller's.</summary>
    /// <returns>False, and nothing taken, when there are not enough free buffers.</returns>
    internal bool TryCopy(in PacketBody body, out PacketBody copy)
    {
        copy = default;
        if ((long)Pool.Available * Pool.BufferSize < body.Length) return false;
        while (copy.Length < body.Length && Pool.TryRent(out BufferHandle buffer))
            copy.Append(new BodySlice(Pool, buffer, 0, Math.Min(Pool.BufferSize, body.Length - copy.Length)));
        body.CopyTo(0, copy, 0, _reads);
        return true;
    }
}
