namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H6: says it wrote more bytes into a buffer than it did, though no more than the buffer holds, hoping that what an
/// earlier frame left there, perhaps another client's, is handed out.</summary>
/// <param name="seed">Decides when, and by how much.</param>
public sealed class LengthOverWritten(ulong seed) : HostileBehaviour("H6", "byte count over what was written", seed)
{
    private readonly Dictionary<uint, int> _capacities = []; // by buffer id

    /// <inheritdoc/>
    public override void OnPosted(int queue, in PostedBuffer buffer) => _capacities[buffer.BufferId] = buffer.Capacity;

    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        bool isLast = (completion.Flags & RxFlags.EndOfPacket) != 0;
        int room = _capacities.GetValueOrDefault(completion.BufferId) - (int)completion.ByteCount;
        if (isLast && room > 0 && Strike()) completion.ByteCount += 1 + (uint)Below(room);
    }
}
