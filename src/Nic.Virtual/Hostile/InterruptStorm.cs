namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H23: interrupts whether or not anything came, hoping that the machine does nothing but look.</summary>
/// <param name="seed">Decides when.</param>
public sealed class InterruptStorm(ulong seed) : HostileBehaviour("H23", "interrupt storm", seed)
{
    /// <inheritdoc/>
    public override bool OnWake(bool isDue) => isDue | Strike();
}
