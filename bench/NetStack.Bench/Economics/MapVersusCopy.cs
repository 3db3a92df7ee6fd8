using NetStack.Memory;
using NetStack.Nic.Virtual;

namespace NetStack.Bench.Economics;

/// <summary>B1: from which size on mapping a buffer for a transfer is cheaper than copying it, in the model and with what this machine has.</summary>
internal sealed class MapVersusCopy : Study
{
    internal static readonly int[] Sizes = [64, 256, 1024, 1514, 4096, 16 << 10, 64 << 10, 256 << 10, 1 << 20];

    private const int FrameLength = 1514;

    internal override string Name => "b1";

    internal override string Title => "Map or copy: where is the crossover?";

    internal override Findings Run(Effort effort)
    {
        ResultTable illustrative = Model("model", ModelCosts.Illustrative);
        List<ResultTable> tables = [illustrative, Model("model-linux", ModelCosts.LinuxDmaMapBenchmark), Counts(), Iotlb(), Reuse()];
        List<LineChart> charts = [ModelChart(illustrative)];
        List<string> remarks = [];
        if (effort.IsTimed)
        {
            (ResultTable medians, ResultTable least) = PageTableStandIns.Measure(effort);
            tables.AddRange([medians, least, Crossover.Of(least), Crossover.Affordable(medians), UmemRegistration.Measure(effort, medians, remarks)]);
            charts.Add(MachineChart(least));
        }
        return new Findings(tables, charts, remarks);
    }

    /// <summary>Cycles of a transfer by size and way.</summary>
    internal static ResultTable Model(string name, ModelCosts costs)
    {
        ResultTable table = new(name, $"Model: virtual cycles of a transfer; {costs.Iommu.Source}; a copy of {costs.FromMemory.BytesPerCycle} bytes a cycle from memory, {costs.Cached.BytesPerCycle} cached",
            Column.Key("bytes"), Column.Exact("strict"), Column.Exact("deferred"), Column.Exact("registered"),
            Column.Exact("shadow, from memory"), Column.Exact("shadow, cached"), Column.Exact("copy alone, from memory"), Column.Exact("copy alone, cached"));
        foreach (int bytes in Sizes)
        {
            double shadow = TransferModel.Run(costs.Iommu, TransferWay.Shadow, bytes).Cycles;
            table.Add($"{bytes}", TransferModel.Run(costs.Iommu, TransferWay.Strict, bytes).Cycles, TransferModel.Run(costs.Iommu, TransferWay.Deferred, bytes).Cycles,
                TransferModel.Run(costs.Iommu, TransferWay.Registered, bytes).Cycles, shadow + costs.FromMemory.Of(bytes), shadow + costs.Cached.Of(bytes),
                costs.FromMemory.Of(bytes), costs.Cached.Of(bytes));
        }
        return table;
    }

    private static ResultTable Counts()
    {
        ResultTable table = new("model-counts", $"Model: what the IOMMU does for a frame of {FrameLength} bytes, in buffers of 2,048; {TransferModel.Transfers} frames",
            Column.Key("way"), Column.Exact("maps"), Column.Exact("unmaps"), Column.Exact("invalidations"), Column.Exact("IOTLB misses"),
            Column.Exact("bytes copied per byte"), Column.Exact("neighbours' bytes exposed"), Column.Exact("bytes per mapping"));
        foreach (TransferWay way in Enum.GetValues<TransferWay>())
        {
            TransferCounts counts = TransferModel.Run(ModelCosts.Illustrative.Iommu, way, FrameLength);
            table.Add(way.ToString().ToLowerInvariant(), counts.Maps, counts.Unmaps, counts.Invalidations, counts.IotlbMisses,
                way == TransferWay.Shadow ? 1 : 0, counts.Exposed, counts.BytesPerMapping);
        }
        return table;
    }

    private static ResultTable Iotlb()
    {
        ResultTable table = new("model-iotlb", $"Model: IOTLB misses of a frame of {FrameLength} bytes in a registered ring, {new IommuOptions().IotlbEntries} entries",
            Column.Key("ring"), Column.Exact("4 KiB pages"), Column.Exact("2 MiB pages"));
        foreach (int ring in (int[])[256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20])
        {
            table.Add(Axis.SizeText(ring), TransferModel.IotlbMisses(ring, DmaRegion.PageSize, FrameLength), TransferModel.IotlbMisses(ring, DmaRegion.HugePageSize, FrameLength));
        }
        return table;
    }

    private static ResultTable Reuse()
    {
        ModelCosts costs = ModelCosts.Illustrative;
        ResultTable table = new("model-reuse", $"Model: virtual cycles of a frame of {FrameLength} bytes when a mapping serves several before it is unmapped; {costs.Iommu.Source}",
            Column.Key("frames a mapping"), Column.Exact("bytes per mapping"), Column.Exact("strict"), Column.Exact("÷ shadow, from memory"), Column.Exact("÷ shadow, cached"));
        double shadow = TransferModel.Run(costs.Iommu, TransferWay.Shadow, FrameLength).Cycles;
        for (int uses = 1; uses <= TransferModel.Transfers; uses *= 2)
        {
            TransferCounts counts = TransferModel.Run(costs.Iommu, TransferWay.Strict, FrameLength, uses);
            table.Add($"{uses}", counts.BytesPerMapping, counts.Cycles, counts.Cycles / (shadow + costs.FromMemory.Of(FrameLength)), counts.Cycles / (shadow + costs.Cached.Of(FrameLength)));
        }
        return table;
    }

    private static LineChart ModelChart(ResultTable table) => Chart("b1-model", "Model: a transfer, illustrative costs", "virtual cycles", table, table.Columns.Skip(1).Select(c => c.Name));

    private static LineChart MachineChart(ResultTable table) =>
        Chart("b1", "Measured: a buffer changes hands (stand-ins at their least), or its bytes do", "ns", table, table.Columns.Skip(1).Select(c => c.Name));

    private static LineChart Chart(string name, string title, string unit, ResultTable table, IEnumerable<string> columns)
    {
        Series[] lines = [.. columns.Select(c => new Series(c.Replace(", ns", "", StringComparison.Ordinal), [.. Sizes.Select((s, row) => ((double)s, table.Number(row, c)))]))];
        return new LineChart(name, title, Axis.Bytes("bytes in the buffer", [64, 256, 1024, 4096, 16384, 65536, 262144, 1 << 20]),
            Axis.Powers(unit, lines.SelectMany(l => l.Points).Select(p => p.Y)), lines);
    }
}
