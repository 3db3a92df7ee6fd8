using System.CommandLine;

namespace NetStack.Inspect;

/// <summary>The words that the commands about conversations share.</summary>
internal sealed class FlowOptions
{
    private readonly Option<bool> _json = CaptureOptions.Flag("--json", "One JSON object a line instead of a table.");
    private readonly Option<bool> _csv = CaptureOptions.Flag("--csv", "CSV instead of a table.");
    private readonly Option<int> _max = new("--max-flows")
    {
        Description = "The most conversations held at once; those idle longest make room.",
        HelpName = "N",
        DefaultValueFactory = _ => 1_000_000,
        CustomParser = result => (int)CaptureOptions.Number(result, 1, 100_000_000),
    };
    private readonly Option<bool> _analysis = CaptureOptions.Flag("--analysis", "Analyse TCP, in JSON and CSV too.");
    private readonly Option<bool> _noAnalysis = CaptureOptions.Flag("--no-analysis", "Only count: faster.");

    private FlowOptions()
    {
    }

    /// <summary>Gives a command these options.</summary>
    internal static FlowOptions AddTo(Command command)
    {
        FlowOptions options = new();
        foreach (Option option in new Option[] { options._json, options._csv, options._max, options._analysis, options._noAnalysis }) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(options._json) && result.GetValue(options._csv)) result.AddError("give one form: --json or --csv");
            if (result.GetValue(options._analysis) && result.GetValue(options._noAnalysis)) result.AddError("give one: --analysis or --no-analysis");
        });
        return options;
    }

    /// <summary>Whether JSON was asked for.</summary>
    internal bool IsJson(System.CommandLine.Parsing.SymbolResult result) => result.GetValue(_json);

    /// <summary>What was asked for.</summary>
    internal FlowRequest Read(ParseResult parsed)
    {
        FlowForm form = parsed.GetValue(_json) ? FlowForm.Json : parsed.GetValue(_csv) ? FlowForm.Csv : FlowForm.Table;
        return new FlowRequest
        {
            Form = form,
            MaxFlows = parsed.GetValue(_max),
            Analyse = parsed.GetValue(_analysis) || (form == FlowForm.Table && !parsed.GetValue(_noAnalysis)),
        };
    }
}

/// <summary>How conversations are written.</summary>
internal enum FlowForm
{
    Table,
    Json,
    Csv,
}

/// <summary>What conversations are wanted, and how.</summary>
internal sealed record FlowRequest
{
    internal FlowForm Form { get; init; }

    /// <summary>The most conversations, or addresses, that are held at once.</summary>
    internal int MaxFlows { get; init; } = 1_000_000;

    /// <summary>Whether TCP is analysed.</summary>
    internal bool Analyse { get; init; }

    /// <summary>Whether what TCP carries is hashed.</summary>
    internal bool Payload { get; init; }
}
