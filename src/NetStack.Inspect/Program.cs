using System.CommandLine;
using NetStack.Inspect;

// Exit status: 0 whole input read; 1 usage, or an input or output that cannot be used; 2 the capture is cut short or corrupt.
Command root = new("netstack", "Header-only packet inspection: copies the headers it looks at, never touches a body.");
root.Options.Add(new System.CommandLine.Help.HelpOption());
root.Options.Add(new VersionOption());
root.Subcommands.Add(InspectCommand.Create());

ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    Console.Error.WriteLine(UsageError.Of(parsed));
    return ExitCode.Unusable;
}
return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
