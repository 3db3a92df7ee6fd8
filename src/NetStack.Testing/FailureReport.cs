using System.Globalization;
using System.Text;

namespace NetStack.Testing;

/// <summary>What is left behind by a run that failed: a file, and a few lines that say how to see it again.</summary>
internal sealed class FailureReport(VirtualNetwork net, VirtualNetworkOptions options, string test)
{
    internal void Write(Exception failure)
    {
        string seed = net.Seed.ToString(CultureInfo.InvariantCulture);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"netstack: {test} failed with seed {seed} after {net.Elapsed} of network time: {failure.GetType().Name}: {FirstLine(failure.Message)}").AppendLine();
        if (options.RecordedFrames > 0) text.Append("netstack: ").AppendLine(Record(seed));
        text.Append(CultureInfo.InvariantCulture, $"netstack: run it again with {VirtualNetworkOptions.SeedVariable}={seed} dotnet test --filter \"FullyQualifiedName~{test}\"");
        if (options.Output is { } output) output(text.ToString());
        else Console.Error.WriteLine(text.ToString());
    }

    private static string FirstLine(string message) => message.AsSpan().Trim().EnumerateLines() is var lines && lines.MoveNext() ? lines.Current.ToString() : "";

    private string Record(string seed)
    {
        try
        {
            string directory = options.TraceDirectory ?? Environment.GetEnvironmentVariable(VirtualNetworkOptions.TracesVariable) ?? Path.Combine(Path.GetTempPath(), "netstack");
            Directory.CreateDirectory(directory);
            string name = string.Concat(test.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' ? c : '_'));
            string path = Path.Combine(directory, $"{(name.Length > 0 ? name : "run")}-seed{seed}.pcapng");
            int frames = net.Recorder.Write(path);
            return $"the last {frames} frames are in {path}";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return $"the last frames could not be written: {failure.Message}"; // what failed first is what must be told
        }
    }
}
