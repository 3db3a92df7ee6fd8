namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H7: says that split headers end elsewhere than they do, in the middle of one or behind the buffer's bytes, or that
/// there was a split where there was none, hoping that the driver cuts the frame there.</summary>
/// <param name="seed">Decides when, and where to.</param>
public sealed class HeaderLengthLie(ulong seed) : HostileBehaviour("H7", "header length", seed)
{
    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        if (completion.ChainIndex != 0 || !Strike()) return;
        completion.Flags |= RxFlags.HeaderSplit;
        completion.HeaderLength = Below(3) switch
        {
            0 => (ushort)Below((int)completion.ByteCount),
            1 => (ushort)(completion.ByteCount + 1 + Below(200)),
            _ => ushort.MaxValue,
        };
    }
}
