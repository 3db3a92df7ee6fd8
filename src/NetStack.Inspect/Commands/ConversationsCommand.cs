using System.CommandLine;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack conversations</c>.</summary>
internal static class ConversationsCommand
{
    internal static Command Create()
    {
        Command command = new("conversations", "TCP and UDP conversations, in the order of their first packets.");
        CaptureOptions capture = CaptureOptions.AddTo(command);
        FlowOptions flows = FlowOptions.AddTo(command);
        command.SetAction(parsed =>
        {
            FlowRequest request = flows.Read(parsed);
            return CaptureRun.Execute(capture.Read(parsed) with { Verb = "counted" }, context => new ConversationsSink(context, request));
        });
        return command;
    }
}
