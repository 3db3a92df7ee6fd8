namespace NetStack.Nic.Virtual;

/// <summary>
/// The driver's checks of what a device says, one by one. For control runs: an attack that is said to be stopped must succeed
/// with its check switched off. Without a check the driver does what one that never heard of it would.
/// </summary>
[Flags]
internal enum CompletionChecks
{
    /// <summary>Believes everything.</summary>
    None = 0,

    /// <summary>A buffer's number lies in the table, and belongs to the queue it came on. Without: one table for all queues, unbounded.</summary>
    Queue = 1,

    /// <summary>A number is posted. Without: whatever buffer had the number last.</summary>
    Posted = 2,

    /// <summary>A length is no more than the buffer holds.</summary>
    Capacity = 4,

    /// <summary>A frame's buffers come in order, begin and end, and are not longer together than a frame. Without: all up to an end are one frame.</summary>
    Chain = 8,

    /// <summary>Split headers end where their buffer's bytes do. Without: the header length says how many bytes there are.</summary>
    HeaderSplit = 16,

    /// <summary>A frame stands for no more segments than it has bytes for.</summary>
    Segments = 32,

    /// <summary>A tag is programmed and leads to the queue.</summary>
    Tag = 64,

    /// <summary>The transmit index lies between what was reported before and what was queued.</summary>
    TransmitIndex = 128,

    /// <summary>An entry is of this lap of the ring. Without: any that was ever written.</summary>
    Owner = 256,

    /// <summary>An entry is read once. Without: checked as it was read first, used as it is read again.</summary>
    ReadOnce = 512,

    /// <summary>The device wakes the driver only once after the driver armed itself. Without: whenever it likes.</summary>
    WakeOnce = 1024,

    /// <summary>A registration ends when the device has nothing of it any more. Without: at once.</summary>
    Drained = 2048,

    /// <summary>The driver of a product.</summary>
    All = Queue | Posted | Capacity | Chain | HeaderSplit | Segments | Tag | TransmitIndex | Owner | ReadOnce | WakeOnce | Drained,
}
