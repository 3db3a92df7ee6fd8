namespace NetStack.Nic.Virtual;

/// <summary>What a hostile device can do beyond its duty.</summary>
public sealed class DeviceControls
{
    private readonly VirtualDevice _device;

    internal DeviceControls(VirtualDevice device) => _device = device;

    /// <summary>How many queues there are.</summary>
    public int Queues => _device.Queues;

    /// <summary>Entries in each ring.</summary>
    public int RingSize => _device.RingSize;

    /// <summary>The free-running index of the completion that is written next.</summary>
    public uint NextCompletion(int queue) => _device.NextCompletion(queue);

    /// <summary>How many completions can be written before the driver took one.</summary>
    public int CompletionRoom(int queue) => _device.CompletionRoom(queue);

    /// <summary>Writes a further completion, as the device's next entry, whether or not there is room.</summary>
    public void WriteCompletion(int queue, in RxCompletion completion) => _device.WriteCompletion(queue, completion);

    /// <summary>Writes a completion over any entry of the ring, with the owner word of that index's lap; the device's own index
    /// stays where it is.</summary>
    public void OverwriteCompletion(int queue, uint index, in RxCompletion completion) => _device.WriteEntry(queue, index, completion);

    /// <summary>Writes the transmit index the driver reads.</summary>
    public void WriteTransmitIndex(int queue, uint index) => _device.Transmit.WriteIndex(queue, index);

    /// <summary>Writes memory by DMA; the IOMMU decides.</summary>
    /// <returns>False when it refused.</returns>
    public bool TryWrite(int queue, ulong iova, ReadOnlySpan<byte> bytes) => _device.TryWrite(queue, iova, bytes);

    /// <summary>Reads memory by DMA; the IOMMU decides.</summary>
    /// <returns>False when it refused.</returns>
    public bool TryRead(int queue, ulong iova, Span<byte> bytes) => _device.TryRead(queue, iova, bytes);
}
