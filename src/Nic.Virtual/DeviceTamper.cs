namespace NetStack.Nic.Virtual;

/// <summary>The seam for a hostile device: it sees every completion before it is written and may do what a device can.</summary>
public abstract class DeviceTamper
{
    /// <summary>Called with each completion before it is written; may change it.</summary>
    public virtual void OnCompletion(int queue, ref RxCompletion completion)
    {
    }

    /// <summary>Called after each completion was written.</summary>
    public virtual void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls)
    {
    }

    /// <summary>The transmit index the device reports; honest if unchanged.</summary>
    public virtual uint OnTransmitIndex(int queue, uint index) => index;
}

/// <summary>What a hostile device can do beyond its duty.</summary>
public sealed class DeviceControls
{
    private readonly VirtualDevice _device;

    internal DeviceControls(VirtualDevice device) => _device = device;

    /// <summary>Writes a further completion, as the device's next entry.</summary>
    public void WriteCompletion(int queue, in RxCompletion completion) => _device.WriteCompletion(queue, completion);

    /// <summary>Writes memory by DMA; the IOMMU decides.</summary>
    /// <returns>False when it refused.</returns>
    public bool TryWrite(int queue, ulong iova, ReadOnlySpan<byte> bytes) => _device.TryWrite(queue, iova, bytes);

    /// <summary>Reads memory by DMA; the IOMMU decides.</summary>
    /// <returns>False when it refused.</returns>
    public bool TryRead(int queue, ulong iova, Span<byte> bytes) => _device.TryRead(queue, iova, bytes);
}
