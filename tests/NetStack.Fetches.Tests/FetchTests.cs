using System.Diagnostics;

namespace NetStack.Fetches.Tests;

/// <summary>Some rows of the table of <c>./ci.sh fetches</c>, for code that the JIT optimises fully and for code that it does not: a TCP segment
/// by every strategy, and the controls. All rows take minutes.</summary>
public sealed class FetchTests
{
    [Theory, InlineData("full"), InlineData("minimal")]
    public void Headers_are_read_once_over_the_whole_way_and_bodies_once_or_never(string optimisation)
    {
        List<string> lines = Count(optimisation, ["TCP/IPv4"], out int exitCode);
        Assert.SkipWhen(exitCode == CountRun.Skipped, lines.LastOrDefault() ?? "");
        Assert.True(exitCode == 0, string.Join('\n', lines));
        Assert.True(lines.Count(l => l.EndsWith("right", StringComparison.Ordinal)) > 5, string.Join('\n', lines));
    }

    [Theory, InlineData("full"), InlineData("minimal")]
    public void Code_that_reads_twice_is_caught(string optimisation)
    {
        List<string> lines = Count(optimisation, ["control"], out int exitCode);
        Assert.SkipWhen(exitCode == CountRun.Skipped, lines.LastOrDefault() ?? "");
        Assert.Equal(2, lines.Count(l => l.EndsWith("caught, as it has to be", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_methods_that_read_a_byte_twice_are_named()
    {
        List<string> lines = Count("minimal", ["a naive parser"], out int exitCode);
        Assert.SkipWhen(exitCode == CountRun.Skipped, lines.LastOrDefault() ?? "");
        Assert.Contains(lines, l => l.EndsWith("bytes 16..17 were read 2 times, by NaiveParserControl.CheckLength ; NaiveParserControl.UseLength", StringComparison.Ordinal));
    }

    /// <summary>Runs the counting program with a JIT set up for it.</summary>
    private static List<string> Count(string optimisation, string[] arguments, out int exitCode)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "NetStack.Fetches.Tests")) { RedirectStandardOutput = true };
        start.ArgumentList.Add("count");
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment[optimisation == "full" ? "DOTNET_TieredCompilation" : "DOTNET_JITMinOpts"] = optimisation == "full" ? "0" : "1";
        if (optimisation == "full") start.Environment["DOTNET_ReadyToRun"] = "0";
        using Process process = Process.Start(start)!;
        List<string> lines = [];
        while (process.StandardOutput.ReadLine() is { } line) lines.Add(line);
        process.WaitForExit();
        exitCode = process.ExitCode;
        return lines;
    }
}
