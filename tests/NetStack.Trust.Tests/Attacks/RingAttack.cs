using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>A device that lies in its rings while frames pass to everybody, then is honest again. Nobody may have what was not sent to
/// it; frames may be lost while it lies, and must pass again afterwards.</summary>
public abstract class RingAttack : Attack
{
    /// <summary>What, switched off, lets the attack succeed.</summary>
    private protected abstract CompletionChecks Defence { get; }

    public override Cell Stated(Column column) => Outcome.Stopped;

    public sealed override Outcome Run(Column column, ulong seed) => Harm(column, seed, CompletionChecks.All) is null ? Outcome.Stopped : Outcome.NotStopped;

    public sealed override bool Control(Column column, ulong seed) => Harm(column, seed, CompletionChecks.All & ~Defence) is not null;

    /// <summary>A new device of this kind.</summary>
    protected abstract HostileBehaviour Create(ulong seed);

    /// <summary>What the NIC of this attack needs beside it.</summary>
    private protected virtual VirtualNicOptions Prepare(VirtualNicOptions options) => options;

    private string? Harm(Column column, ulong seed, CompletionChecks checks)
    {
        HostileBehaviour behaviour = Create(seed);
        using TrustWorld world = new(column, seed, o => Prepare(o) with { Tamper = behaviour, Checks = checks });
        world.Run(90);
        behaviour.IsActive = false;
        Assert.True(behaviour.Strikes > 0, $"{behaviour} never struck");
        world.Run(12); // what of a lie is still on its way
        if (world.Harm() is { } harm) return harm;
        return world.Recovers() ? null : "frames pass no more";
    }
}
