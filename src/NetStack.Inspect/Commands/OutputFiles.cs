using System.Globalization;
using System.Text;

namespace NetStack.Inspect;

/// <summary>The names of the files a capture is written to, one after the other, as tcpdump makes them.</summary>
internal sealed record OutputFiles
{
    /// <summary>What was asked for.</summary>
    internal required string Name { get; init; }

    /// <summary>After how many bytes another file begins.</summary>
    internal long MaxBytes { get; init; } = long.MaxValue;

    /// <summary>After how many seconds another file begins; 0 for never.</summary>
    internal long Seconds { get; init; }

    /// <summary>How many files; 0 for no limit.</summary>
    internal int Count { get; init; }

    /// <summary>A file's name.</summary>
    /// <param name="number">How many files of this time there were before.</param>
    /// <param name="at">The time it begins.</param>
    internal string NameOf(long number, Timestamp? at)
    {
        string name = Seconds > 0 ? WithTime(Name, at ?? default) : Name;
        if (Count > 0 && MaxBytes < long.MaxValue && Seconds == 0)
            return name + (number % Count).ToString("D" + (Count - 1).ToString(CultureInfo.InvariantCulture).Length, CultureInfo.InvariantCulture);
        return number == 0 ? name : name + number.ToString(CultureInfo.InvariantCulture);
    }

    private static string WithTime(string pattern, Timestamp at)
    {
        DateTime time = DateTime.UnixEpoch.AddSeconds(Math.Clamp(at.Seconds, 0, 253_402_300_799L));
        StringBuilder name = new();
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '%' || i + 1 == pattern.Length) name.Append(pattern[i]);
            else name.Append(Conversion(pattern[++i], time, at));
        }
        return name.ToString();
    }

    private static string Conversion(char letter, DateTime time, Timestamp at) => letter switch
    {
        '%' => "%",
        's' => at.Seconds.ToString(CultureInfo.InvariantCulture),
        'j' => time.DayOfYear.ToString("D3", CultureInfo.InvariantCulture),
        'F' => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        'T' => time.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
        'Y' => time.ToString("yyyy", CultureInfo.InvariantCulture),
        'y' => time.ToString("yy", CultureInfo.InvariantCulture),
        'm' => time.ToString("MM", CultureInfo.InvariantCulture),
        'd' => time.ToString("dd", CultureInfo.InvariantCulture),
        'H' => time.ToString("HH", CultureInfo.InvariantCulture),
        'M' => time.ToString("mm", CultureInfo.InvariantCulture),
        'S' => time.ToString("ss", CultureInfo.InvariantCulture),
        'b' => time.ToString("MMM", CultureInfo.InvariantCulture),
        'a' => time.ToString("ddd", CultureInfo.InvariantCulture),
        _ => "%" + letter,
    };
}
