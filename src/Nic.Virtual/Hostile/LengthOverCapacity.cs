namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H5: says it wrote more bytes into a buffer than the buffer holds, hoping that the driver hands out what lies behind
/// it: the next buffer, perhaps another client's.</summary>
/// <param name="seed">Decides by how much.</param>
public sealed class LengthOverCapacity(ulong seed) : HostileBehaviour("H5", "byte count over capacity", seed)
{
    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        if (!Strike()) return;
        completion.ByteCount = Below(4) switch
        {
            0 => uint.MaxValue,
            1 => int.MaxValue,
            _ => (uint)(64 * 1024 + Below(4096)),
        };
    }
}
