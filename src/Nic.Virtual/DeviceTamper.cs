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
}
