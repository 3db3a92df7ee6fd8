using System.Text.RegularExpressions;

namespace NetStack.TrustTests;

/// <summary>What each attack does to each kind of client is what docs/trust.md says, and what is said to be stopped is stopped by what
/// we say stops it.</summary>
public sealed class MatrixTests
{
    private const string Start = "<!-- matrix -->\n";
    private const string End = "<!-- /matrix -->";

    public static TheoryData<string, string> Cells => CellsWhere(_ => true);

    public static TheoryData<string, string> Controlled => CellsWhere(c => Matrix.NeedsControl(c.Outcome));

    [Theory, MemberData(nameof(Cells))]
    public void An_attack_does_what_is_stated(string attack, string column)
    {
        (Outcome outcome, string seeds) = Matrix.Observed(Matrix.Of(attack), Column.Of(column));
        Assert.True(outcome == Matrix.Of(attack).Stated(Column.Of(column)).Outcome, $"{attack}, {column}: observed {outcome} ({seeds})");
    }

    [Theory, MemberData(nameof(Controlled))]
    public void With_its_defence_switched_off_the_attack_succeeds(string attack, string column)
    {
        ulong? failed = Matrix.FailedControl(Matrix.Of(attack), Column.Of(column));
        Assert.True(failed is null, $"{attack}, {column}: the control run did nothing, seed {failed}");
    }

    [Fact]
    public void The_matrix_in_the_documentation_is_the_one_observed()
    {
        string file = RepositoryRoot.PathOf("docs", "trust.md");
        string text = File.ReadAllText(file);
        int start = text.IndexOf(Start, StringComparison.Ordinal) + Start.Length;
        int end = text.IndexOf(End, StringComparison.Ordinal);
        Assert.True(start >= Start.Length && end >= start, $"{file} has no place for the matrix");
        string table = $"\n{Matrix.Table()}\n";
        Directory.CreateDirectory(RepositoryRoot.PathOf("artifacts"));
        File.WriteAllText(RepositoryRoot.PathOf("artifacts", "trust.txt"), $"{Matrix.Table()}\n{Matrix.Summary()}\n");
        if (Environment.GetEnvironmentVariable("UPDATE_TRUST") == "1") File.WriteAllText(file, text[..start] + table + text[end..]);
        else Assert.True(text[start..end] == table, $"docs/trust.md says otherwise; UPDATE_TRUST=1 writes:\n{table}");
    }

    [Fact]
    public void The_tests_that_the_documentation_names_for_its_claims_are_there()
    {
        string text = File.ReadAllText(RepositoryRoot.PathOf("docs", "trust.md"));
        string claims = text[text.IndexOf("## Claims", StringComparison.Ordinal)..text.IndexOf("## Known holes", StringComparison.Ordinal)];
        string[] classes = [.. Regex.Matches(claims, "`([A-Za-z]+Tests)`").Select(m => m.Groups[1].Value).Distinct()];
        Assert.True(classes.Length > 10);
        foreach (string name in classes) Assert.NotEmpty(Directory.GetFiles(RepositoryRoot.PathOf("tests"), name + ".cs", SearchOption.AllDirectories));
        foreach (Match attack in Regex.Matches(claims, @"\b[HC][0-9]+\b")) Assert.Contains(Matrix.Attacks, a => a.Id == attack.Value);
    }

    private static TheoryData<string, string> CellsWhere(Func<Cell, bool> wanted)
    {
        TheoryData<string, string> data = [];
        foreach (Attack attack in Matrix.Attacks)
        {
            foreach (Column column in Column.All)
            {
                if (wanted(attack.Stated(column))) data.Add(attack.ToString(), column.Name);
            }
        }
        return data;
    }
}
