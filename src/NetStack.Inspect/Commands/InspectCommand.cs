using System.CommandLine;
using NetStack.Analysis;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack inspect</c>.</summary>
internal static class InspectCommand
{
    internal static Command Create()
    {
        Option<bool> json = CaptureOptions.Flag("--json", "One JSON object per packet instead of a line of text.");
        Option<string> time = new("--time") { Description = "The time in front of a line.", DefaultValueFactory = _ => "utc" };
        time.AcceptOnlyFromAmong("utc", "epoch", "delta", "relative", "none");

        Command command = new("inspect", "One line per packet, from headers alone.") { json, time };
        CaptureOptions capture = CaptureOptions.AddTo(command);
        command.SetAction(parsed => CaptureRun.Execute(
            capture.Read(parsed) with { Verb = "printed" },
            InspectSink.Of(new InspectOptions
            {
                Json = parsed.GetValue(json),
                Time = Enum.Parse<TimeFormat>(parsed.GetValue(time)!, ignoreCase: true),
            })));
        return command;
    }
}

/// <summary>How packets are to be printed.</summary>
internal sealed record InspectOptions
{
    internal bool Json { get; init; }
    internal TimeFormat Time { get; init; }
}
