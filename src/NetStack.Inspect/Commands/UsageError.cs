using System.CommandLine;
using System.CommandLine.Parsing;

namespace NetStack.Inspect;

/// <summary>What is wrong with a command line, in one line.</summary>
internal static class UsageError
{
    /// <summary>The line, or null where nothing is wrong.</summary>
    internal static string? Of(ParseResult parsed)
    {
        if (parsed.Errors.Count == 0 && UnknownOption(parsed) is null) return null;
        string command = parsed.CommandResult.Command == parsed.RootCommandResult.Command ? "netstack" : $"netstack {parsed.CommandResult.Command.Name}";
        return $"netstack: {Reason(parsed)} ({command} --help)";
    }

    private static string Reason(ParseResult parsed)
    {
        if (UnknownOption(parsed) is "-T") return "-T is for -T fields -e FIELD; JSON is --json";
        if (UnknownOption(parsed) is { } unknown) return $"there is no option {unknown}";
        if (parsed.CommandResult.Command == parsed.RootCommandResult.Command)
            return parsed.Tokens.Count == 0 ? $"give a command: {string.Join(", ", parsed.RootCommandResult.Command.Subcommands.Select(c => c.Name))}" : $"there is no command {parsed.Tokens[0].Value}";
        ParseError error = parsed.Errors.FirstOrDefault(e => e.SymbolResult is OptionResult or ArgumentResult) ?? parsed.Errors[0];
        return string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>The parser takes an option it does not know for a bare word, or complains of something else.</summary>
    private static string? UnknownOption(ParseResult parsed)
    {
        HashSet<Token> bare = [.. parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(a => a.Tokens)];
        return parsed.Tokens.TakeWhile(t => t.Type != TokenType.DoubleDash)
            .FirstOrDefault(t => IsOption(t) && (bare.Contains(t) || parsed.UnmatchedTokens.Contains(t.Value)))?.Value;
    }

    private static bool IsOption(Token token) =>
        token.Type == TokenType.Argument && token.Value.Length > 1 && token.Value[0] == '-' && !char.IsAsciiDigit(token.Value[1]);
}
