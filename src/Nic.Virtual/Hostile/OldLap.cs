namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H11: puts completions of an earlier lap of the ring, owner word and all, where the driver looks next, hoping that it
/// takes them for new.</summary>
/// <param name="seed">Decides when, and which.</param>
public sealed class OldLap(ulong seed) : HostileBehaviour("H11", "completions of an old lap", seed)
{
    private readonly List<(int Queue, uint Index, RxCompletion Completion)> _written = [];

    /// <inheritdoc/>
    public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls) =>
        _written.Add((queue, controls.NextCompletion(queue) - 1, completion));

    /// <inheritdoc/>
    public override void OnPoll(DeviceControls controls)
    {
        foreach ((int queue, uint index, RxCompletion completion) in _written)
        {
            // Only where the slot is free again, and only under the owner word of the lap before the one that is due there.
            uint age = controls.NextCompletion(queue) - index;
            if (age <= (uint)controls.RingSize && age > (uint)(controls.RingSize - controls.CompletionRoom(queue)) && Strike())
                controls.OverwriteCompletion(queue, index, completion);
        }
        _written.RemoveAll(w => controls.NextCompletion(w.Queue) - w.Index > (uint)controls.RingSize);
    }
}
