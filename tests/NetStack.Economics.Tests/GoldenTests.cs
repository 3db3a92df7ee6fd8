using NetStack.Bench.Economics;

namespace NetStack.Economics.Tests;

/// <summary>
/// Bytes copied, fetches, maps, invalidations, losses: the counted columns of every study are the same in every run, and a change
/// of one is seen in review. Set UPDATE_GOLDEN=1 to write the file anew.
/// </summary>
public sealed class GoldenTests
{
    private static string GoldenFile => Path.Combine(Counted.Root, "tests", "NetStack.Economics.Tests", "counted.txt");

    [Fact]
    public void Counted_columns_are_as_the_golden_file_says()
    {
        string[] lines = [.. Counted.All.SelectMany(f => f.Value.Tables.SelectMany(t => t.ExactLines()).Select(l => l.StartsWith('#') ? $"# {f.Key} {l[2..]}" : l))];
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllLines(GoldenFile, lines);
        Assert.Equal(File.ReadAllLines(GoldenFile), lines);
    }

    [Fact]
    public void The_document_shows_what_is_counted_now()
    {
        string document = File.ReadAllText(Path.Combine(Counted.Root, "docs", "copy-or-map.md"));
        foreach ((string study, Findings findings) in Counted.All)
        {
            foreach (ResultTable table in findings.Tables)
            {
                string begin = $"<!-- {study} {table.Name} -->";
                int start = document.IndexOf(begin, StringComparison.Ordinal);
                Assert.True(start >= 0, $"docs/copy-or-map.md has no section '{study} {table.Name}'");
                string section = document[start..document.IndexOf($"<!-- end of {study} {table.Name} -->", start, StringComparison.Ordinal)];
                Assert.Equal(Cells(table.ToMarkdown(isPadded: false), table), Cells(section, table));
            }
        }
    }

    /// <summary>The cells of a table of Markdown that are not measured.</summary>
    private static string[][] Cells(string markdown, ResultTable table) =>
        [.. markdown.Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal))
            .Select(l => l.Split('|')[1..^1].Select(c => c.Trim()).Where((_, i) => table.Columns[i].Kind != ColumnKind.Measured).ToArray())];
}
