using NetStack.Fetches.Tests.Counting;

namespace NetStack.Fetches.Tests;

/// <summary>
/// <c>count [--by steps|watchpoints] [NAME]</c> counts the fetches of all cases, or of those whose name contains NAME, and prints a
/// table; <c>step</c> is the tracer it starts; anything else is the test runner's.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["count", "--by", string by, .. var rest]) return CountRun.Count(by, string.Join(' ', rest));
        if (args is ["count", .. var all]) return CountRun.Count(null, string.Join(' ', all));
        if (args is ["step", string thread]) return Tracer.Serve(int.Parse(thread, System.Globalization.CultureInfo.InvariantCulture));
        return args.Contains("--server") || args.Contains("--internal-msbuild-node")
            ? await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
    }
}
