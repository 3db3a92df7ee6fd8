using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H21: overwrites what lies in the same pages as the memory it was given to receive into, and reads what lies in the same pages as
/// what it was given to send. A page is the least an IOMMU maps; it hopes that the rest of one holds something of somebody else's.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
/// <param name="pageSize">Bytes in a page of the IOMMU, a power of two.</param>
public sealed class ReachBeside(ulong seed = 1, int pageSize = DmaRegion.PageSize) : MemoryBehaviour("H21", "reaches for a neighbour in the same page", seed)
{
    private const int Step = 64;

    private readonly ulong _mask = (ulong)pageSize - 1;

    /// <inheritdoc/>
    public override void OnTransmit(int queue, ulong address, int length)
    {
        ulong end = address + (ulong)length;
        for (ulong at = address & ~_mask; at + Step <= address; at += Step) Steal(queue, at, Step);
        for (ulong at = (end + Step - 1) & ~(ulong)(Step - 1); at < ((end + _mask) & ~_mask); at += Step) Steal(queue, at, Step);
    }

    private protected override void OnFilled(in KnownBuffer buffer)
    {
        ulong low = buffer.Address;
        ulong high = buffer.End;
        foreach (KnownBuffer known in Known.Values)
        {
            if (known.Queue != buffer.Queue || (known.Address & ~_mask) > high || ((known.End + _mask) & ~_mask) < low) continue;
            low = Math.Min(low, known.Address);
            high = Math.Max(high, known.End);
        }
        Rewrite(buffer.Queue, low & ~_mask, (int)(low & _mask));
        Rewrite(buffer.Queue, high, (int)(((high + _mask) & ~_mask) - high));
    }
}
