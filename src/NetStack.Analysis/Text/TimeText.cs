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

    /// <summary>Date and time in UTC.</summary>
    Date,

    /// <summary>Hours, minutes and seconds since the packet before, as tcpdump -ttt.</summary>
    DeltaClock,

    /// <summary>Hours, minutes and seconds since the first packet, as tcpdump -ttttt.</summary>
    RelativeClock,
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

    /// <summary>The date, in UTC, and the time.</summary>
    internal static void AppendDate(ref LineWriter line, Timestamp at, bool nine)
    {
        // Days of 400-year cycles, from 1 March 0000: leap days end a year then.
        Int128 days = ((Int128)at.Seconds - ((at.Seconds % Day + Day) % Day)) / Day + 719_468;
        Int128 era = (days >= 0 ? days : days - 146_096) / 146_097;
        int inEra = (int)(days - era * 146_097);
        int yearOfEra = (inEra - inEra / 1460 + inEra / 36_524 - inEra / 146_096) / 365;
        int dayOfYear = inEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int month = (5 * dayOfYear + 2) / 153;
        long year = (long)(yearOfEra + era * 400) + (month >= 10 ? 1 : 0);
        if (year < 0) line.Append('-');
        line.AppendPadded(Math.Abs(year), 4);
        line.Append('-');
        line.AppendPadded(month < 10 ? month + 3 : month - 9, 2);
        line.Append('-');
        line.AppendPadded(dayOfYear - (153 * month + 2) / 5 + 1, 2);
        line.Append(' ');
        AppendDayTime(ref line, at, nine);
    }

    /// <summary>A span as hours, minutes and seconds, a blank or a sign in front.</summary>
    internal static void AppendClock(ref LineWriter line, Int128 nanoseconds, bool nine)
    {
        line.Append(nanoseconds < 0 ? '-' : ' ');
        Int128 absolute = Int128.Abs(nanoseconds);
        long seconds = (long)(absolute / Second);
        line.AppendPadded(seconds / 3600, 2);
        line.Append(':');
        line.AppendPadded(seconds / 60 % 60, 2);
        line.Append(':');
        line.AppendPadded(seconds % 60, 2);
        AppendFraction(ref line, (long)(absolute % Second), nine);
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
