namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H6: says it wrote more bytes into a buffer than it did, though no more than the buffer holds, hoping that what an
/// earlier frame left there, perhaps another client's, is handed out.</summary>
/// <param name="seed">Decides when, and by how much.</param>
/// <param name="capacity">Bytes in the buffers it was given.</param>
public sealed class LengthOverWritten(ulong seed, int capacity) : HostileBehaviour("H6", "byte count over what was written", seed)
{
    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        bool isLast = (completion.Flags & RxFlags.EndOfPacket) != 0;
        if (!isLast || completion.ByteCount >= (uint)capacity || !Strike()) return;
        completion.ByteCount += 1 + (uint)Below(capacity - (int)completion.ByteCount);
    }
}
