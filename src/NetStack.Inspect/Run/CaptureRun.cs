using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>One run over captures: open, give every packet that matches to the sink, say what went wrong, return the exit status.</summary>
internal static class CaptureRun
{
    internal static int Execute(CaptureRequest request, Func<CaptureContext, IPacketSink> makeSink)
    {
        using StandardOutput output = StandardOutput.Open();
        return Execute(request, makeSink, output, Console.Error, Progress.OnTerminal());
    }

    internal static int Execute(CaptureRequest request, Func<CaptureContext, IPacketSink> makeSink, StandardOutput output, TextWriter errors, Progress? progress = null)
    {
        if ((long)request.RingBuffers * request.RingBufferSize > DmaRegion.MaxLength)
        {
            errors.WriteLine($"netstack: the ring may hold up to {DmaRegion.MaxLength} bytes: lower --ring-buffers or --ring-buffer-size");
            return ExitCode.Unusable;
        }
        if (PacketTest.TryParse(request, errors) is not { } test) return ExitCode.Unusable;
        if (CaptureFiles.Open(request, errors) is not { } capture) return ExitCode.Unusable;
        using (capture)
        {
            try
            {
                return Run(request, test, new CaptureContext(output, capture, test.Times), makeSink, errors, progress);
            }
            catch (FilterException e)
            {
                // Compiled for each link type as it is met: "vlan" means nothing on some.
                progress?.Clear();
                errors.WriteLine($"netstack: filter: {Reason(e)}");
                return ExitCode.Unusable;
            }
            catch (IOException e)
            {
                progress?.Clear();
                errors.WriteLine($"netstack: {(e as OutputException)?.Output ?? "standard output"}: {Reason((e as OutputException)?.InnerException ?? e)}");
                return ExitCode.Unusable;
            }
        }
    }

    private static int Run(CaptureRequest request, PacketTest test, CaptureContext context, Func<CaptureContext, IPacketSink> makeSink, TextWriter errors, Progress? progress)
    {
        CaptureSource capture = context.Capture;
        using IPacketSink sink = makeSink(context);
        PacketPump pump = new(request, test, context.Output, capture, sink, progress);
        using ICapturePath path = request.ViaRing ? new RingPath(request, capture) : new FilePath(capture);
        string? tooLarge = null;
        try
        {
            path.Run(pump);
        }
        catch (FrameTooLargeException e)
        {
            tooLarge = e.Message;
        }
        context.Damage = pump.WantsMore ? capture.Files.FirstOrDefault(file => file.Damage is not null)?.Damage : null;
        bool wantsMore = pump.WantsMore;
        progress?.Clear();
        sink.Finish(errors);
        context.Output.Flush();
        if (request.Stats) path.WriteStats(errors, $"packets {request.Verb} {pump.Given}");
        if (tooLarge is null) return CaptureFiles.SayDamage(capture, wantsMore, errors) ? ExitCode.Damaged : ExitCode.Done;
        errors.WriteLine($"netstack: {request.Files[0]}: {tooLarge}");
        return ExitCode.Unusable;
    }

    internal static string Reason(Exception e) => e switch
    {
        FileNotFoundException => "no such file",
        DirectoryNotFoundException => "no such folder",
        UnauthorizedAccessException => "permission denied",
        _ => e.Message.ReplaceLineEndings(" ").Split(" : '")[0], // the framework's messages end with the path, which stands in front
    };
}

/// <summary>A way for packets to come from the file.</summary>
internal interface ICapturePath : IDisposable
{
    /// <summary>Gives every packet to the pump until it wants no more.</summary>
    void Run(PacketPump pump);

    /// <summary>Writes the counters.</summary>
    /// <param name="errors">Where to.</param>
    /// <param name="given">What became of the packets, in words.</param>
    void WriteStats(TextWriter errors, string given);
}

/// <summary>Straight from the file's read buffer.</summary>
internal sealed class FilePath(CaptureSource capture) : ICapturePath
{
    public void Run(PacketPump pump)
    {
        if (pump.Snapshots is { } own)
        {
            pump.AddAll(own);
            return;
        }
        while (pump.WantsMore && capture.TryRead(out CaptureRecord record))
        {
            PacketHeaders headers = PacketHeaders.Decode(record);
            pump.Add(record, headers);
        }
    }

    public void WriteStats(TextWriter errors, string given)
    {
        errors.WriteLine(given);
        errors.WriteLine(capture.Meter);
    }

    public void Dispose()
    {
    }
}
