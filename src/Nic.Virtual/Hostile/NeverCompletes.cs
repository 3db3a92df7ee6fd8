namespace NetStack.Nic.Virtual.Hostile;

/// <summary>Chooses frames as they come from the wire.</summary>
/// <param name="frame">All bytes of the frame.</param>
public delegate bool FrameChoice(ReadOnlySpan<byte> frame);

/// <summary>H24: takes posted buffers for frames and never completes them, hoping to starve who shares the ring.</summary>
/// <param name="seed">Decides when.</param>
/// <param name="choice">Which frames; null for all.</param>
public sealed class NeverCompletes(ulong seed, FrameChoice? choice = null) : HostileBehaviour("H24", "never completes", seed)
{
    private bool _withholds;

    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion) =>
        _withholds = (choice is null || choice(frame)) && Strike();

    /// <inheritdoc/>
    public override bool Withholds(int queue, in RxCompletion completion) => _withholds;
}
