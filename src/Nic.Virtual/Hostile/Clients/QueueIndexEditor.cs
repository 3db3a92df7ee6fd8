namespace NetStack.Nic.Virtual.Hostile;

/// <summary>C1: writes the indices and counts of its queue, hoping that somebody else believes them. Rings between protection domains
/// have both ends' indices in shared memory; here a client finds nothing but what its queue counted.</summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Decides what is written.</param>
public sealed class QueueIndexEditor(INic port, ulong seed) : HostileClient("C1", "edits queue indices", port, seed)
{
    /// <inheritdoc/>
    protected override void Strike()
    {
        QueueCounters counters = Queue.Counters;
        counters.BuffersPosted = Number();
        counters.BuffersCompleted = Number();
        counters.FramesReceived = Number();
        counters.FramesSent = Number();
        counters.BytesReceived = Number();
        counters.BytesSent = Number();
        counters.FramesChained = Number();
        counters.BuffersChained = Number();
        counters.ReceiveDrops.Add((DropReason)Below(16), Number());
        counters.TransmitDrops.Add((DropReason)Below(16), Number());
        Struck();
    }

    private long Number() => Below(3) switch
    {
        0 => long.MinValue + Below(1000),
        1 => long.MaxValue - Below(1000),
        _ => Below(100_000),
    };
}
