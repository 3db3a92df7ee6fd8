namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H17: damages the last byte of a frame and says that the checksums are right. It hopes that its verdict is believed by somebody
/// who did not declare to trust the device's data.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
public sealed class VouchForDamage(ulong seed = 1) : MemoryBehaviour("H17", "says of a damaged packet that its checksum is good", seed)
{
    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion) =>
        completion.Flags = (completion.Flags & ~RxFlags.ChecksumBad) | RxFlags.ChecksumGood;

    private protected override void OnFilled(in KnownBuffer buffer)
    {
        if (buffer.Filled > buffer.HeadersEnd) Rewrite(buffer.Queue, buffer.Address + (ulong)(buffer.Filled - 1), 1);
    }
}
