namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H12: completes, on one queue, a buffer that was posted on another, hoping that one client gets another's memory.</summary>
/// <param name="seed">Decides when, and whose.</param>
public sealed class ForeignBuffer(ulong seed) : ForgedCompletion("H12", "another queue's buffer", seed)
{
    /// <inheritdoc/>
    protected override void Forge(int queue, ref RxCompletion completion, DeviceControls controls)
    {
        int other = (queue + 1 + Below(Math.Max(controls.Queues - 1, 1))) % controls.Queues;
        completion.BufferId = (uint)(other * controls.RingSize + Below(controls.RingSize / 2));
    }
}
