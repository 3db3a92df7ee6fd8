using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>
/// Counts by single steps: a second process stops the thread after each instruction, decodes the next one and notes what it reads.
/// Exact for every byte at once, tells reads from writes, and knows every reader; some ten thousand times slower than the frame's way.
/// </summary>
internal sealed class StepCounter : ICounter
{
    private readonly Process _tracer;
    private readonly int _thread = Native.ThreadId;
    private long _steps;
    private readonly int _processor = Thread.GetCurrentProcessorId();

    internal StepCounter()
    {
        if (!Native.IsSupported) throw new CounterRefusedException("single steps are decoded for Linux on x86-64 only");
        Native.AllowTracing();
        Native.StayOn(_processor);
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add("step");
        start.ArgumentList.Add(_thread.ToString(CultureInfo.InvariantCulture));
        foreach (string jit in start.Environment.Keys.Where(k => k.StartsWith("DOTNET_", StringComparison.Ordinal) && k != "DOTNET_ROOT").ToArray()) start.Environment.Remove(jit);
        _tracer = Process.Start(start)!;
    }

    public string Name => "single steps (ptrace)";

    public string Cost => $"{_steps} instructions stepped";

    public Tally[] Count(IMeasured measured)
    {
        Watched[] watched = measured.Prepare();
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"{_processor}");
        foreach (Watched w in watched) line.Append(CultureInfo.InvariantCulture, $" {w.Address} {w.Length}");
        _tracer.StandardInput.WriteLine(line);
        _tracer.StandardInput.Flush();
        string? answer = _tracer.StandardOutput.ReadLine();
        if (answer != "ready") throw new CounterRefusedException(answer?["refused ".Length..] ?? "the tracer ended");
        int process = Environment.ProcessId;
        Native.Mark(process, _thread);
        measured.Run();
        Native.Mark(process, _thread);
        return Read([.. watched.Select(w => new Tally(w.Name, w.Length))]);
    }

    public void Dispose()
    {
        _tracer.StandardInput.Close();
        _tracer.WaitForExit();
        _tracer.Dispose();
    }

    private Tally[] Read(Tally[] tallies)
    {
        while (_tracer.StandardOutput.ReadLine() is { } line)
        {
            string[] f = line.Split(' ');
            if (f[0] == "refused") throw new CounterRefusedException(line["refused ".Length..]);
            if (f[0] == "end")
            {
                _steps += long.Parse(f[1], CultureInfo.InvariantCulture);
                return tallies;
            }
            tallies[Number(f[1])].Read(Number(f[2]), Number(f[3]), [.. f[4..].Select(a => nint.Parse(a, CultureInfo.InvariantCulture))]);
        }
        throw new CounterRefusedException("the tracer ended");

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }
}
