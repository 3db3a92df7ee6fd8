using System.CommandLine;
using NetStack.Inspect;

// Exit status: 0 whole input read; 1 usage, or an input or output that cannot be used; 2 a capture is cut short or corrupt.
Console.SetError(new PrintableErrors(Console.Error));
if (CompletionCommand.TryAnswer(args, Console.Out)) return ExitCode.Done;
ParseResult parsed = CommandLine.Root().Parse(FieldOptions.Rewrite(args), new ParserConfiguration { ResponseFileTokenReplacer = null });
if (UsageError.Of(parsed) is { } error)
{
    Console.Error.WriteLine(error);
    return ExitCode.Unusable;
}
return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
