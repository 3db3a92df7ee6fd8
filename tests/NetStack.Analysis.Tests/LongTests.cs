namespace NetStack.Analysis.Tests;

/// <summary>Whether the tests that take a sample are to take all: NETSTACK_LONG_TESTS=1.</summary>
internal static class LongTests
{
    internal static bool Asked { get; } = Environment.GetEnvironmentVariable("NETSTACK_LONG_TESTS") is "1";
}
