using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>The time in front of a line.</summary>
public enum TimeFormat
{
    /// <summary>Hours, minutes and seconds of the UTC day.</summary>
    Utc,

    /// <summary>Seconds since 1970.</summary>
    Epoch,

    /// <summary>Seconds since the packet before.</summary>
    Delta,

    /// <summary>Seconds since the first packet.</summary>
    Relative,

    /// <summary>No time.</summary>
    None,
}

/// <summary>Writes instants as text.</summary>
internal static class TimeText
{
    private const long Second = 1_000_000_000;
    private const long Day = 86_400;

    /// <summary>Seconds with nine decimals; a sign where negative.</summary>
    internal static void AppendSeconds(ref LineWriter line, Int128 nanoseconds) => AppendPadded(ref line, AppendWhole(ref line, nanoseconds), 9);

    /// <summary>Seconds with six decimals, or nine; a sign where negative.</summary>
    internal static void AppendSeconds(ref LineWriter line, Int128 nanoseconds, bool nine) => AppendFraction(ref line, AppendWhole(ref line, nanoseconds), nine);

    /// <summary>The time of the UTC day, with six decimals or nine.</summary>
    internal static void AppendDayTime(ref LineWriter line, Timestamp at, bool nine)
    {
        long inDay = (at.Seconds % Day + Day) % Day;
        line.AppendPadded(inDay / 3600, 2);
        line.Append(':');
        line.AppendPadded(inDay / 60 % 60, 2);
        line.Append(':');
        line.AppendPadded(inDay % 60, 2);
        AppendFraction(ref line, at.Nanoseconds, nine);
    }

    /// <summary>Appends sign and whole seconds; returns the nanoseconds that are left.</summary>
    private static long AppendWhole(ref LineWriter line, Int128 nanoseconds)
    {
        if (nanoseconds < 0) line.Append('-');
        Int128 absolute = Int128.Abs(nanoseconds);
        line.Append((long)(absolute / Second));
        return (long)(absolute % Second);
    }

    private static void AppendFraction(ref LineWriter line, long nanoseconds, bool nine)
    {
        if (nine) AppendPadded(ref line, nanoseconds, 9);
        else AppendPadded(ref line, nanoseconds / 1000, 6);
    }

    private static void AppendPadded(ref LineWriter line, long value, int digits)
    {
        line.Append('.');
        line.AppendPadded(value, digits);
    }
}
