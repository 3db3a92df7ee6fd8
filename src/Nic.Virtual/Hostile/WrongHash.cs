namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H16: reports another flow's RSS hash for a frame, hoping that somebody tells flows apart by it.</summary>
/// <param name="seed">Decides when.</param>
public sealed class WrongHash(ulong seed) : HostileBehaviour("H16", "a wrong RSS hash", seed)
{
    private readonly HashSet<uint> _hashes = [];

    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
        _hashes.Add(completion.RssHash);
        uint honest = completion.RssHash;
        uint[] others = [.. _hashes.Where(h => h != honest)];
        if (others.Length > 0 && Strike()) completion.RssHash = others[Below(others.Length)];
    }
}
