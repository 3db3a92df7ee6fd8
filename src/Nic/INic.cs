namespace NetStack.Nic;

/// <summary>
/// A network interface, in batches only: a device, a file, or a port of a multiplexer. A consumer cannot tell which, and a
/// stack runs on any of them.
/// </summary>
/// <remarks>
/// Not thread-safe: one thread pumps a NIC and everything attached to it. The loop is: post buffers, <see cref="IPollable.Poll"/>,
/// receive, transmit; when nothing moved, <see cref="TryArm"/> and sleep until woken or until <see cref="IPollable.NextDeadline"/>.
/// </remarks>
public interface INic : IPollable, IDisposable
{
    /// <summary>What the NIC is and can do; does not change while it lives.</summary>
    NicInfo Info { get; }

    /// <summary>Whether frames can pass.</summary>
    bool IsLinkUp { get; }

    /// <summary>The queues, numbered from 0; at least one.</summary>
    IReadOnlyList<INicQueue> Queues { get; }

    /// <summary>The exact flow table, or null where the hardware has none.</summary>
    IFlowSteering? Steering { get; }

    /// <summary>
    /// Maps a pool's memory for one queue, for as long as the registration lives. This is the only place where memory is
    /// mapped; no data path maps or unmaps.
    /// </summary>
    /// <param name="pool">The buffers to map.</param>
    /// <param name="queue">The queue that will be given them.</param>
    /// <param name="use">What the device may do with them.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such queue.</exception>
    BufferRegistration Register(BufferPool pool, int queue, BufferUse use);

    /// <summary>Sets what is called, from any thread and at most once after each successful <see cref="TryArm"/>, when there is
    /// work again. Null removes it.</summary>
    void OnWake(Action? wake);

    /// <summary>
    /// Asks to be woken. The NIC looks once more after it armed itself, so that no wake-up is lost.
    /// </summary>
    /// <returns>False when there is work already: go on receiving instead of sleeping.</returns>
    bool TryArm();
}

/// <summary>One pair of receive and transmit rings.</summary>
/// <remarks>Thread rule of <see cref="INic"/>.</remarks>
public interface INicQueue
{
    /// <summary>The queue's number.</summary>
    int Index { get; }

    /// <summary>How many more buffers <see cref="Post"/> would take now.</summary>
    int PostRoom { get; }

    /// <summary>
    /// Hands empty buffers to the device. Their pin passes to the NIC; it comes back with the frame that fills them.
    /// </summary>
    /// <returns>How many, from the front, were taken; the caller keeps the others.</returns>
    /// <exception cref="InvalidOperationException">The registration is not of this queue, not for receiving, or is being
    /// withdrawn; or a handle is stale or posted already. Nothing was posted then.</exception>
    int Post(BufferRegistration registration, ReadOnlySpan<BufferHandle> buffers);

    /// <summary>
    /// Takes received frames. The caller owns each and hands it on or calls <see cref="ReceivedFrame.Release"/>.
    /// </summary>
    /// <returns>How many frames were written, at most the length of <paramref name="frames"/>; 0 when there is none.</returns>
    int Receive(Span<ReceivedFrame> frames);

    /// <summary>
    /// Hands frames to the device. Accepted frames pass to the NIC, which releases their bodies once they are sent; the caller
    /// keeps the others.
    /// </summary>
    /// <returns>How many, from the front, were accepted. A frame that can never be sent is accepted, counted and released: one whose body
    /// lies in a pool that was not registered with this queue for sending counts as <see cref="DropReason.NotRegistered"/>.</returns>
    int Transmit(ReadOnlySpan<TransmitFrame> frames);

    /// <summary>What this queue counted.</summary>
    QueueCounters Counters { get; }
}
