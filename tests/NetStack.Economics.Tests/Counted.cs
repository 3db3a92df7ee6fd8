using NetStack.Bench.Economics;

namespace NetStack.Economics.Tests;

/// <summary>What the studies count, once for all tests: no time is measured.</summary>
internal static class Counted
{
    private static readonly Lazy<IReadOnlyDictionary<string, Findings>> Findings =
        new(static () => Study.All.ToDictionary(s => s.Name, s => s.Run(Effort.CountOnly)));

    internal static string Root => RepositoryRoot.Folder;

    internal static IReadOnlyDictionary<string, Findings> All => Findings.Value;

    /// <summary>A table of a study.</summary>
    internal static ResultTable Table(string study, string table) => All[study].Tables.Single(t => t.Name == table);

    /// <summary>A number of the row that has these keys.</summary>
    internal static double Number(string study, string table, string column, params string[] keys)
    {
        ResultTable found = Table(study, table);
        int row = found.Rows.FindIndex(r => r.Take(keys.Length).Cast<string>().SequenceEqual(keys));
        return row >= 0 ? found.Number(row, column) : throw new ArgumentException($"{study} {table} has no row {string.Join(", ", keys)}.", nameof(keys));
    }
}
