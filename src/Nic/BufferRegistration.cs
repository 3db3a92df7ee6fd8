namespace NetStack.Nic;

/// <summary>What a device may do with registered buffers.</summary>
[Flags]
public enum BufferUse
{
    /// <summary>Write received frames into them.</summary>
    Receive = 1,

    /// <summary>Read frames to send from them.</summary>
    Transmit = 2,
}

/// <summary>
/// A pool mapped for one queue of a NIC. It is long-lived and explicit: mapped when made, unmapped only by
/// <see cref="UnregisterAsync"/>, never on a data path.
/// </summary>
/// <remarks>Thread rule of <see cref="INic"/>.</remarks>
public abstract class BufferRegistration
{
    /// <summary>Remembers what was registered; the NIC's own subclass maps it.</summary>
    protected BufferRegistration(BufferPool pool, int queue, BufferUse use)
    {
        Pool = pool;
        Queue = queue;
        Use = use;
    }

    /// <summary>The buffers.</summary>
    public BufferPool Pool { get; }

    /// <summary>The queue they may be posted to.</summary>
    public int Queue { get; }

    /// <summary>What the device may do with them.</summary>
    public BufferUse Use { get; }

    /// <summary>Whether buffers can still be posted.</summary>
    public abstract bool IsActive { get; }

    /// <summary>
    /// Withdraws the registration: nothing more can be posted, buffers the device has not filled are taken back, and the task
    /// completes once the device has none any more (filled ones were received, queued ones were sent), the memory is unmapped and
    /// the mapping is flushed. Frames that were received stay valid. Progress is made by <see cref="IPollable.Poll"/>.
    /// </summary>
    public abstract ValueTask UnregisterAsync();
}
