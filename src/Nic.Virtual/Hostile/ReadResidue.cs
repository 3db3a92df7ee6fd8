namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H26: reads by DMA what it was not given to send: the buffers it was given to receive into, and what lies around each piece of a
/// frame to send. It hopes for what earlier use left there, or for what its owner has only begun to write.
/// </summary>
/// <param name="seed">Decides which opportunities it uses, if not all.</param>
/// <param name="reach">How far around a piece it reads, in bytes.</param>
public sealed class ReadResidue(ulong seed = 1, int reach = 16 * 1024) : MemoryBehaviour("H26", "reads memory that was not posted to be sent", seed)
{
    private const int Step = 64;

    /// <inheritdoc/>
    public override void OnTransmit(int queue, ulong address, int length)
    {
        ulong start = address & ~(ulong)(Step - 1);
        ulong end = (address + (ulong)length + Step - 1) & ~(ulong)(Step - 1);
        for (ulong at = start - Math.Min(start, (ulong)reach); at < end + (ulong)reach; at += Step)
        {
            if (at < start || at >= end) Steal(queue, at, Step);
        }
    }

    private protected override void OnFilled(in KnownBuffer buffer) => Steal(buffer.Queue, buffer.Address, buffer.Capacity);
}
