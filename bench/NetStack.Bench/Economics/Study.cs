using System.Text.Json;

namespace NetStack.Bench.Economics;

/// <summary>What a study found.</summary>
/// <param name="Tables">Its tables.</param>
/// <param name="Charts">Its figures.</param>
/// <param name="Remarks">What could not be had here, and why.</param>
internal sealed record Findings(IReadOnlyList<ResultTable> Tables, IReadOnlyList<LineChart> Charts, IReadOnlyList<string> Remarks)
{
    internal Findings(IReadOnlyList<ResultTable> tables, IReadOnlyList<LineChart> charts)
        : this(tables, charts, [])
    {
    }
}

/// <summary>One question about the cost of copying.</summary>
internal abstract class Study
{
    /// <summary>Every study, in the order of docs/copy-or-map.md.</summary>
    internal static IReadOnlyList<Study> All { get; } =
        [new MapVersusCopy(), new HeadersOrWhole(), new CaptureDiscard(), new PassThroughChain(), new ManyClients(), new CostOfDistrust(), new SlowClient()];

    /// <summary>Its word on the command line, and the name of its files.</summary>
    internal abstract string Name { get; }

    /// <summary>The question.</summary>
    internal abstract string Title { get; }

    /// <summary>Counts, and measures as far as the effort says.</summary>
    internal abstract Findings Run(Effort effort);

    /// <summary>The findings as JSON.</summary>
    internal void Write(System.IO.Stream output, Findings findings, string machine)
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("study", Name);
        json.WriteString("title", Title);
        json.WriteString("machine", machine);
        json.WriteStartArray("remarks");
        foreach (string remark in findings.Remarks) json.WriteStringValue(remark);
        json.WriteEndArray();
        json.WriteStartArray("tables");
        foreach (ResultTable table in findings.Tables) table.Write(json);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
