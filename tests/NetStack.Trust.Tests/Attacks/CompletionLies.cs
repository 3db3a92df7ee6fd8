using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

internal sealed class H05() : RingAttack("H5", "byte count over the buffer's capacity", CompletionChecks.Capacity, DropReason.LengthOverCapacity, s => new LengthOverCapacity(s));

internal sealed class H07() : RingAttack("H7", "header length that is not the split", CompletionChecks.HeaderSplit, DropReason.BadHeaderSplit, s => new HeaderLengthLie(s))
{
    private protected override VirtualNicOptions Prepare(VirtualNicOptions options) => options with { HeaderSplit = true, HeaderSplitThreshold = 0 };
}

internal sealed class H08() : RingAttack("H8", "buffer id out of range", CompletionChecks.Queue, DropReason.BadBufferId, s => new BufferIdOutOfRange(s));

internal sealed class H09() : RingAttack("H9", "buffer never posted", CompletionChecks.Posted, DropReason.NotPosted, s => new BufferNeverPosted(s));

internal sealed class H10() : RingAttack("H10", "a buffer completed twice", CompletionChecks.Posted, DropReason.NotPosted, s => new DuplicateCompletion(s));

internal sealed class H11() : RingAttack("H11", "completions of an old lap", CompletionChecks.Owner, null, s => new OldLap(s));

internal sealed class H12() : RingAttack("H12", "another queue's buffer", CompletionChecks.Queue, DropReason.WrongQueue, s => new ForeignBuffer(s));

internal sealed class H13() : RingAttack("H13", "broken and endless chains", CompletionChecks.Chain, DropReason.BadChain, s => new BrokenChain(s));

internal sealed class H18() : RingAttack("H18", "segment count that cannot be", CompletionChecks.Segments, DropReason.BadSegments, s => new SegmentCountLie(s, isPossible: false));

internal sealed class H22() : RingAttack("H22", "a completion rewritten while it is read", CompletionChecks.ReadOnce, DropReason.LengthOverCapacity, s => new CompletionRewrite(s))
{
    public override Cell Stated(Column column) => new(Outcome.Stopped,
        "What the driver posted it never reads back: descriptors and buffer table are its own, and a completion is copied once, then checked.");
}
