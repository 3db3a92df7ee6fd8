namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H22: rewrites completions between one read of the driver and the next, hoping that it checks one value and uses
/// another. The descriptors of posted buffers it can only read: they are mapped so, and the driver never reads them back.</summary>
/// <param name="seed">Decides when.</param>
public sealed class CompletionRewrite(ulong seed) : HostileBehaviour("H22", "a completion rewritten while it is read", seed)
{
    private readonly List<(int Queue, uint Index, RxCompletion Completion)> _pending = [];

    /// <inheritdoc/>
    public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls) =>
        _pending.Add((queue, controls.NextCompletion(queue) - 1, completion));

    /// <inheritdoc/>
    public override void OnRingRead(int queue, DeviceControls controls)
    {
        int taken = controls.RingSize - controls.CompletionRoom(queue); // the driver tells after each batch how far it came
        _pending.RemoveAll(p => p.Queue == queue && controls.NextCompletion(queue) - p.Index > (uint)taken);
        bool lies = Strike();
        foreach ((int where, uint index, RxCompletion completion) in _pending)
        {
            if (where == queue) controls.OverwriteCompletion(queue, index, lies ? completion with { ByteCount = 1 << 16 } : completion);
        }
    }
}
