namespace NetStack.Memory;

/// <summary>
/// Ownership of one buffer of one pool, as a value. The generation makes it stale once the buffer went back: using a stale
/// handle throws in every build.
/// </summary>
/// <param name="PoolId">The pool the buffer belongs to.</param>
/// <param name="Index">The buffer's number in that pool, from 0.</param>
/// <param name="Generation">How often the buffer had been handed out before this time.</param>
public readonly record struct BufferHandle(int PoolId, int Index, uint Generation)
{
    /// <summary><c>pool/index#generation</c>.</summary>
    public override string ToString() => $"{PoolId}/{Index}#{Generation}";
}
