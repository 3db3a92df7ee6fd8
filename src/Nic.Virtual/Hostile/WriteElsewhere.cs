using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H19: with each frame, writes by DMA where nothing was registered with it: behind the memory it was given, and to an address of the
/// machine's memory that it knows or guessed. It hopes that nothing stands between it and memory.
/// </summary>
/// <param name="target">Where what it is after lies in the machine's memory.</param>
/// <param name="length">How many bytes it overwrites there, at least 1.</param>
/// <param name="seed">Decides what it writes.</param>
public sealed class WriteElsewhere(ulong target, int length, ulong seed = 1) : MemoryBehaviour("H19", "writes outside what was registered", seed)
{
    private protected override void OnFilled(in KnownBuffer buffer)
    {
        ulong end = 0;
        foreach (KnownBuffer known in Known.Values)
        {
            if (known.Queue == buffer.Queue) end = Math.Max(end, known.End);
        }
        Rewrite(buffer.Queue, (end + DmaRegion.PageSize - 1) & ~(ulong)(DmaRegion.PageSize - 1), 1);
        Rewrite(buffer.Queue, target, length);
    }
}
