using System.Globalization;
using System.Xml.Linq;
using NetStack.Bench.Economics;
using NetStack.Nic.Virtual;

namespace NetStack.Economics.Tests;

/// <summary>What docs/copy-or-map.md says of counts.</summary>
public sealed class ClaimTests
{
    [Fact]
    public void Small_transfers_are_cheaper_to_copy_than_to_map_whatever_the_preset()
    {
        foreach (string model in (string[])["model", "model-linux"])
        {
            foreach (string copy in (string[])["shadow, from memory", "shadow, cached"])
                Assert.True(Counted.Number("b1", model, "strict", "64") > Counted.Number("b1", model, copy, "64"));
        }
    }

    [Theory, InlineData("model"), InlineData("model-linux")]
    public void There_is_one_crossover_at_most(string model)
    {
        ResultTable table = Counted.Table("b1", model);
        foreach (string copy in (string[])["copy alone, from memory", "copy alone, cached"])
        {
            bool[] mapWins = [.. table.Rows.Select((_, row) => table.Number(row, "strict") < table.Number(row, copy))];
            Assert.Equal(mapWins.Order(), mapWins);
        }
    }

    [Fact]
    public void Registered_and_shadow_buffers_are_never_mapped_again()
    {
        foreach (string way in (string[])["registered", "shadow"])
        {
            foreach (string column in (string[])["maps", "unmaps", "invalidations"]) Assert.Equal(0, Counted.Number("b1", "model-counts", column, way));
        }
        ResultTable clients = Counted.Table("b5", "clients");
        Assert.All(Enumerable.Range(0, clients.Rows.Count), row => Assert.Equal(0, clients.Number(row, "maps a frame")));
    }

    [Fact]
    public void Mapping_by_the_page_exposes_what_lies_beside_and_a_pool_of_its_own_does_not()
    {
        Assert.True(Counted.Number("b1", "model-counts", "neighbours' bytes exposed", "strict") > 0);
        Assert.Equal(0, Counted.Number("b1", "model-counts", "neighbours' bytes exposed", "shadow"));
    }

    [Fact]
    public void A_mapping_that_serves_more_bytes_costs_less_for_each()
    {
        ResultTable table = Counted.Table("b1", "model-reuse");
        double[] costs = [.. table.Rows.Select((_, row) => table.Number(row, "strict"))];
        Assert.Equal(costs.OrderDescending(), costs);
        Assert.True(costs[0] > 100 * costs[^1]);
    }

    [Fact]
    public void Only_the_last_of_a_chain_copies_where_frames_go_by_handle()
    {
        for (int components = 1; components <= 5; components++)
        {
            string key = components.ToString(CultureInfo.InvariantCulture);
            Assert.Equal(1, Counted.Number("b4", "chain", "copied per byte received", key, "by handle"));
            Assert.Equal(components, Counted.Number("b4", "chain", "copied per byte received", key, "each copies"));
            Assert.Equal(1, Counted.Number("b4", "chain", "header fetches", key, "by handle"));
        }
    }

    [Fact]
    public void A_frame_that_is_discarded_is_touched_in_one_line_only() =>
        Assert.Equal(64, Counted.Number("b3", "capture", "bytes fetched a frame", "0", "headers first"));

    [Fact]
    public void Verified_steering_fetches_nothing_more()
    {
        Assert.Equal(Counted.Number("b6", "steering", "bytes fetched a frame", "believed"), Counted.Number("b6", "steering", "bytes fetched a frame", "verified"));
    }

    [Fact]
    public void A_slow_client_costs_the_other_nothing_unless_the_limits_are_off()
    {
        ResultTable table = Counted.Table("b8", "isolation");
        for (int row = 0; row < table.Rows.Count - 1; row++) Assert.Equal(0, table.Number(row, "quick lost"));
        Assert.True(table.Number(table.Rows.Count - 1, "quick lost") > 0, "without limits nothing is lost: then they are not what isolates");
    }

    [Fact]
    public void Presets_name_their_source()
    {
        Assert.Contains("not measured", IommuCosts.Illustrative.ToString(), StringComparison.Ordinal);
        Assert.Contains("dma_map_benchmark", IommuCosts.LinuxDmaMapBenchmark.ToString(), StringComparison.Ordinal);
        Assert.Equal(IommuCosts.Illustrative, new IommuOptions().Costs);
        Assert.Equal("unnamed", new IommuCosts(1, 2, 3, 4).ToString());
        Assert.Equal(2300, TransferModel.Run(IommuCosts.LinuxDmaMapBenchmark, TransferWay.Strict, 8 * 4096).Cycles);
    }

    [Fact]
    public void A_chart_is_well_formed_and_has_every_line()
    {
        LineChart chart = new("x", "Title & <more>", Axis.Bytes("bytes", [64, 1024]), Axis.Powers("ns", [3, 4000]),
            [new Series("a \"b\"", [(64, 3), (1024, 4000)]), new Series("c", [(64, double.NaN), (1024, 10)])]);
        XElement svg = XElement.Parse(chart.ToSvg());
        Assert.Equal(2, svg.Elements().Count(e => e.Name.LocalName == "polyline"));
        Assert.Contains(svg.Elements(), e => e.Value == "a \"b\"");
        Assert.DoesNotContain("NaN", chart.ToSvg(), StringComparison.Ordinal);
        foreach (string figure in Directory.EnumerateFiles(Path.Combine(Counted.Root, "docs", "figures"), "*.svg")) XElement.Load(figure);
    }
}
