namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H20: once memory was revoked, writes where it was allowed to receive and reads where it was allowed to send from. It hopes that an
/// address stays good for longer than what it stood for.
/// </summary>
/// <param name="seed">Decides what it writes.</param>
public sealed class UseRevoked(ulong seed = 1) : MemoryBehaviour("H20", "reads and writes memory that was revoked", seed)
{
    private readonly HashSet<(int Queue, ulong Address, int Length)> _sent = [];

    /// <inheritdoc/>
    public override void OnTransmit(int queue, ulong address, int length) => _sent.Add((queue, address, length));

    /// <summary>Uses every address it was ever given.</summary>
    public void StrikeNow()
    {
        foreach (KnownBuffer buffer in Known.Values) Rewrite(buffer.Queue, buffer.Address, buffer.Capacity);
        foreach ((int queue, ulong address, int length) in _sent) Steal(queue, address, length);
    }
}
