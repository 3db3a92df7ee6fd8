using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>One run of <c>netstack inspect</c>: open, print every packet, say what went wrong, return the exit status.</summary>
internal static class InspectRun
{
    internal static int Execute(InspectOptions options)
    {
        using StandardOutput output = StandardOutput.Open();
        return Execute(options, output, Console.Error, Progress.OnTerminal());
    }

    internal static int Execute(InspectOptions options, StandardOutput output, TextWriter errors, Progress? progress = null)
    {
        if ((long)options.RingBuffers * options.RingBufferSize > DmaRegion.MaxLength)
        {
            errors.WriteLine($"netstack: the ring may hold up to {DmaRegion.MaxLength} bytes: lower --ring-buffers or --ring-buffer-size");
            return ExitCode.Unusable;
        }
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
            PacketPrinter printer = new(options, output, capture, progress);
            try
            {
                return Print(options, capture, printer, output, errors);
            }
            catch (IOException e)
            {
                progress?.Clear();
                errors.WriteLine($"netstack: standard output: {Reason(e)}");
                return ExitCode.Unusable;
            }
        }
    }

    private static int Print(InspectOptions options, CaptureReader capture, PacketPrinter printer, StandardOutput output, TextWriter errors)
    {
        IInspectPath path = options.ViaRing ? new RingPath(options, capture) : new FilePath(capture);
        using (path)
        {
            string? tooLarge = null;
            try
            {
                path.Run(printer);
            }
            catch (FrameTooLargeException e)
            {
                tooLarge = e.Message;
            }
            CaptureDamage? damage = printer.WantsMore ? capture.Damage : null;
            if (damage is not null && options.Json) PacketJson.WriteError(output, damage);
            output.Flush();
            printer.Progress?.Clear();
            if (options.Stats) path.WriteStats(errors, printer.Printed);
            if ((tooLarge ?? damage?.ToString()) is not { } problem) return ExitCode.Done;
            errors.WriteLine($"netstack: {options.File}: {problem}");
            return tooLarge is null ? ExitCode.Damaged : ExitCode.Unusable;
        }
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
            printer.Print(headers);
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
internal sealed class PacketPrinter(InspectOptions options, StandardOutput output, CaptureReader capture, Progress? progress)
{
    private readonly PacketLine _line = new(options.Time);

    /// <summary>Told of every packet; null where nobody watches.</summary>
    internal Progress? Progress => progress;

    /// <summary>How many packets were printed.</summary>
    internal long Printed { get; private set; }

    /// <summary>Whether there is a reader, and it has not had enough.</summary>
    internal bool WantsMore => Printed < options.Count && !output.IsClosed;

    internal void Print(in PacketHeaders headers)
    {
        if (options.Json) PacketJson.Write(output, headers);
        else _line.Write(output, headers);
        Printed++;
        output.FlushIfFull();
        progress?.Report(Printed, capture.Position);
    }
}
