namespace NetStack.Nic.Virtual.Hostile;

/// <summary>A device that writes a completion of its own making after an honest one, where the ring has room for it.</summary>
public abstract class ForgedCompletion : HostileBehaviour
{
    private const int KeptRoom = 8; // entries that the rest of a frame's buffers need

    /// <inheritdoc/>
    protected ForgedCompletion(string id, string name, ulong seed)
        : base(id, name, seed)
    {
    }

    /// <inheritdoc/>
    public sealed override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls)
    {
        RxCompletion forged = completion;
        if (controls.CompletionRoom(queue) <= KeptRoom || !IsOpportunity(completion) || !Strike()) return;
        Forge(queue, ref forged, controls);
        controls.WriteCompletion(queue, forged);
    }

    /// <summary>Whether a completion can be followed by a forged one.</summary>
    protected virtual bool IsOpportunity(in RxCompletion honest) => true;

    /// <summary>Makes the forged completion of an honest one.</summary>
    protected abstract void Forge(int queue, ref RxCompletion completion, DeviceControls controls);
}
