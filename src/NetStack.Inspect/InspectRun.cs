using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>One run of <c>netstack inspect</c>: open, print every packet, say what went wrong, return the exit status.</summary>
internal static class InspectRun
{
    internal static int Execute(InspectOptions options)
    {
        using StandardOutput output = StandardOutput.Open();
        return Execute(options, output, Console.Error);
    }

    internal static int Execute(InspectOptions options, StandardOutput output, TextWriter errors)
    {
        CaptureReader capture;
        try
        {
            capture = CaptureReader.Open(options.File);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.WriteLine($"netstack: {options.File}: {Reason(e)}");
            return ExitCode.Unusable;
        }
        using (capture)
        {
            return Print(options, capture, output, errors);
        }
    }

    private static int Print(InspectOptions options, CaptureReader capture, StandardOutput output, TextWriter errors)
    {
        PacketPrinter printer = new(options, output);
        try
        {
            IInspectPath path = options.ViaRing ? new RingPath(options, capture) : new FilePath(capture);
            using (path)
            {
                path.Run(printer);
                if (printer.WantsMore && capture.Damage is { } damage && options.Json) PacketJson.WriteError(output, damage);
                output.Flush();
                if (options.Stats) path.WriteStats(errors, printer.Printed);
            }
        }
        catch (IOException e)
        {
            errors.WriteLine($"netstack: standard output: {Reason(e)}");
            return ExitCode.Unusable;
        }
        catch (FrameTooLargeException e)
        {
            output.Flush();
            errors.WriteLine($"netstack: {options.File}: {e.Message}");
            return ExitCode.Unusable;
        }
        if (capture.Damage is null || !printer.WantsMore) return ExitCode.Done;
        errors.WriteLine($"netstack: {options.File}: {capture.Damage}");
        return ExitCode.Damaged;
    }

    private static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied",
        _ => e.Message.ReplaceLineEndings(" "),
    };
}

/// <summary>A way for packets to reach the printer.</summary>
internal interface IInspectPath : IDisposable
{
    /// <summary>Sends every packet to the printer until it wants no more.</summary>
    void Run(PacketPrinter printer);

    /// <summary>Writes the counters.</summary>
    void WriteStats(TextWriter errors, long printed);
}

/// <summary>Straight from the file's read buffer.</summary>
internal sealed class FilePath(CaptureReader capture) : IInspectPath
{
    public void Run(PacketPrinter printer)
    {
        while (printer.WantsMore && capture.TryRead(out CaptureRecord record))
        {
            PacketHeaders headers = PacketHeaders.Decode(record);
            printer.Print(PacketInfo.From(record), headers);
        }
    }

    public void WriteStats(TextWriter errors, long printed)
    {
        errors.WriteLine($"packets printed {printed}");
        errors.WriteLine(capture.Meter);
    }

    public void Dispose()
    {
    }
}

/// <summary>Prints packets in the wanted form.</summary>
internal sealed class PacketPrinter(InspectOptions options, StandardOutput output)
{
    private readonly PacketLine _line = new(options.Time);

    /// <summary>How many packets were printed.</summary>
    internal long Printed { get; private set; }

    /// <summary>Whether there is a reader, and it has not had enough.</summary>
    internal bool WantsMore => Printed < options.Count && !output.IsClosed;

    internal void Print(in PacketInfo info, in PacketHeaders headers)
    {
        if (options.Json) PacketJson.Write(output, info, headers);
        else _line.Write(output, info, headers);
        Printed++;
        output.FlushIfFull();
    }
}
