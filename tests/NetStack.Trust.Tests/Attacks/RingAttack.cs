using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>A device that lies in its rings while frames pass to everybody, then is honest again. Nobody may have what was not sent to
/// it; frames may be lost while it lies, counted by their reason, and must pass again afterwards.</summary>
/// <param name="id">Its number.</param>
/// <param name="title">What it does.</param>
/// <param name="defence">The checks that, switched off, let it succeed.</param>
/// <param name="reason">What its lies are counted as; null where they are not even seen.</param>
/// <param name="create">A new device of this kind.</param>
internal abstract class RingAttack(string id, string title, CompletionChecks defence, DropReason? reason, Func<ulong, HostileBehaviour> create) : Attack
{
    public override string Id => id;

    public override string Title => title;

    public override Cell Stated(Column column) => Outcome.Stopped;

    public sealed override Outcome Run(Column column, ulong seed) => Attempt(column, seed, CompletionChecks.All).Outcome;

    public sealed override bool Control(Column column, ulong seed) => Attempt(column, seed, CompletionChecks.All & ~defence).Outcome != Outcome.Stopped;

    public override string Explain(Column column, ulong seed) => Attempt(column, seed, CompletionChecks.All).ToString();

    /// <summary>What the NIC of this attack needs beside it.</summary>
    private protected virtual VirtualNicOptions Prepare(VirtualNicOptions options) => options;

    private (Outcome Outcome, string Why) Attempt(Column column, ulong seed, CompletionChecks checks)
    {
        HostileBehaviour behaviour = create(seed);
        using TrustWorld world = new(column, seed, o => Prepare(o) with { Tamper = behaviour, Checks = checks });
        world.Run(90);
        behaviour.IsActive = false;
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        world.Run(12); // what of a lie is still on its way
        if (world.Harm() is { } harm) return (Outcome.NotStopped, harm);
        if (world.Missteered > 0) return (Outcome.Detected, "placed wrong");
        if (reason is { } counted && world.Nic.Queues.All(q => q.Counters.ReceiveDrops[counted] == 0)) return (Outcome.NotStopped, $"nothing was counted as {counted}");
        return world.Recovers() ? (Outcome.Stopped, "") : (Outcome.NotStopped, "frames pass no more");
    }
}
