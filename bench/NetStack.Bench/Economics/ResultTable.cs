using System.Globalization;
using System.Text;
using System.Text.Json;

namespace NetStack.Bench.Economics;

/// <summary>What a column of a result table holds.</summary>
internal enum ColumnKind
{
    /// <summary>What tells the rows apart.</summary>
    Key,

    /// <summary>A count or a number derived from counts: the same in every run on every machine.</summary>
    Exact,

    /// <summary>Time, or what is derived from it.</summary>
    Measured,
}

/// <summary>A column.</summary>
/// <param name="Name">Its heading, unit included.</param>
/// <param name="Kind">What it holds.</param>
internal sealed record Column(string Name, ColumnKind Kind)
{
    internal static Column Key(string name) => new(name, ColumnKind.Key);

    internal static Column Exact(string name) => new(name, ColumnKind.Exact);

    internal static Column Measured(string name) => new(name, ColumnKind.Measured);
}

/// <summary>A table of results. Key cells are text, others numbers; NaN where there is none.</summary>
internal sealed class ResultTable(string name, string title, params Column[] columns)
{
    internal string Name => name;

    internal string Title => title;

    internal IReadOnlyList<Column> Columns => columns;

    internal List<object[]> Rows { get; } = [];

    internal void Add(params object[] cells)
    {
        if (cells.Length != columns.Length) throw new ArgumentException($"A row of '{name}' has {columns.Length} cells.", nameof(cells));
        Rows.Add([.. cells.Select(c => c is string text ? (object)text : Convert.ToDouble(c, CultureInfo.InvariantCulture))]);
    }

    /// <summary>The number in a column of a row.</summary>
    internal double Number(int row, string column) => (double)Rows[row][Array.FindIndex(columns, c => c.Name == column)];

    /// <summary>As a table of Markdown; padded, it is aligned as plain text too.</summary>
    internal string ToMarkdown(bool isPadded)
    {
        string[][] lines = [[.. columns.Select(c => c.Name)], .. Rows.Select(r => r.Select(Text).ToArray())];
        int[] widths = [.. columns.Select((_, i) => isPadded ? lines.Max(l => l[i].Length) : 0)];
        StringBuilder text = new();
        for (int line = 0; line < lines.Length; line++)
        {
            text.Append('|');
            for (int i = 0; i < columns.Length; i++)
            {
                string cell = columns[i].Kind == ColumnKind.Key ? lines[line][i].PadRight(widths[i]) : lines[line][i].PadLeft(widths[i]);
                text.Append(' ').Append(cell).Append(" |");
            }
            text.Append('\n');
            if (line == 0) text.Append('|').AppendJoin('|', columns.Select((c, i) => Rule(c, widths[i]))).Append("|\n");
        }
        return text.ToString();
    }

    internal void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("title", title);
        json.WriteStartArray("columns");
        foreach (Column column in columns)
        {
            json.WriteStartObject();
            json.WriteString("name", column.Name);
            json.WriteString("kind", column.Kind.ToString().ToLowerInvariant());
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (object[] row in Rows)
        {
            json.WriteStartArray();
            foreach (object cell in row) WriteCell(json, cell);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>What is the same in every run, one line a row, for the golden file of the tests.</summary>
    internal IEnumerable<string> ExactLines()
    {
        int[] kept = [.. Enumerable.Range(0, columns.Length).Where(i => columns[i].Kind != ColumnKind.Measured)];
        if (!columns.Any(c => c.Kind == ColumnKind.Exact)) yield break;
        yield return $"# {name}: {string.Join(" | ", kept.Select(i => columns[i].Name))}";
        foreach (object[] row in Rows) yield return string.Join(" | ", kept.Select(i => row[i] is double number ? number.ToString("0.######", CultureInfo.InvariantCulture) : row[i]));
    }

    private static string Rule(Column column, int width) =>
        column.Kind == ColumnKind.Key ? new string('-', Math.Max(3, width + 2)) : new string('-', Math.Max(2, width + 1)) + ":";

    private static void WriteCell(Utf8JsonWriter json, object cell)
    {
        if (cell is string text) json.WriteStringValue(text);
        else if (double.IsFinite((double)cell)) json.WriteNumberValue(Math.Round((double)cell, 6));
        else json.WriteNullValue();
    }

    /// <summary>Three digits that mean something, and no more than two after the point.</summary>
    private static string Text(object cell)
    {
        if (cell is string text) return text;
        double number = (double)cell;
        if (!double.IsFinite(number)) return "–";
        string format = Math.Abs(number) switch { 0 => "0", >= 100 => "#,0", >= 10 => "0.#", >= 0.1 => "0.##", _ => "0.####" };
        return number.ToString(format, CultureInfo.InvariantCulture);
    }
}
