using System.Diagnostics;

namespace NetStack.Inspect.Tests;

/// <summary>What a run of the tool came to.</summary>
internal sealed record ToolRun(int Exit, string Output, string Error)
{
    internal string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The one line on standard error.</summary>
    internal string Message
    {
        get
        {
            Assert.True(Error.EndsWith('\n') && Error.Count(c => c == '\n') == 1, $"not one line: {Error}");
            return Error.TrimEnd('\n');
        }
    }
}

/// <summary>The tool as a process: the program that was built, as a user starts it.</summary>
internal static class Tool
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "NetStack.Inspect.dll");
    private static readonly string Dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";

    internal static Task<ToolRun> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    /// <summary>Runs the tool to its end.</summary>
    /// <param name="input">What it reads from standard input.</param>
    /// <param name="arguments">Its command line.</param>
    internal static async Task<ToolRun> RunAsync(byte[]? input, params string[] arguments)
    {
        using Process process = Start(Dotnet, [Program, .. arguments]);
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        return await FinishAsync(process, input, output);
    }

    /// <summary>Runs the tool with standard output redirected by the shell.</summary>
    internal static async Task<ToolRun> RunRedirectedAsync(string redirection, params string[] arguments)
    {
        using Process process = Start("/bin/sh", ["-c", $"exec \"$0\" \"$@\" {redirection}", Dotnet, Program, .. arguments]);
        return await FinishAsync(process, null, Task.FromResult(""));
    }

    /// <summary>Runs the tool into a pipe whose reader goes away after one line.</summary>
    internal static async Task<ToolRun> RunToFirstLineAsync(params string[] arguments)
    {
        using Process process = Start(Dotnet, [Program, .. arguments]);
        string? line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        process.StandardOutput.Close();
        return await FinishAsync(process, null, Task.FromResult(line + "\n"));
    }

    private static Process Start(string file, string[] arguments) =>
        Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static async Task<ToolRun> FinishAsync(Process process, byte[]? input, Task<string> output)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task<string> error = process.StandardError.ReadToEndAsync(cancellation);
        if (input is not null) await process.StandardInput.BaseStream.WriteAsync(input, cancellation);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(60), cancellation);
        return new ToolRun(process.ExitCode, await output, await error);
    }
}
