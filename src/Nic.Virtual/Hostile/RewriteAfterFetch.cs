namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H4: flips between reads. Every byte the host fetched becomes another right after the fetch, so that whoever reads it a second
/// time decides on one value and acts on another. It hopes for a double fetch.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
public sealed class RewriteAfterFetch(ulong seed = 1)
    : HeldFrameBehaviour("H4", "flips every byte between two reads", seed, RewriteMoment.AfterLook)
{
    /// <inheritdoc/>
    public override void OnFetched(int queue, ulong buffer, int offset, int length) => Rewrite(queue, buffer + (ulong)offset, length);

    private protected override void RewriteOne(in KnownBuffer buffer) => Rewrite(buffer.Queue, buffer.Address, buffer.Filled);
}
