using System.CommandLine;
using System.CommandLine.Parsing;

namespace NetStack.Inspect;

/// <summary>Option values for validators: these run also where an option's value is missing, and asking for it then throws.</summary>
internal static class GivenValue
{
    /// <summary>The value of an option; none where it is missing, which is an error that is told anyway.</summary>
    internal static T? Given<T>(this SymbolResult result, Option<T> option) =>
        result.GetResult(option) is { Implicit: false, Tokens.Count: 0 } && option.Arity.MinimumNumberOfValues > 0 ? default : result.GetValue(option);
}
