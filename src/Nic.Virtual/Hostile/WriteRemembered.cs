namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H20 and H25: writes to buffers it was once given and has no business with any more: handed over, withdrawn, or revoked. It hopes
/// that an address stays good for longer than what it stood for.
/// </summary>
/// <param name="id">H20 where the buffers were revoked, H25 where they are only not posted.</param>
/// <param name="seed">Decides what it writes.</param>
/// <param name="asQueue">The queue in whose name it writes; null for the buffer's own.</param>
public sealed class WriteRemembered(string id, ulong seed = 1, int? asQueue = null) : MemoryBehaviour(id, "writes to buffers it had before", seed)
{
    /// <summary>Overwrites every buffer it completed, whole.</summary>
    /// <returns>How many the IOMMU let it overwrite.</returns>
    public int WriteNow()
    {
        int written = 0;
        foreach (KnownBuffer buffer in Known.Values)
        {
            if (!buffer.IsPosted && Rewrite(asQueue ?? buffer.Queue, buffer.Address, buffer.Capacity)) written++;
        }
        return written;
    }
}
