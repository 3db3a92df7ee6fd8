using System.CommandLine;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack follow</c>.</summary>
internal static class FollowCommand
{
    internal static Command Create()
    {
        Option<string?> stream = new("--stream", "-s")
        {
            Description = "Which conversation: its number among those of its protocol, from 0, or ADDRESS:PORT,ADDRESS:PORT. Without it the first that matches.",
            HelpName = "N|ENDS",
        };
        Option<bool> udp = CaptureOptions.Flag("--udp", "Follow UDP conversations instead of TCP connections.");
        Option<string> form = new("--form") { Description = "How bytes are shown.", DefaultValueFactory = _ => "ascii" };
        Option<string> overlap = ReassembleCommand.OverlapOption();
        Option<string?> folder = new("--output", "-o") { Description = "Write every conversation that matches into a folder, one file for each direction, bytes only.", HelpName = "DIR" };
        form.AcceptOnlyFromAmong("ascii", "hex", "raw");
        Command command = new("follow", "The bytes of a TCP or UDP conversation. It reads bodies.") { stream, udp, form, overlap, folder };
        CaptureOptions capture = CaptureOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.Given(stream) is { } name && !FollowChoice.TryParse(name, IpProtocol.Tcp, out _)) result.AddError("--stream takes a number, or ADDRESS:PORT,ADDRESS:PORT");
        });
        command.SetAction(parsed =>
        {
            IpProtocol protocol = parsed.GetValue(udp) ? IpProtocol.Udp : IpProtocol.Tcp;
            FollowChoice.TryParse(parsed.GetValue(stream) ?? "", protocol, out FollowChoice choice);
            StreamOptions options = new() { Overlap = ReassembleCommand.OverlapOf(parsed.GetValue(overlap)!), History = 64 * 1024 };
            return CaptureRun.Execute(capture.Read(parsed) with { TrackFlows = true }, context => new FollowSink(context, choice, parsed.GetValue(form)!, parsed.GetValue(folder), options));
        });
        return command;
    }
}

/// <summary>Which conversations are followed.</summary>
internal readonly record struct FollowChoice(IpProtocol Protocol, int Stream, string? Ends)
{
    /// <summary>Whether a text names a conversation; an empty one names any.</summary>
    internal static bool TryParse(string text, IpProtocol protocol, out FollowChoice choice)
    {
        choice = new FollowChoice(protocol, -1, null);
        if (text.Length == 0) return true;
        if (int.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int stream))
        {
            choice = choice with { Stream = stream };
            return true;
        }
        string[] ends = text.Split(',');
        if (ends.Length != 2 || Normal(ends[0]) is not { } a || Normal(ends[1]) is not { } b) return false;
        choice = choice with { Ends = Both(a, b) };
        return true;
    }

    internal bool Matches(Flow flow)
    {
        if (flow.Protocol != Protocol) return false;
        if (Stream >= 0) return flow.Stream == Stream;
        FlowKey key = flow.Key;
        return Ends is null || Ends == Both($"{key.A} {key.PortA}", $"{key.B} {key.PortB}");
    }

    private static string Both(string a, string b) => string.CompareOrdinal(a, b) <= 0 ? a + "," + b : b + "," + a;

    private static string? Normal(string end)
    {
        int colon = end.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(end[(colon + 1)..], out ushort port)) return null;
        return IpAddress.TryParse(end[..colon].Trim('[', ']'), out IpAddress address) ? $"{address} {port}" : null;
    }
}
