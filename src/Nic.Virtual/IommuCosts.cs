namespace NetStack.Nic.Virtual;

/// <summary>What an IOMMU's operations cost, in virtual cycles. What a cycle is, and where the numbers come from, says
/// <see cref="Source"/>.</summary>
/// <param name="Map">Mapping one page.</param>
/// <param name="Unmap">Unmapping one page.</param>
/// <param name="Invalidate">One IOTLB invalidation, waited for.</param>
/// <param name="IotlbMiss">A page walk.</param>
public sealed record IommuCosts(int Map = 500, int Unmap = 500, int Invalidate = 2_000, int IotlbMiss = 400)
{
    /// <summary>Mapping a range, however many pages it has, on top of <see cref="Map"/> for each: finding an address for it.</summary>
    public int MapCall { get; init; }

    /// <summary>Unmapping a range, however many pages it has, on top of <see cref="Unmap"/> for each.</summary>
    public int UnmapCall { get; init; }

    /// <summary>Where the numbers come from, for whoever prints what they lead to.</summary>
    public string Source { get; init; } = "unnamed";

    /// <summary>Round numbers of ours, of an order that is common in the literature; nobody measured them.</summary>
    public static IommuCosts Illustrative { get; } = new() { Source = "illustrative: round numbers, not measured" };

    /// <summary>
    /// What Linux's dma_map_benchmark printed for <c>dma_map_single</c> of 8 pages with 8 threads: 1.0 µs to map, 1.3 µs to unmap, the
    /// invalidation included if there was one. A cycle is a nanosecond. The source names neither machine nor mode, and no
    /// translation cost, so that all of it stands as costs of the two calls.
    /// </summary>
    /// <remarks>Qinxin Xia, "dma mapping benchmark: add support for dma_map_sg", v2, linux-kernel, 6 May 2025,
    /// message 20250506030100.394376-1-xiaqinxin@huawei.com.</remarks>
    public static IommuCosts LinuxDmaMapBenchmark { get; } = new(Map: 0, Unmap: 0, Invalidate: 0, IotlbMiss: 0)
    {
        MapCall = 1_000,
        UnmapCall = 1_300,
        Source = "Linux dma_map_benchmark, dma_map_single of 8 pages, 8 threads (linux-kernel, 6 May 2025); 1 cycle = 1 ns",
    };

    /// <summary>The source.</summary>
    public override string ToString() => Source;
}
