using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>What a control run of a client's attack is without.</summary>
/// <param name="Checks">The multiplexer's checks of what clients hand in.</param>
/// <param name="Driver">The driver's, of buffers that are posted.</param>
internal sealed record Defences(ClientChecks Checks = ClientChecks.All, CompletionChecks Driver = CompletionChecks.All);

/// <summary>A hostile client beside honest ones, in the place of the victim's neighbour. It may harm itself; the others must lose
/// nothing, have nothing that was not sent to them, and go on.</summary>
public abstract class ClientAttack : Attack
{
    public override Cell Stated(Column column) => Outcome.Stopped;

    public override Outcome Run(Column column, ulong seed) => Harm(column, seed, new Defences()) is null ? Outcome.Stopped : Outcome.NotStopped;

    /// <summary>A new client of this kind on a port.</summary>
    private protected abstract HostileClient Create(TrustWorld world, INic port, ulong seed);

    /// <summary>How it attaches, beside what the column says.</summary>
    private protected virtual void Configure(PortOptions options)
    {
        options.SteeredBufferCount = 8; // room for what it posts itself
        options.HeldFrames = 0; // copies go there too, whatever the strategy
    }

    private protected virtual void Configure(MultiplexerOptions options)
    {
    }

    private protected virtual VirtualNicOptions Configure(VirtualNicOptions options) => options;

    /// <summary>What is sent meanwhile.</summary>
    private protected virtual void Pass(TrustWorld world) => world.Run(150);

    /// <summary>What it did to others beside what they saw.</summary>
    private protected virtual string? HarmBeside(TrustWorld world, HostileClient client) => null;

    private protected virtual TrustWorld World(Column column, ulong seed, Defences defences) => new(
        column,
        seed,
        o => Configure(o) with { Checks = defences.Driver },
        o =>
        {
            o.Checks = defences.Checks;
            Configure(o);
        },
        (i, o) =>
        {
            if (i == TrustWorld.Neighbour) Configure(o);
        });

    private protected string? Harm(Column column, ulong seed, Defences defences)
    {
        using TrustWorld world = World(column, seed, defences);
        HostileClient client = world.Hostile[TrustWorld.Neighbour] = Create(world, world.Ports[TrustWorld.Neighbour], seed);
        Pass(world);
        Assert.True(client.Strikes > 0, $"{client} never struck");
        return world.Harm() ?? HarmBeside(world, client) ?? (world.Recovers() ? null : "frames of others pass no more");
    }
}
