using System.Diagnostics;

namespace NetStack.Samples.Tests;

/// <summary>Samples that run a network in virtual time: in processes of their own, since a run takes the thread pool for itself.</summary>
public sealed class NetworkSampleTests
{
    [Fact]
    public async Task Deterministic_prints_one_hash_for_one_seed_and_another_for_another()
    {
        string[] first = await RunAsync("deterministic", "--seed", "7");
        Assert.Equal(first, await RunAsync("deterministic", "--seed", "7"));
        Assert.Matches("^sha256 [0-9a-f]{64}$", first[^1]);
        Assert.NotEqual(first[^1], (await RunAsync("deterministic", "--seed", "8"))[^1]);
    }

    [Fact]
    public async Task Break_the_network_survives_every_fault()
    {
        string[] lines = await RunAsync("break-the-network", "--seed", "7");
        Assert.Equal(5, lines.Length);
        Assert.All(lines, l => Assert.EndsWith(", ok", l, StringComparison.Ordinal));
    }

    private static async Task<string[]> RunAsync(string sample, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, $"{sample}.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
