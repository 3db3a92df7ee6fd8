namespace NetStack.Memory;

/// <summary>
/// Ownership of one buffer of one pool, as a value that only the pool makes. The generation makes it stale once the buffer
/// went back: using a stale handle throws in every build. The default handle names no buffer.
/// </summary>
public readonly record struct BufferHandle
{
    internal BufferHandle(int poolId, int index, ulong generation)
    {
        PoolId = poolId;
        Index = index;
        Generation = generation;
    }

    /// <summary>The pool the buffer belongs to; 0 for none.</summary>
    public int PoolId { get; }

    /// <summary>The buffer's number in that pool, from 0.</summary>
    public int Index { get; }

    /// <summary>Which hand-out of the buffer this is. Odd; 64 bits, so that it does not come round again.</summary>
    public ulong Generation { get; }

    /// <summary><c>pool/index#generation</c>.</summary>
    public override string ToString() => $"{PoolId}/{Index}#{Generation}";
}
