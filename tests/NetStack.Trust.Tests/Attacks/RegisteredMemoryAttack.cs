using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.TrustTests;

/// <summary>
/// A device that reaches for memory of the client: it may read and write there what was registered, while it was. The client keeps
/// a secret where the device has no business.
/// </summary>
public abstract class RegisteredMemoryAttack : Attack
{
    protected const string NeverMapped = "the client's memory is never mapped";

    public override Outcome Run(Column column, ulong seed) => IsHarmed(column, seed, Mode) ? Outcome.NotStopped : Outcome.Stopped;

    /// <summary>How the IOMMU invalidates.</summary>
    private protected virtual IommuMode Mode => IommuMode.Strict;

    /// <summary>What stands between in a column: where client memory is never mapped, that; elsewhere the IOMMU.</summary>
    public override bool Control(Column column, ulong seed) => IsHarmed(Mapped(column), seed, IommuMode.Off);

    /// <summary>The column whose memory is mapped: Shadow as if it were not.</summary>
    private protected static Column Mapped(Column column) => column == Column.Shadow ? Column.CopyHeaders : column;

    /// <summary>Whether the secret was read or changed.</summary>
    private protected abstract bool IsHarmed(Column column, ulong seed, IommuMode mode);

    private protected static TrustWorld World(Column column, ulong seed, IommuMode mode, MemoryBehaviour behaviour) =>
        new(column, seed, o => o with { Tamper = behaviour, Iommu = new IommuOptions { Mode = mode } }, port: ClientMemory.Configure);
}
