namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H23: never interrupts, hoping that who sleeps is not woken.</summary>
/// <param name="seed">Decides when.</param>
public sealed class InterruptSilence(ulong seed) : HostileBehaviour("H23", "never interrupts", seed)
{
    /// <inheritdoc/>
    public override bool OnWake(bool isDue) => isDue && !Strike();
}
