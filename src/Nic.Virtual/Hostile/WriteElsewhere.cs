using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H19: with each frame, reads and writes by DMA what was not registered with it: behind the memory it was given, and at an address of
/// the machine's memory that it knows or guessed. It hopes that nothing stands between it and memory.
/// </summary>
/// <param name="length">How many bytes it wants of what it is after, at least 1.</param>
/// <param name="seed">Decides what it writes.</param>
public sealed class WriteElsewhere(int length, ulong seed = 1) : MemoryBehaviour("H19", "DMA outside what was registered", seed)
{
    /// <summary>Where what it is after lies in the machine's memory; 0 while it does not know.</summary>
    public ulong Target { get; set; }

    private protected override void OnFilled(in KnownBuffer buffer)
    {
        ulong end = 0;
        foreach (KnownBuffer known in Known.Values)
        {
            if (known.Queue == buffer.Queue) end = Math.Max(end, known.End);
        }
        Rewrite(buffer.Queue, (end + DmaRegion.PageSize - 1) & ~(ulong)(DmaRegion.PageSize - 1), 1);
        Steal(buffer.Queue, Target, length);
        Rewrite(buffer.Queue, Target, length);
    }
}
