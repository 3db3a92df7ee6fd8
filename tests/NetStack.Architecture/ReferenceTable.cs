using System.Xml.Linq;

namespace NetStack.Architecture;

/// <summary>Who may reference whom: the table of docs/ARCHITECTURE.md, read from there, so that the picture cannot drift.</summary>
public sealed class ReferenceTable
{
    private static readonly Dictionary<string, HashSet<string>> Allowed = ReadTable();

    [Fact]
    public void Every_project_under_src_has_a_row_and_every_row_a_project()
    {
        string[] projects = [.. Projects().Select(Path.GetFileNameWithoutExtension).Cast<string>().Order(StringComparer.Ordinal)];
        Assert.Equal(projects, Allowed.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_project_references_only_what_its_row_allows()
    {
        List<string> offences = [];
        foreach (string project in Projects())
        {
            string name = Path.GetFileNameWithoutExtension(project);
            HashSet<string> closure = Closure(name);
            foreach (XElement reference in XDocument.Load(project).Descendants("ProjectReference"))
            {
                string target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));
                if (!closure.Contains(target)) offences.Add($"{name} -> {target}");
            }
        }
        Assert.Empty(offences);
    }

    [Fact]
    public void The_table_has_no_cycle()
    {
        foreach (string name in Allowed.Keys) Assert.DoesNotContain(name, Closure(name));
    }

    private static IEnumerable<string> Projects() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories);

    private static HashSet<string> Closure(string name)
    {
        HashSet<string> closure = [];
        Stack<string> open = new(Allowed.GetValueOrDefault(name) ?? []);
        while (open.TryPop(out string? next))
        {
            if (!closure.Add(next)) continue;
            foreach (string further in Allowed.GetValueOrDefault(next) ?? []) open.Push(further);
        }
        return closure;
    }

    private static Dictionary<string, HashSet<string>> ReadTable()
    {
        Dictionary<string, HashSet<string>> table = [];
        bool inTable = false;
        foreach (string line in File.ReadLines(Path.Combine(Repository.Root, "docs", "ARCHITECTURE.md")))
        {
            if (line.StartsWith("| assembly |", StringComparison.Ordinal))
            {
                inTable = true;
                continue;
            }
            if (!inTable || line.StartsWith("|---", StringComparison.Ordinal)) continue;
            if (!line.StartsWith('|')) break;
            string[] cells = [.. line.Split('|').Select(c => c.Trim())];
            table.Add(Name(cells[1]), [.. cells[2].Split(',').Select(Name).Where(n => n.Length > 0 && n != "BCL")]);
        }
        return table;

        static string Name(string cell) => cell.Trim().Trim('`');
    }
}
