using NetStack.Memory;
using NetStack.Nic.Virtual;

namespace NetStack.Bench.Economics;

/// <summary>What is done with a buffer so that a device may write it, and only while it should.</summary>
internal enum TransferWay
{
    /// <summary>Mapped before each transfer, unmapped and invalidated after it.</summary>
    Strict,

    /// <summary>Mapped before each transfer, unmapped after it, invalidated in batches.</summary>
    Deferred,

    /// <summary>Mapped once, used again and again.</summary>
    Registered,

    /// <summary>A pool that is mapped once and never unmapped, and a copy out of it for each transfer.</summary>
    Shadow,
}

/// <summary>What a copy costs in the model.</summary>
/// <param name="Start">Cycles before the first byte.</param>
/// <param name="BytesPerCycle">Bytes in a cycle after that.</param>
internal readonly record struct CopyCosts(double Start, double BytesPerCycle)
{
    internal double Of(int bytes) => Start + bytes / BytesPerCycle;
}

/// <summary>A set of costs that belong together.</summary>
/// <param name="Iommu">The IOMMU's, with their source.</param>
/// <param name="FromMemory">A copy whose source no cache holds.</param>
/// <param name="Cached">A copy whose source a cache holds, as with DDIO.</param>
internal sealed record ModelCosts(IommuCosts Iommu, CopyCosts FromMemory, CopyCosts Cached)
{
    /// <summary>Illustrative costs; the copies are of the order of what the stand-ins' table shows at 3 cycles a nanosecond.</summary>
    internal static ModelCosts Illustrative { get; } = new(IommuCosts.Illustrative, new CopyCosts(60, 2), new CopyCosts(60, 16));

    /// <summary>Times that Linux printed; a cycle is a nanosecond.</summary>
    internal static ModelCosts LinuxDmaMapBenchmark { get; } = new(IommuCosts.LinuxDmaMapBenchmark, new CopyCosts(20, 6), new CopyCosts(20, 48));
}

/// <summary>What transfers did to the IOMMU, for one transfer.</summary>
internal sealed record TransferCounts(double Cycles, double Maps, double Unmaps, double Invalidations, double IotlbMisses, double Exposed, double BytesPerMapping);

/// <summary>
/// Drives the IOMMU of the virtual NIC as a driver would that receives into buffers of one size, one after the other. All of it is
/// counted, nothing is measured.
/// </summary>
internal static class TransferModel
{
    internal const int Transfers = 1024;

    private const int SlotSize = 2048; // what a driver cuts a page into for frames
    private const int Domain = 1;

    private static readonly TimeSpan Spacing = TimeSpan.FromMicroseconds(1); // 1 Mpps, far less than the interval of deferred flushes

    /// <summary>The counts of one transfer in the steady state; what is mapped once, before, is in <see cref="TransferCounts.BytesPerMapping"/> only.</summary>
    /// <param name="costs">The IOMMU's costs.</param>
    /// <param name="way">What is done with the buffer.</param>
    /// <param name="bytes">Bytes in a transfer.</param>
    /// <param name="uses">Transfers into a buffer before it is unmapped, where it is.</param>
    internal static TransferCounts Run(IommuCosts costs, TransferWay way, int bytes, int uses = 1)
    {
        bool isKept = way is TransferWay.Registered or TransferWay.Shadow;
        Iommu iommu = new(new IommuOptions { Mode = way == TransferWay.Deferred ? IommuMode.Deferred : IommuMode.Strict, Costs = costs });
        int slot = bytes <= SlotSize ? SlotSize : (bytes + DmaRegion.PageSize - 1) & -DmaRegion.PageSize;
        int slots = Math.Max(16, (1 << 20) / slot);
        DmaRegion region = DmaRegion.Allocate(slot * slots);
        ulong kept = isKept ? iommu.Map(Domain, region, DmaDirection.Write) : 0;
        Instant now = Instant.Zero;
        for (int i = 0; isKept && i < slots; i++) Write(iommu, kept + (ulong)(i * slot), bytes, now); // what the IOTLB can hold it holds now
        (long cycles, long maps, long misses) = (iommu.Cycles, iommu.Maps, iommu.IotlbMisses);
        ulong at = 0;
        for (int i = 0; i < Transfers; i++)
        {
            int offset = i / uses % slots * slot;
            if (isKept) at = kept + (ulong)offset;
            else if (i % uses == 0) at = iommu.Map(Domain, region, offset, bytes, DmaDirection.Write);
            Write(iommu, at, bytes, now);
            now += Spacing;
            if (!isKept && i % uses == uses - 1) iommu.Unmap(Domain, at, now, static () => { });
            iommu.Poll(now);
        }
        double each = Transfers;
        return new TransferCounts((iommu.Cycles - cycles) / each, (iommu.Maps - maps) / each, iommu.Unmaps / each, iommu.Invalidations / each,
            (iommu.IotlbMisses - misses) / each, isKept ? 0 : iommu.BytesExposed / each, (double)Transfers * bytes / iommu.Maps);
    }

    /// <summary>IOTLB misses of a frame in the steady state, in a registered ring of 2 KiB buffers that are used in turn.</summary>
    internal static double IotlbMisses(int ringBytes, int pageSize, int frameLength)
    {
        Iommu iommu = new(new IommuOptions { PageSize = pageSize });
        DmaRegion region = DmaRegion.Allocate(ringBytes, hugePages: pageSize == DmaRegion.HugePageSize);
        ulong start = iommu.Map(Domain, region, DmaDirection.Write);
        int frames = ringBytes / SlotSize;
        for (int i = 0; i < frames; i++) Write(iommu, start + (ulong)(i * SlotSize), frameLength, Instant.Zero);
        long misses = iommu.IotlbMisses;
        for (int i = 0; i < frames; i++) Write(iommu, start + (ulong)(i * SlotSize), frameLength, Instant.Zero);
        return (iommu.IotlbMisses - misses) / (double)frames;
    }

    private static void Write(Iommu iommu, ulong at, int bytes, Instant now)
    {
        if (!iommu.TryTranslate(Domain, at, bytes, DmaDirection.Write, now, out _, out _)) throw new InvalidOperationException("The device could not write.");
    }
}
