using System.CommandLine;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack strip</c>, and what it does.</summary>
internal static class StripCommand
{
    internal static Command Create()
    {
        Argument<string> input = new("IN") { Description = "The capture; - is standard input." };
        Argument<string> output = new("OUT") { Description = "The copy without bodies, in the same format; - is standard output." };
        Option<bool> dropComments = CaptureOptions.Flag("--drop-comments", "Leave comments out.");
        Option<bool> keepSecrets = CaptureOptions.Flag("--keep-secrets", "Keep secrets that decrypt bodies; otherwise they are left out.");
        Option<string?> key = new("--anonymise", "--anonymize") { Description = "Give addresses other names under a key, networks kept together. Other users may see it in the list of processes.", HelpName = "KEY" };
        Option<string?> keyFile = new("--anonymise-key-file") { Description = "The same, the key being the first line of a file.", HelpName = "FILE" };
        Option<bool> stats = CaptureOptions.Flag("--stats", "Counters on standard error at the end.");

        Command command = new("strip", "Copy a capture without its bodies: headers only, lengths and checksums kept.") { input, output, dropComments, keepSecrets, key, keyFile, stats };
        command.Validators.Add(result =>
        {
            if (result.Given(key) is not null && result.Given(keyFile) is not null) result.AddError("give one key: --anonymise or --anonymise-key-file");
            if (result.Given(key) is "") result.AddError("--anonymise takes a key");
        });
        command.SetAction(parsed => Execute(new StripRequest
        {
            Input = parsed.GetValue(input)!,
            Output = parsed.GetValue(output)!,
            DropComments = parsed.GetValue(dropComments),
            KeepSecrets = parsed.GetValue(keepSecrets),
            Key = parsed.GetValue(key),
            KeyFile = parsed.GetValue(keyFile),
            Stats = parsed.GetValue(stats),
        }, Console.Error));
        return command;
    }

    internal static int Execute(StripRequest request, TextWriter errors)
    {
        string about = request.KeyFile ?? request.Input;
        try
        {
            using AddressAnonymiser? names = ReadKey(request) is { } key ? new AddressAnonymiser(key) : null;
            about = request.Input;
            using CaptureReader capture = CaptureReader.Open(request.Input);
            about = request.Output;
            SameFile.Refuse([request.Input], request.Output);
            CaptureStripper stripper = new(new CaptureStripperOptions { DropComments = request.DropComments, KeepSecrets = request.KeepSecrets, Anonymiser = names });
            using (CaptureWriter writer = CaptureWriter.Create(request.Output, stripper.WriterOptions(capture.Format)))
            {
                stripper.Copy(capture, writer);
                writer.Flush();
            }
            Report(request, stripper, capture, errors);
            if (capture.Damage is not { } damage) return ExitCode.Done;
            errors.WriteLine($"netstack: {request.Input}: {damage}");
            return ExitCode.Damaged;
        }
        catch (IOException e) when (request.Output == "-" && StandardOutput.IsReaderGone(e))
        {
            return ExitCode.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.WriteLine($"netstack: {about}: {CaptureRun.Reason(e)}");
            return ExitCode.Unusable;
        }
    }

    private static string? ReadKey(StripRequest request)
    {
        if (request.KeyFile is null) return request.Key;
        string key = File.ReadLines(request.KeyFile).FirstOrDefault() ?? "";
        return key.Length > 0 ? key : throw new IOException("there is no key in its first line");
    }

    private static void Report(StripRequest request, CaptureStripper stripper, CaptureReader capture, TextWriter errors)
    {
        if (stripper.SecretsLeftOut > 0) errors.WriteLine($"netstack: {request.Input}: {stripper.SecretsLeftOut} block(s) of secrets left out (--keep-secrets keeps them)");
        if (stripper.BlocksLeftOut > 0) errors.WriteLine($"netstack: {request.Input}: {stripper.BlocksLeftOut} block(s) that may hold names or addresses left out");
        if (stripper.PacketsWithoutHeaders > 0) errors.WriteLine($"netstack: {request.Input}: {stripper.PacketsWithoutHeaders} packet(s) without a header that is known: nothing kept but time and length");
        if (!request.Stats) return;
        errors.WriteLine($"packets stripped {stripper.Packets}, header bytes kept {stripper.BytesKept}, body bytes removed {stripper.BytesRemoved}");
        errors.WriteLine(capture.Meter);
    }
}

/// <summary>What is to be stripped, and how.</summary>
internal sealed record StripRequest
{
    internal required string Input { get; init; }
    internal required string Output { get; init; }
    internal bool DropComments { get; init; }
    internal bool KeepSecrets { get; init; }
    internal string? Key { get; init; }
    internal string? KeyFile { get; init; }
    internal bool Stats { get; init; }
}
