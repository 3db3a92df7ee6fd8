using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H21: with each frame, overwrites what lies in the same pages as the memory it was given, before it and behind it. A page is the
/// least an IOMMU maps; it hopes that the rest of one holds something of somebody else's.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
/// <param name="pageSize">Bytes in a page of the IOMMU, a power of two.</param>
public sealed class WriteBeside(ulong seed = 1, int pageSize = DmaRegion.PageSize) : MemoryBehaviour("H21", "writes beside its memory, in the same page", seed)
{
    private protected override void OnFilled(in KnownBuffer buffer)
    {
        ulong low = buffer.Address;
        ulong high = buffer.End;
        foreach (KnownBuffer known in Known.Values)
        {
            if (known.Queue != buffer.Queue) continue;
            low = Math.Min(low, known.Address);
            high = Math.Max(high, known.End);
        }
        ulong mask = (ulong)pageSize - 1;
        Rewrite(buffer.Queue, low & ~mask, (int)(low & mask));
        Rewrite(buffer.Queue, high, (int)(((high + mask) & ~mask) - high));
    }
}
