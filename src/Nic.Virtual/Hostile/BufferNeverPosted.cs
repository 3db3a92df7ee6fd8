namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H9: completes a buffer that was never posted: one of the queue's last numbers, which a driver that posts fewer
/// buffers than its ring has entries never gives out.</summary>
/// <param name="seed">Decides when, and which number.</param>
public sealed class BufferNeverPosted(ulong seed) : ForgedCompletion("H9", "buffer never posted", seed)
{
    /// <inheritdoc/>
    protected override void Forge(int queue, ref RxCompletion completion, DeviceControls controls) =>
        completion.BufferId = (uint)((queue + 1) * controls.RingSize - 1 - Below(controls.RingSize / 8));
}
