namespace NetStack.Nic.Virtual;

/// <summary>The seam for a hostile device: it is asked at each step of the device's work and may do there what a device can.
/// Unchanged, every answer is an honest device's.</summary>
public abstract class DeviceTamper
{
    /// <summary>Called once, when the device is built: what it can do beyond its duty, for as long as it lives.</summary>
    public virtual void OnAttach(DeviceControls controls)
    {
    }

    /// <summary>Called with each frame before buffers are chosen for it; may send it to another queue and say other things of it.</summary>
    public virtual void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
    }

    /// <summary>Called with each completion before it is written; may change it.</summary>
    public virtual void OnCompletion(int queue, ref RxCompletion completion)
    {
    }

    /// <summary>Whether a completion is never written: its buffer was filled and stays with the device.</summary>
    public virtual bool Withholds(int queue, in RxCompletion completion) => false;

    /// <summary>Called after each completion was written.</summary>
    public virtual void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls)
    {
    }

    /// <summary>Called right after the driver read something of a queue's completion ring: an entry's owner word, or the entry.</summary>
    public virtual void OnRingRead(int queue, DeviceControls controls)
    {
    }

    /// <summary>The transmit index the device reports; honest if unchanged.</summary>
    public virtual uint OnTransmitIndex(int queue, uint index) => index;

    /// <summary>Called each time the driver polls: the device may act without a frame.</summary>
    public virtual void OnPoll(DeviceControls controls)
    {
    }

    /// <summary>Whether the device wakes its driver now.</summary>
    /// <param name="isDue">Whether an honest one would.</param>
    public virtual bool OnWake(bool isDue) => isDue;

    /// <summary>Called for each buffer that is posted, when the device fetched its descriptor: from then on the device knows where it lies.</summary>
    public virtual void OnPosted(int queue, in PostedBuffer buffer)
    {
    }

    /// <summary>
    /// Called after the host read bytes of a buffer the device may write. A device does not see reads: this stands for one that
    /// happens to write in the worst moment there is.
    /// </summary>
    /// <param name="queue">The queue the buffer is registered for.</param>
    /// <param name="buffer">Where the buffer begins, for the device.</param>
    /// <param name="offset">Where in it the read began, in bytes.</param>
    /// <param name="length">How many bytes were read.</param>
    public virtual void OnFetched(int queue, ulong buffer, int offset, int length)
    {
    }

    /// <summary>Called for each piece of a frame to send before the device reads it.</summary>
    /// <param name="queue">The queue.</param>
    /// <param name="address">Where the piece lies, for the device.</param>
    /// <param name="length">Its bytes.</param>
    public virtual void OnTransmit(int queue, ulong address, int length)
    {
    }
}

/// <summary>A buffer as it was posted.</summary>
/// <param name="BufferId">The number it was posted under, unique over all queues of the NIC while it is posted.</param>
/// <param name="Address">Where it lies, for the device.</param>
/// <param name="Capacity">Its bytes.</param>
public readonly record struct PostedBuffer(uint BufferId, ulong Address, int Capacity);
