using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace NetStack.Bench.Economics;

/// <summary>
/// The studies of docs/copy-or-map.md: each prints its tables, writes them to artifacts/bench as JSON and draws its figures into
/// docs/figures; all of them together also write the document's tables anew.
/// </summary>
internal static class CopyEconomics
{
    /// <summary>What the command line says of the studies; null where it says nothing of them.</summary>
    internal static int? TryRun(string[] args, TextWriter output, TextWriter errors)
    {
        if (args.Length == 0 || (args[0] != "all" && Study.All.All(s => s.Name != args[0]))) return null;
        if (args.Length > 2 || (args.Length == 2 && args[1] != "--quick"))
        {
            errors.WriteLine($"usage: {string.Join('|', Study.All.Select(s => s.Name))}|all [--quick]");
            return 2;
        }
        Effort effort = args.Length == 2 ? Effort.Quick : Effort.Full;
        string root = RepositoryRoot.Folder;
        string machine = Machine();
        Dictionary<string, string> sections = new() { ["machine"] = $"{machine}; {effort.Rounds} rounds." };
        foreach (Study study in Study.All.Where(s => args[0] == "all" || s.Name == args[0]))
        {
            Findings findings = study.Run(effort);
            Print(output, study, findings);
            Save(root, study, findings, machine);
            AddSections(sections, study, findings);
        }
        if (args[0] == "all") WriteDocument(Path.Combine(root, "docs", "copy-or-map.md"), sections);
        return 0;
    }

    private static void Print(TextWriter output, Study study, Findings findings)
    {
        output.WriteLine($"{study.Name}: {study.Title}");
        foreach (ResultTable table in findings.Tables)
        {
            output.WriteLine();
            output.WriteLine($"{table.Title}:");
            output.WriteLine(table.ToMarkdown(isPadded: true));
        }
        foreach (string remark in findings.Remarks) output.WriteLine(remark);
        output.WriteLine();
    }

    private static void Save(string root, Study study, Findings findings, string machine)
    {
        string artifacts = Directory.CreateDirectory(Path.Combine(root, "artifacts", "bench")).FullName;
        using (FileStream file = File.Create(Path.Combine(artifacts, study.Name + ".json"))) study.Write(file, findings, machine);
        string figures = Directory.CreateDirectory(Path.Combine(root, "docs", "figures")).FullName;
        foreach (LineChart chart in findings.Charts) File.WriteAllText(Path.Combine(figures, chart.Name + ".svg"), chart.ToSvg());
    }

    private static void AddSections(Dictionary<string, string> sections, Study study, Findings findings)
    {
        foreach (ResultTable table in findings.Tables)
        {
            StringBuilder text = new();
            text.Append(table.Title).Append(":\n\n");
            if (table.Rows.Count > 0) text.Append(table.ToMarkdown(isPadded: false).TrimEnd());
            else text.AppendJoin('\n', findings.Remarks);
            sections[$"{study.Name} {table.Name}"] = text.ToString();
        }
    }

    /// <summary>Puts each section between its two markers; the prose around them is written by hand.</summary>
    private static void WriteDocument(string path, Dictionary<string, string> sections)
    {
        string text = File.ReadAllText(path);
        foreach ((string name, string section) in sections)
        {
            string begin = $"<!-- {name} -->\n", end = $"<!-- end of {name} -->";
            int start = text.IndexOf(begin, StringComparison.Ordinal);
            int stop = start < 0 ? -1 : text.IndexOf(end, start, StringComparison.Ordinal);
            if (stop < 0) throw new InvalidOperationException($"{path} has no place for '{name}': {begin.Trim()} … {end}.");
            text = $"{text[..(start + begin.Length)]}\n{section}\n\n{text[stop..]}";
        }
        File.WriteAllText(path, text);
    }

    /// <summary>The machine by its kind: never its name.</summary>
    private static string Machine()
    {
        string processor = "unknown processor";
        if (File.Exists("/proc/cpuinfo")) processor = File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? processor;
        string kernel = OperatingSystem.IsLinux() ? $"Linux {Environment.OSVersion.Version.ToString(3)}" : RuntimeInformation.OSDescription;
        string load = File.Exists("/proc/loadavg") ? $", load {File.ReadAllText("/proc/loadavg").Split(' ')[0]} at the start" : "";
        string virtualised = File.Exists("/proc/cpuinfo") && File.ReadAllText("/proc/cpuinfo").Contains("hypervisor", StringComparison.Ordinal) ? " of a virtual machine" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{processor}, {Environment.ProcessorCount} cores{virtualised}, {kernel}, .NET {Environment.Version}{load}");
    }
}
