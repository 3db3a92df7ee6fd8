namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H10: completes a buffer twice, hoping that it is handed to two clients, or freed while one of them has it.</summary>
/// <param name="seed">Decides when.</param>
public sealed class DuplicateCompletion(ulong seed) : ForgedCompletion("H10", "a completion twice", seed)
{
    /// <inheritdoc/>
    protected override void Forge(int queue, ref RxCompletion completion, DeviceControls controls)
    {
    }
}
