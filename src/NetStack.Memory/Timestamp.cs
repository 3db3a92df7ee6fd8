namespace NetStack;

/// <summary>
/// When a frame arrived, as its source says: seconds since 1970-01-01 UTC and nanoseconds. It is data, not a clock: it may lie
/// anywhere, and run backwards. For deadlines there is <see cref="Instant"/>.
/// </summary>
/// <param name="Seconds">Whole seconds since 1970, rounded down; negative before.</param>
/// <param name="Nanoseconds">0 to 999,999,999.</param>
public readonly record struct Timestamp(long Seconds, int Nanoseconds) : IComparable<Timestamp>
{
    private const int PerSecond = 1_000_000_000;

    /// <summary>A time so many nanoseconds after 1970; exact for every value that has a whole second in range.</summary>
    public static Timestamp FromNanoseconds(Int128 nanoseconds)
    {
        Int128 seconds = nanoseconds / PerSecond;
        int rest = (int)(nanoseconds - seconds * PerSecond);
        if (rest < 0)
        {
            rest += PerSecond;
            seconds--;
        }
        if (seconds > long.MaxValue) return new Timestamp(long.MaxValue, PerSecond - 1);
        return seconds < long.MinValue ? new Timestamp(long.MinValue, 0) : new Timestamp((long)seconds, rest);
    }

    /// <summary>Nanoseconds since 1970, exact.</summary>
    public Int128 TotalNanoseconds => (Int128)Seconds * PerSecond + Nanoseconds;

    /// <inheritdoc/>
    public int CompareTo(Timestamp other) => Seconds != other.Seconds ? Seconds.CompareTo(other.Seconds) : Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>Compares two times.</summary>
    public static bool operator <(Timestamp a, Timestamp b) => a.CompareTo(b) < 0;

    /// <summary>Compares two times.</summary>
    public static bool operator >(Timestamp a, Timestamp b) => a.CompareTo(b) > 0;

    /// <summary>Compares two times.</summary>
    public static bool operator <=(Timestamp a, Timestamp b) => a.CompareTo(b) <= 0;

    /// <summary>Compares two times.</summary>
    public static bool operator >=(Timestamp a, Timestamp b) => a.CompareTo(b) >= 0;

    /// <summary>The nanoseconds from <paramref name="from"/> to <paramref name="to"/>.</summary>
    public static Int128 operator -(Timestamp to, Timestamp from) => to.TotalNanoseconds - from.TotalNanoseconds;

    /// <summary>Seconds with nine decimals.</summary>
    public override string ToString() =>
        TotalNanoseconds < 0 ? $"-{-TotalNanoseconds / PerSecond}.{(int)(-TotalNanoseconds % PerSecond):D9}" : $"{Seconds}.{Nanoseconds:D9}";
}
