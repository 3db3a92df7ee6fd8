using NetStack.Nic;

namespace NetStack.TrustTests;

// <trust>
/// <summary>For a steered client that wants nothing to do with the shared ring: what the hardware placed into its own memory goes
/// by another strategy, what came by the ring (broadcasts, multicasts, fragments) is copied whole.</summary>
public sealed class CopyUnlessOwn(ICopyStrategy own) : ICopyStrategy
{
    public CopyDecision Decide(in FrameFacts facts) => facts.Steered ? own.Decide(facts) : CopyDecision.All;

    public override string ToString() => $"CopyUnlessOwn({own})";
}
// </trust>
