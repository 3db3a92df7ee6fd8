using System.Text;

namespace NetStack.Inspect.Tests;

/// <summary>What the tool does with damaged files is what docs/damaged-files.md says. UPDATE_GOLDEN=1 writes its table anew.</summary>
public sealed class DamageTests(TempFolder folder) : IClassFixture<TempFolder>
{
    private const string Begin = "<!-- table -->\n";
    private const string End = "<!-- end of table -->";

    [Fact]
    public async Task The_table_of_damaged_files_is_what_happens()
    {
        StringBuilder table = new("| file | packets | exit | says | with `--recover`: packets | exit | says |\n|---|---|---|---|---|---|---|\n");
        foreach ((string name, byte[] content) in DamagedFiles.All())
        {
            string file = folder.Write(name, content);
            ToolRun[] runs = await Task.WhenAll(Tool.RunAsync("inspect", file), Tool.RunAsync("inspect", "--recover", file));
            table.Append($"| {name} ");
            foreach (ToolRun run in runs) table.Append($"| {run.Lines.Length} | {run.Exit} | {run.Error.Replace($"netstack: {file}: ", "", StringComparison.Ordinal).Trim().ReplaceLineEndings("; ")} ");
            table.Append("|\n");
            int before = name switch { "zeros-middle.pcap" => 10, "appended.pcap" => 20, _ => runs[0].Lines.Length }; // there some of the damage reads as packets
            Assert.Equal(runs[0].Lines.Take(before), runs[1].Lines.Take(before));
        }
        string document = RepositoryRoot.PathOf("docs", "damaged-files.md");
        string text = await File.ReadAllTextAsync(document, TestContext.Current.CancellationToken);
        int start = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, end = text.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") await File.WriteAllTextAsync(document, text[..start] + table + text[end..], TestContext.Current.CancellationToken);
        else Assert.Equal(text[start..end], table.ToString());
    }

    [Fact]
    public async Task Standard_input_that_is_closed_is_said()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptors are Linux's");
        ToolRun run = await Tool.RunRedirectedAsync("<&-", "inspect", "-");
        Assert.Equal((1, "netstack: -: standard input is closed"), (run.Exit, run.Message));
    }

    [Fact]
    public async Task Several_files_come_by_time_and_each_ones_damage_is_said_by_its_name()
    {
        byte[] good = DamagedFiles.All().First(f => f.Name == "good.pcap").File;
        string whole = folder.Write("whole.pcap", good), cut = folder.Write("cut.pcap", good[..^1]);
        ToolRun run = await Tool.RunAsync("inspect", "-r", whole, "-r", cut, "-r", whole);
        Assert.Equal((2, 59), (run.Exit, run.Lines.Length));
        Assert.StartsWith($"netstack: {cut}: truncated_file at byte ", run.Message, StringComparison.Ordinal);
        string[] alone = (await Tool.RunAsync("inspect", whole)).Lines;
        Assert.Equal(alone.SelectMany((line, i) => Enumerable.Repeat(line, i < 19 ? 3 : 2)), run.Lines);

        ToolRun missing = await Tool.RunAsync("inspect", "-r", whole, "-r", folder.Missing);
        Assert.Equal((1, "", $"netstack: {folder.Missing}: no such file"), (missing.Exit, missing.Output, missing.Message));
    }
}
