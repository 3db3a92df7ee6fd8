using System.Globalization;
using System.Net;

namespace NetStack.Analysis;

/// <summary>Numbers and names as people read them, safe within HTML.</summary>
internal static class ReportText
{
    private const int MaxName = 200;

    internal static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    internal static string Bytes(long value) => value switch
    {
        < 1000 => Count(value) + " B",
        < 1_000_000 => Scaled(value, 1e3, "kB"),
        < 1_000_000_000 => Scaled(value, 1e6, "MB"),
        < 1_000_000_000_000 => Scaled(value, 1e9, "GB"),
        _ => Scaled(value, 1e12, "TB"),
    };

    internal static string Duration(long nanoseconds) => nanoseconds switch
    {
        < 1_000 => Count(nanoseconds) + " ns",
        < 1_000_000 => Scaled(nanoseconds, 1e3, "µs"),
        < 1_000_000_000 => Scaled(nanoseconds, 1e6, "ms"),
        < 600_000_000_000 => Scaled(nanoseconds, 1e9, "s"),
        < 10_800_000_000_000 => Scaled(nanoseconds, 60e9, "min"),
        < 259_200_000_000_000 => Scaled(nanoseconds, 3600e9, "h"),
        _ => Scaled(nanoseconds, 86400e9, "d"),
    };

    internal static string Rate(double bitsPerSecond) => bitsPerSecond switch
    {
        < 1e3 => Scaled(bitsPerSecond, 1, "bit/s"),
        < 1e6 => Scaled(bitsPerSecond, 1e3, "kbit/s"),
        < 1e9 => Scaled(bitsPerSecond, 1e6, "Mbit/s"),
        _ => Scaled(bitsPerSecond, 1e9, "Gbit/s"),
    };

    internal static string Time(Timestamp at)
    {
        const long Least = -62_135_596_800;
        const long Most = 253_402_300_799;
        if (at.Seconds is < Least or > Most) return at.ToString();
        return DateTimeOffset.FromUnixTimeSeconds(at.Seconds).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + $".{at.Nanoseconds / 1000:D6} UTC";
    }

    /// <summary>A text of a file: cut where it is very long, and escaped. No control character is left: the page may be shown on a
    /// terminal, which obeys them.</summary>
    internal static string Name(string text)
    {
        string shown = text.Length > MaxName ? text[..MaxName] + "…" : text;
        return WebUtility.HtmlEncode(string.Create(shown.Length, shown, static (to, from) =>
        {
            for (int i = 0; i < from.Length; i++) to[i] = char.IsControl(from[i]) ? '\uFFFD' : from[i];
        }));
    }

    private static string Scaled(double value, double unit, string name) => (value / unit).ToString("0.##", CultureInfo.InvariantCulture) + " " + name;
}
