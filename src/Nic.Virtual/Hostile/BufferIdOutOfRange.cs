namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H8: completes a buffer by a number outside the driver's table, hoping that the driver reads beside it.</summary>
/// <param name="seed">Decides when, and which number.</param>
public sealed class BufferIdOutOfRange(ulong seed) : ForgedCompletion("H8", "buffer id out of range", seed)
{
    /// <inheritdoc/>
    protected override void Forge(int queue, ref RxCompletion completion, DeviceControls controls) =>
        completion.BufferId = Below(2) == 0 ? uint.MaxValue : (uint)(controls.Queues * controls.RingSize + Below(1 << 20));
}
