using System.CommandLine;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack conversations</c>.</summary>
internal static class ConversationsCommand
{
    internal static Command Create()
    {
        Command command = new("conversations", "TCP and UDP conversations, in the order of their first packets.");
        Option<bool> payload = CaptureOptions.Flag("--payload", "Length and SHA-256 of what each direction of a TCP connection carried, in JSON. It reads bodies.");
        command.Options.Add(payload);
        CaptureOptions capture = CaptureOptions.AddTo(command);
        FlowOptions flows = FlowOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(payload) && !flows.IsJson(result)) result.AddError("--payload is for --json");
        });
        command.SetAction(parsed =>
        {
            FlowRequest request = flows.Read(parsed) with { Payload = parsed.GetValue(payload) };
            return CaptureRun.Execute(capture.Read(parsed) with { Verb = "counted" }, context => new ConversationsSink(context, request));
        });
        return command;
    }
}
