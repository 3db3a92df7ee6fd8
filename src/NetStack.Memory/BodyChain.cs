namespace NetStack.Memory;

/// <summary>
/// The slices of a body after its first. Kept apart so that a frame in one buffer, the usual case, needs no object; chains are
/// pooled per thread, so that frames over many buffers allocate nothing in the steady state.
/// </summary>
internal sealed class BodyChain
{
    private const int MaxPooled = 4096;

    [ThreadStatic]
    private static Stack<BodyChain>? t_pool;

    private BodySlice[] _slices = new BodySlice[7];

    internal int Count { get; private set; }

    internal BodySlice this[int index] => index < Count ? _slices[index] : throw new ArgumentOutOfRangeException(nameof(index));

    internal static BodyChain Rent() => t_pool is { Count: > 0 } pool ? pool.Pop() : new BodyChain();

    internal static void Return(BodyChain chain)
    {
        Array.Clear(chain._slices, 0, chain.Count);
        chain.Count = 0;
        t_pool ??= new Stack<BodyChain>();
        if (t_pool.Count < MaxPooled) t_pool.Push(chain);
    }

    internal void Add(BodySlice slice)
    {
        if (Count == _slices.Length) Array.Resize(ref _slices, Count * 2);
        _slices[Count++] = slice;
    }
}
