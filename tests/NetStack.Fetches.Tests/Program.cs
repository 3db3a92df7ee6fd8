using NetStack.Fetches.Tests.Counting;

namespace NetStack.Fetches.Tests;

/// <summary>
/// <c>count [NAME]</c> counts the fetches of all cases, or of those whose name contains NAME, and prints a table; <c>step</c> is the
/// tracer it starts; anything else is the test runner's.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["count", ..]) return CountRun.Count(args.Length > 1 ? args[1] : "");
        if (args is ["step", string thread]) return Tracer.Serve(int.Parse(thread, System.Globalization.CultureInfo.InvariantCulture));
        return args.Contains("--server") || args.Contains("--internal-msbuild-node")
            ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
    }
}
