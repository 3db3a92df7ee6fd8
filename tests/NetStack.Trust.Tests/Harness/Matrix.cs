using System.Collections.Concurrent;
using System.Text;

namespace NetStack.TrustTests;

/// <summary>All attacks against all columns, run once, and what that looks like as a table.</summary>
internal static class Matrix
{
    private static readonly ulong[] Seeds = [1, 2, 3, 0xDEC0DE];
    private static readonly ConcurrentDictionary<(string, string), Lazy<(Outcome, string)>> Outcomes = new();
    private static readonly ConcurrentDictionary<(string, string), Lazy<ulong?>> Controls = new();

    /// <summary>All attacks, H before C, by number.</summary>
    public static IReadOnlyList<Attack> Attacks { get; } =
    [
        .. typeof(Matrix).Assembly.GetTypes()
            .Where(t => t.IsSubclassOf(typeof(Attack)) && !t.IsAbstract)
            .Select(t => (Attack)Activator.CreateInstance(t)!)
            .OrderByDescending(a => a.Id[0]).ThenBy(a => NumberOf(a.Id)).ThenBy(a => a.Id, StringComparer.Ordinal).ThenBy(a => a.Title, StringComparer.Ordinal),
    ];

    public static Attack Of(string attack) => Attacks.Single(a => a.ToString() == attack);

    /// <summary>What was observed over all seeds: the worst of it, and with which seed.</summary>
    public static (Outcome Outcome, string Seeds) Observed(Attack attack, Column column) =>
        Outcomes.GetOrAdd((attack.ToString(), column.Name), _ => new(() => Observe(attack, column))).Value;

    /// <summary>The first seed with which the control run did not succeed; null when it always did.</summary>
    public static ulong? FailedControl(Attack attack, Column column) => Controls.GetOrAdd((attack.ToString(), column.Name), _ => new(() =>
    {
        foreach (ulong seed in Seeds)
        {
            if (!attack.Control(column, seed)) return seed;
        }
        return null;
    })).Value;

    /// <summary>Whether a cell's outcome needs a control run.</summary>
    public static bool NeedsControl(Outcome outcome) => outcome is Outcome.Stopped or Outcome.Detected;

    /// <summary>The table as observed, with the footnotes as stated, in Markdown.</summary>
    public static string Table()
    {
        StringBuilder text = new();
        List<string> notes = [];
        text.Append("| |").AppendJoin("|", Column.All.Select(c => $" {c.Name} ")).Append("|\n|---|").Append(string.Concat(Column.All.Select(_ => "---|"))).Append('\n');
        foreach (Attack attack in Attacks)
        {
            Cell[] stated = [.. Column.All.Select(attack.Stated)];
            bool isOfAll = stated.All(c => c.Note == stated[0].Note);
            text.Append($"| {attack}{(isOfAll ? NumberOf(stated[0].Note, notes) : "")} |");
            for (int i = 0; i < stated.Length; i++) text.Append($" {SymbolOf(Observed(attack, Column.All[i]).Outcome)}{(isOfAll ? "" : NumberOf(stated[i].Note, notes))} |");
            text.Append('\n');
        }
        for (int i = 0; i < notes.Count; i++) text.Append(i == 0 ? "\n" : "").Append($"{i + 1}. {notes[i]}\n");
        return text.ToString();
    }

    /// <summary>One line: what was run.</summary>
    public static string Summary()
    {
        (Attack Attack, Column Column)[] cells = [.. Attacks.SelectMany(a => Column.All.Select(c => (a, c)))];
        int asStated = cells.Count(c => Observed(c.Attack, c.Column).Outcome == c.Attack.Stated(c.Column).Outcome);
        (Attack Attack, Column Column)[] controlled = [.. cells.Where(c => NeedsControl(c.Attack.Stated(c.Column).Outcome))];
        int succeeded = controlled.Count(c => FailedControl(c.Attack, c.Column) is null);
        return $"trust: {Attacks.Count} attacks × {Column.All.Count} columns, {asStated} of {cells.Length} cells as stated, {succeeded} of {controlled.Length} controls succeeded";
    }

    private static (Outcome, string) Observe(Attack attack, Column column)
    {
        (ulong Seed, Outcome Outcome)[] runs = [.. Seeds.Select(s => (s, attack.Run(column, s)))];
        Outcome worst = runs.Select(r => r.Outcome).MaxBy(o => o switch { Outcome.NotStopped => 3, Outcome.Detected => 2, Outcome.Stopped => 1, _ => 0 });
        return (worst, worst == attack.Stated(column).Outcome ? "" : string.Join(", ", runs.Select(r => $"seed {r.Seed}: {attack.Explain(column, r.Seed)}")));
    }

    private static string SymbolOf(Outcome outcome) => outcome switch
    {
        Outcome.Stopped => "✓",
        Outcome.Detected => "D",
        Outcome.NotStopped => "✗",
        _ => "–",
    };

    private static string NumberOf(string? note, List<string> notes)
    {
        if (note is null) return "";
        note = char.ToUpperInvariant(note[0]) + note[1..] + (note.EndsWith('.') ? "" : ".");
        if (!notes.Contains(note)) notes.Add(note);
        return $" <sup>{notes.IndexOf(note) + 1}</sup>";
    }

    private static int NumberOf(string id) => int.Parse(string.Concat(id.Skip(1).TakeWhile(char.IsAsciiDigit)), System.Globalization.CultureInfo.InvariantCulture);
}
