namespace NetStack.Nic.Virtual.Hostile;

/// <summary>H11: writes a completion of the past once more as a new one, without having written its buffer again, hoping that what
/// lies there is delivered again.</summary>
/// <param name="seed">Decides when, and which.</param>
public sealed class OldCompletionAsNew(ulong seed) : ForgedCompletion("H11", "an old completion as a new one", seed)
{
    private readonly List<(int Queue, RxCompletion Completion)> _past = [];

    /// <inheritdoc/>
    public override void OnCompletion(int queue, ref RxCompletion completion)
    {
        bool isWhole = completion.ChainIndex == 0 && (completion.Flags & RxFlags.EndOfPacket) != 0;
        if (isWhole && IsActive) _past.Add((queue, completion));
    }

    /// <inheritdoc/>
    protected override bool IsOpportunity(in RxCompletion honest) => (honest.Flags & RxFlags.EndOfPacket) != 0;

    /// <inheritdoc/>
    protected override void Forge(int queue, ref RxCompletion completion, DeviceControls controls)
    {
        List<(int Queue, RxCompletion Completion)> own = _past.FindAll(p => p.Queue == queue);
        if (own.Count > 0) completion = own[Below(own.Count)].Completion;
    }
}
