using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>inspect -T fields with -e and -E, --csv, --fields, and the list that fields gives.</summary>
public sealed class FieldCommandTests
{
    private static readonly string Ping = SampleCaptures.PathOf("ping");

    [Fact]
    public async Task Fields_come_in_the_order_asked_parted_by_tabs()
    {
        ToolRun run = await Tool.RunAsync("inspect", "-T", "fields", "-e", "frame.number", "-e", "ip.dst", "-e", "ip.src", Ping, "icmp[0]", "!=", "3");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.All(run.Lines, l => Assert.Matches(@"^\d+\t192\.0\.2\.\d\t192\.0\.2\.\d$", l));
        Assert.Equal((await Tool.RunAsync("inspect", Ping, "icmp[0] != 3")).Lines.Length, run.Lines.Length);
    }

    [Fact]
    public async Task A_header_quotes_separators_and_occurrences_are_as_E_says()
    {
        string[] plain = (await Tool.RunAsync("inspect", "-T", "fields", "-e", "ip.addr", "-e", "frame.len", Ping, "icmp")).Lines;
        string[] dressed = (await Tool.RunAsync("inspect", "-T", "fields", "-e", "ip.addr", "-e", "frame.len", "-E", "header=y", "-E", "separator=;", "-E", "quote=d", "-E", "aggregator=/s", Ping, "icmp")).Lines;
        Assert.Equal("ip.addr;frame.len", dressed[0]);
        Assert.Equal(plain.Select(l => '"' + l.Replace("\t", "\";\"").Replace(',', ' ') + '"'), dressed[1..]);
        string[] first = (await Tool.RunAsync("inspect", "-T", "fields", "-e", "ip.addr", "-E", "occurrence=f", Ping, "icmp")).Lines;
        Assert.Equal(plain.Select(l => l.Split(',')[0]), first);
    }

    [Fact]
    public async Task Csv_has_a_line_of_names_and_as_many_cells_in_every_line()
    {
        ToolRun run = await Tool.RunAsync("inspect", "--csv", "-E", "occurrence=f", "--fields", "frame.number,ip.src,ipv6.src", Ping);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal("frame.number,ip.src,ipv6.src", run.Lines[0].TrimEnd());
        Assert.All(run.Lines, l => Assert.Equal(3, l.Split(',').Length));
        Assert.Equal((await Tool.RunAsync("inspect", Ping)).Lines.Length + 1, run.Lines.Length);
    }

    [Fact]
    public async Task Every_field_that_is_listed_can_be_asked_for()
    {
        ToolRun list = await Tool.RunAsync("fields");
        Assert.Equal((0, ""), (list.Exit, list.Error));
        string[] names = [.. list.Lines.Select(l => l.Split([' ', '\t'])[0]).Where(n => n.Length > 0)];
        Assert.InRange(names.Length, 100, 2_000);
        Assert.Equal(names.Distinct(), names);
        ToolRun run = await Tool.RunAsync(["inspect", "-T", "fields", "-c", "3", .. names.SelectMany(n => new[] { "-e", n }), Ping]);
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.All(run.Lines, l => Assert.Equal(names.Length, l.Split('\t').Length));
    }

    [Fact]
    public async Task A_field_that_is_not_known_and_an_E_that_cannot_be_are_refused()
    {
        foreach (string[] words in new[] { ["-T", "fields", "-e", "no.such"], ["-T", "fields"], ["-T", "fields", "-e", "ip.src", "-E", "quote=x"], new[] { "-T", "nonsense", "-e", "ip.src" } })
        {
            ToolRun run = await Tool.RunAsync(["inspect", .. words, Ping]);
            Assert.Equal((1, ""), (run.Exit, run.Output));
            Assert.NotEmpty(run.Error);
        }
    }
}
