using System.Globalization;

namespace NetStack.Inspect;

/// <summary>How far a long run is, on the last line of a terminal: rewritten now and then, wiped at the end.</summary>
/// <param name="terminal">The terminal.</param>
/// <param name="time">Where the time comes from.</param>
internal sealed class Progress(TextWriter terminal, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private long _last = time.GetTimestamp();
    private int _width;

    /// <summary>Progress on standard error, where it is a terminal and standard output is not: there the lines themselves show it.</summary>
    internal static Progress? OnTerminal() =>
        Console.IsErrorRedirected || !Console.IsOutputRedirected ? null : new Progress(Console.Error, TimeProvider.System);

    /// <summary>Says where the run is, unless that was said a moment ago.</summary>
    internal void Report(long packets, long bytes)
    {
        if (packets % 64 != 0 || time.GetElapsedTime(_last) < Interval) return; // a look at the clock per packet would show
        _last = time.GetTimestamp();
        string text = string.Create(CultureInfo.InvariantCulture, $"{packets:N0} packets, {bytes / 1e6:N1} MB");
        terminal.Write('\r' + text.PadRight(_width));
        _width = text.Length;
    }

    /// <summary>Wipes the line.</summary>
    internal void Clear()
    {
        if (_width > 0) terminal.Write($"\r{new string(' ', _width)}\r");
        _width = 0;
    }
}
