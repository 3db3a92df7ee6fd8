using System.Reflection;
using NetStack.Tests.Kit;

namespace NetStack.Tests;

/// <summary>docs/rfc9293.md and the attributes of the tests say the same, and leave nothing of RFC 9293 appendix B out.</summary>
public sealed class RequirementTableTests
{
    private const string NotImplemented = "not implemented: ";
    private const string NotApplicable = "not applicable: ";

    private static readonly List<Row> Rows = [.. RepositoryFiles.Read("docs/rfc9293.md").Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Select(Row.Of)
        .Where(r => r.Name != "name")];

    [Fact]
    public void Every_requirement_of_the_appendix_has_its_rows()
    {
        string[] names = [.. Numbers("MUST", 69), .. Numbers("SHLD", 31), .. Numbers("MAY", 18), "REC-1"];
        Assert.Equal(names.Order(), Rows.Select(r => r.Name).Distinct().Order());
        Dictionary<string, int> several = new() { ["SHLD-5"] = 2, ["MUST-15"] = 2, ["MUST-46"] = 2, ["MUST-57"] = 2, ["MUST-20"] = 2, ["MUST-56"] = 3 };
        Assert.All(Rows.GroupBy(r => r.Name), g => Assert.Equal(several.GetValueOrDefault(g.Key, 1), g.Count()));
        Assert.Equal((75, 33, 18), (Count("MUST"), Count("SHOULD"), Count("MAY")));

        static IEnumerable<string> Numbers(string level, int last) => Enumerable.Range(1, last).Select(n => $"{level}-{n}");
        static int Count(string level) => Rows.Count(r => r.Level.Split(' ')[0] == level);
    }

    [Fact]
    public void Every_row_has_the_level_of_its_name_a_section_a_meaning_and_a_test_or_a_reason()
    {
        Assert.All(Rows, row =>
        {
            string level = row.Name.Split('-')[0] switch { "MUST" => "MUST", "MAY" => "MAY", _ => "SHOULD" };
            Assert.Contains(row.Level, new[] { level, $"{level} NOT" });
            Assert.Matches(@"^3\.\d+(\.\d+)*$", row.Section);
            Assert.True(row.What.Length > 0, row.Name);
            bool hasReason = row.Reason?.Split(": ", 2)[1].Trim().Length > 0;
            Assert.True(hasReason || row.Tests.Length > 0, $"{row.Name} has no test and no reason");
        });
    }

    [Fact]
    public void Each_pair_of_requirement_and_test_stands_in_the_table_and_on_the_test()
    {
        IEnumerable<string> written = Rows.SelectMany(r => r.Tests.Select(t => $"{r.Name} {t}")).Distinct();
        IEnumerable<string> attributed =
            from type in typeof(RequirementTableTests).Assembly.GetTypes()
            from method in type.GetMethods()
            from rfc in method.GetCustomAttributes<RfcAttribute>()
            from requirement in rfc.Requirements
            select $"{requirement} {type.Name}.{method.Name}";
        Assert.Equal(attributed.Distinct().Order(StringComparer.Ordinal), written.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_has_a_requirement_is_a_test_and_the_rule_is_of_RFC_9293()
    {
        IEnumerable<MethodInfo> methods = typeof(RequirementTableTests).Assembly.GetTypes().SelectMany(t => t.GetMethods());
        foreach (MethodInfo method in methods)
        {
            foreach (RfcAttribute rfc in method.GetCustomAttributes<RfcAttribute>().Where(r => r.Requirements.Count > 0))
            {
                Assert.True(method.IsDefined(typeof(FactAttribute)), $"{method.Name} is no test"); // a theory is a fact
                Assert.Equal(9293, rfc.Number);
            }
        }
        Assert.DoesNotContain(typeof(RequirementTableTests).Assembly.GetTypes(), t => t.GetCustomAttributes<RfcAttribute>().Any(r => r.Requirements.Count > 0));
    }

    [Fact]
    public void What_is_not_implemented_stands_in_the_list_of_that_too()
    {
        string list = RepositoryFiles.Read("docs/not-implemented.md");
        foreach (Row row in Rows.Where(r => r.Reason?.StartsWith(NotImplemented, StringComparison.Ordinal) == true))
            Assert.Matches($@"\b{row.Name}\b", list);
    }

    [Fact]
    public void The_list_of_packetimpacts_meanings_names_tests_that_exist()
    {
        HashSet<string> tests = [.. typeof(RequirementTableTests).Assembly.GetTypes().SelectMany(t => t.GetMethods())
            .Where(m => m.IsDefined(typeof(FactAttribute))).Select(m => $"{m.DeclaringType!.Name}.{m.Name}")];
        string[] rows = [.. RepositoryFiles.Read("docs/conformance-packetimpact.md").Split('\n').Where(l => l.StartsWith("| ", StringComparison.Ordinal)).Skip(1)];
        Assert.Equal(41, rows.Length);
        foreach (string row in rows)
        {
            string[] named = [.. row.Split('|')[3].Split(',').Select(t => t.Trim().Trim('`'))];
            Assert.All(named, name => Assert.Contains(name, tests));
        }
    }

    private sealed record Row(string Name, string Level, string Section, string What, string[] Tests, string? Reason)
    {
        internal static Row Of(string line)
        {
            string[] cells = [.. line.Trim().Trim('|').Split('|').Select(c => c.Trim())];
            Assert.True(cells.Length == 5, $"not a row of five: {line}");
            bool hasReason = cells[4].StartsWith(NotImplemented, StringComparison.Ordinal) || cells[4].StartsWith(NotApplicable, StringComparison.Ordinal);
            string[] tests = hasReason ? [] : [.. cells[4].Split(", ").Select(t => t.Trim('`')).Where(t => t.Length > 0)];
            return new Row(cells[0], cells[1], cells[2], cells[3], tests, hasReason ? cells[4] : null);
        }
    }
}
