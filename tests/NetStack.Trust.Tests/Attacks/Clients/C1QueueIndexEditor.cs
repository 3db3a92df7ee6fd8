using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

public sealed class C1QueueIndexEditor : ClientAttack
{
    public override string Id => "C1";

    public override string Title => "edits queue indices";

    public override Cell Stated(Column column) => new(Outcome.NotApplicable,
        "A client calls its queue; no index, count or descriptor lies where it can write. It can falsify what its own port counted, which nobody else reads.");

    public override Outcome Run(Column column, ulong seed) => Harm(column, seed, new Defences()) is null ? Outcome.NotApplicable : Outcome.NotStopped;

    public override bool Control(Column column, ulong seed) => false;

    /// <summary>It leads to nothing that could be written with anybody's knowledge but its own.</summary>
    private protected override string? HarmBeside(TrustWorld world, HostileClient client) =>
        Reach.From(world.Ports[TrustWorld.Neighbour]).FirstOrDefault(o => o is DmaRegion or BufferPool or byte[] or PacketMultiplexer or MultiplexerOptions or VirtualNic)
            is { } shared ? $"a port leads to {shared}" : null;

    private protected override HostileClient Create(TrustWorld world, INic port, ulong seed) => new QueueIndexEditor(port, seed);
}
