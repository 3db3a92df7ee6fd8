namespace NetStack;

/// <summary>
/// A point in time on the clock that drives a component, in nanoseconds; its epoch is whatever that clock chose. The libraries
/// never read a clock: every <see cref="Instant"/> is handed in. When a frame arrived is a <see cref="Timestamp"/>.
/// </summary>
/// <param name="Nanoseconds">Nanoseconds since the epoch; may be negative.</param>
public readonly record struct Instant(long Nanoseconds) : IComparable<Instant>
{
    /// <summary>The epoch itself.</summary>
    public static Instant Zero => default;

    /// <summary>Later than every deadline.</summary>
    public static Instant MaxValue => new(long.MaxValue);

    /// <summary>An instant a whole number of microseconds after the epoch, saturating.</summary>
    public static Instant FromMicroseconds(long microseconds) => new(Scale(microseconds, 1_000));

    /// <summary>An instant a whole number of milliseconds after the epoch, saturating.</summary>
    public static Instant FromMilliseconds(long milliseconds) => new(Scale(milliseconds, 1_000_000));

    /// <summary>An instant a whole number of seconds after the epoch, saturating.</summary>
    public static Instant FromSeconds(long seconds) => new(Scale(seconds, 1_000_000_000));

    /// <inheritdoc/>
    public int CompareTo(Instant other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>The earlier of two instants.</summary>
    public static Instant Min(Instant a, Instant b) => a.Nanoseconds <= b.Nanoseconds ? a : b;

    /// <summary>The earlier of two deadlines, where <see langword="null"/> means none.</summary>
    public static Instant? Earliest(Instant? a, Instant? b) => a is null ? b : b is null ? a : Min(a.Value, b.Value);

    /// <summary>The instant <paramref name="duration"/> later, saturating: a sum past the end stays at <see cref="MaxValue"/>.</summary>
    public static Instant operator +(Instant at, TimeSpan duration) => at.AddNanoseconds(Scale(duration.Ticks, 100));

    /// <summary>The time from <paramref name="from"/> to <paramref name="to"/>, rounded towards zero to 100 ns.</summary>
    public static TimeSpan operator -(Instant to, Instant from)
    {
        long difference = unchecked(to.Nanoseconds - from.Nanoseconds);
        bool isOverflow = ((to.Nanoseconds ^ from.Nanoseconds) & (to.Nanoseconds ^ difference)) < 0;
        return new TimeSpan(isOverflow ? (long)(((Int128)to.Nanoseconds - from.Nanoseconds) / 100) : difference / 100);
    }

    /// <summary>Compares two instants of one clock.</summary>
    public static bool operator <(Instant a, Instant b) => a.Nanoseconds < b.Nanoseconds;

    /// <summary>Compares two instants of one clock.</summary>
    public static bool operator >(Instant a, Instant b) => a.Nanoseconds > b.Nanoseconds;

    /// <summary>Compares two instants of one clock.</summary>
    public static bool operator <=(Instant a, Instant b) => a.Nanoseconds <= b.Nanoseconds;

    /// <summary>Compares two instants of one clock.</summary>
    public static bool operator >=(Instant a, Instant b) => a.Nanoseconds >= b.Nanoseconds;

    /// <summary>The instant some nanoseconds later, saturating.</summary>
    public Instant AddNanoseconds(long nanoseconds)
    {
        long sum = unchecked(Nanoseconds + nanoseconds);
        if (((Nanoseconds ^ sum) & (nanoseconds ^ sum)) < 0) sum = nanoseconds > 0 ? long.MaxValue : long.MinValue;
        return new Instant(sum);
    }

    /// <summary>Seconds with nine decimals.</summary>
    public override string ToString() =>
        $"{(Nanoseconds < 0 ? "-" : "")}{Magnitude / 1_000_000_000}.{Magnitude % 1_000_000_000:D9}";

    private ulong Magnitude => Nanoseconds < 0 ? 0UL - (ulong)Nanoseconds : (ulong)Nanoseconds;

    private static long Scale(long value, long factor)
    {
        long high = Math.BigMul(value, factor, out long low);
        if (high == low >> 63) return low;
        return value > 0 ? long.MaxValue : long.MinValue;
    }
}
