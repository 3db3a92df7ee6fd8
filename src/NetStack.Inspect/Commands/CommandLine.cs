using System.CommandLine;

namespace NetStack.Inspect;

/// <summary>All commands of the tool.</summary>
internal static class CommandLine
{
    internal static Command Root() => new("netstack", "Header-only packet inspection: copies the headers it looks at, never touches a body.")
    {
        HelpWithExamples.Create(),
        new VersionOption(),
        InspectCommand.Create(),
        FieldsCommand.Create(),
        ConversationsCommand.Create(),
        EndpointsCommand.Create(),
        TopCommand.Create(),
        FollowCommand.Create(),
        ReassembleCommand.Create(),
        StripCommand.Create(),
        ReportCommand.Create(),
        DemoCommand.Create(),
        CompletionCommand.Create(),
    };
}
