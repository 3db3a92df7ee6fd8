using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>
/// The mapping is never taken away, as on a machine without an IOMMU, so that nothing but the waiting stands between the device and
/// memory that has become something else's.
/// </summary>
public sealed class C6EarlyLeaver : ClientAttack
{
    private readonly Wire _wire = new();

    public override string Id => "C6";

    public override string Title => "unregisters while in flight, and uses everything after";

    public override Cell Stated(Column column) => column == Column.Shadow
        ? new Cell(Outcome.Stopped, "Its memory was never the device's. Control: the same client with CopyHeaders, and a NIC that does not wait.")
        : new Cell(Outcome.Stopped, "Unregistering ends when the device has nothing of it any more. Control: a NIC that does not wait.");

    public override bool Control(Column column, ulong seed) =>
        Harm(column == Column.Shadow ? Column.CopyHeaders : column, seed, new Defences(Driver: CompletionChecks.All & ~CompletionChecks.Drained)) is not null;

    private protected override HostileClient Create(TrustWorld world, INic port, ulong seed)
    {
        world.Nic.Attach(_wire);
        _wire.Frames.Clear();
        _wire.IsOpen = false;
        return new EarlyLeaver(port, seed);
    }

    private protected override void Configure(PortOptions options)
    {
        base.Configure(options);
        options.Addresses.Add(IpAddress.V4(0x0A_00_00_01));
    }

    private protected override VirtualNicOptions Configure(VirtualNicOptions options) => options with { Iommu = new IommuOptions { Mode = IommuMode.Permanent } };

    private protected override string? HarmBeside(TrustWorld world, HostileClient client)
    {
        _wire.IsOpen = true;
        for (int i = 0; i < 20; i++) world.Step();
        if (!((EarlyLeaver)client).IsGone) return "unregistering never ended";
        return _wire.Frames.Any(f => f.Contains(EarlyLeaver.Secret)) ? "the device sent what the memory was used for afterwards" : null;
    }
}
