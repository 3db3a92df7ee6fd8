using System.CommandLine;
using System.CommandLine.Parsing;

namespace NetStack.Inspect;

/// <summary>What is wrong with a command line, in one line.</summary>
internal static class UsageError
{
    internal static string Of(ParseResult parsed)
    {
        string command = parsed.CommandResult.Command == parsed.RootCommandResult.Command ? "netstack" : $"netstack {parsed.CommandResult.Command.Name}";
        return $"netstack: {Reason(parsed)} ({command} --help)";
    }

    private static string Reason(ParseResult parsed)
    {
        // The parser takes an option it does not know for an argument, and then complains of something else.
        if (parsed.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash).FirstOrDefault(IsUnknownOption) is { } unknown)
            return $"there is no option {unknown.Value}";
        if (parsed.CommandResult.Command == parsed.RootCommandResult.Command)
            return parsed.Tokens.Count == 0 ? "give a command: inspect" : $"there is no command {parsed.Tokens[0].Value}";
        ParseError error = parsed.Errors.FirstOrDefault(e => e.SymbolResult is OptionResult or ArgumentResult) ?? parsed.Errors[0];
        return string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static bool IsUnknownOption(Token token) =>
        token.Type == TokenType.Argument && token.Value.Length > 1 && token.Value[0] == '-' && !char.IsAsciiDigit(token.Value[1]);
}
