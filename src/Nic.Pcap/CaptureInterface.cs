using NetStack.Wire;

namespace NetStack;

/// <summary>An interface that packets of a capture came in on.</summary>
/// <param name="Index">Its number over the whole file, from 0.</param>
/// <param name="LinkType">How its packets begin.</param>
/// <param name="SnapLength">The most bytes kept of a packet; 0 for no limit.</param>
/// <param name="Resolution">The time unit: how many of them are a second.</param>
/// <param name="TimeOffset">Seconds to add to every time stamp.</param>
/// <param name="Name">Its name, if the file tells.</param>
/// <param name="Description">Its description, if the file tells.</param>
public sealed record CaptureInterface(int Index, LinkType LinkType, uint SnapLength, TimeResolution Resolution, long TimeOffset = 0, string? Name = null, string? Description = null);

/// <summary>A time unit of a capture, as pcapng tells it: a power of ten or of two.</summary>
/// <param name="Exponent">0 to 127: the unit is 10 or 2 to the power of minus this, in seconds.</param>
/// <param name="IsBinary">Whether the base is two.</param>
public readonly record struct TimeResolution(int Exponent, bool IsBinary)
{
    private const int NanosecondsPerSecond = 1_000_000_000;
    private const long MaxFastOffset = 1L << 62;

    private static readonly ulong[] PowersOfTen =
    [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000,
        1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000,
        100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ];

    /// <summary>A millionth of a second.</summary>
    public static TimeResolution Microseconds => new(6, false);

    /// <summary>A thousand-millionth of a second.</summary>
    public static TimeResolution Nanoseconds => new(9, false);

    /// <summary>As pcapng writes it in one byte: the highest bit tells of base two.</summary>
    internal byte ToByte() => (byte)((Exponent & 0x7F) | (IsBinary ? 0x80 : 0));

    internal static TimeResolution FromByte(byte value) => new(value & 0x7F, (value & 0x80) != 0);

    /// <summary>The time of so many units, rounded down to nanoseconds.</summary>
    /// <param name="units">Units since the epoch.</param>
    /// <param name="offsetSeconds">Seconds to add.</param>
    public Timestamp ToTimestamp(ulong units, long offsetSeconds)
    {
        if (!IsBinary && Exponent is > 0 and <= 9 && offsetSeconds is > -MaxFastOffset and < MaxFastOffset)
        {
            (ulong seconds, ulong rest) = Math.DivRem(units, PowersOfTen[Exponent]);
            return new Timestamp((long)seconds + offsetSeconds, (int)(rest * PowersOfTen[9 - Exponent]));
        }
        return Timestamp.FromNanoseconds(ToNanoseconds(units) + (Int128)offsetSeconds * NanosecondsPerSecond);
    }

    /// <summary>The time in units, rounded down to one: the inverse of <see cref="ToTimestamp"/> for every time that came from there
    /// and is no later than a <see cref="Timestamp"/> can be.</summary>
    /// <param name="time">The time.</param>
    /// <param name="offsetSeconds">Seconds that a reader will add.</param>
    /// <param name="units">Units since the epoch and <paramref name="offsetSeconds"/>.</param>
    /// <returns>False when 64 bits do not hold it, or it lies before the offset.</returns>
    public bool TryToUnits(Timestamp time, long offsetSeconds, out ulong units)
    {
        units = 0;
        Int128 nanoseconds = time.TotalNanoseconds - (Int128)offsetSeconds * NanosecondsPerSecond;
        if (nanoseconds < 0 || nanoseconds > ToNanoseconds(ulong.MaxValue)) return false;
        if (!IsBinary && Exponent <= 9)
        {
            units = (ulong)((UInt128)nanoseconds / PowersOfTen[9 - Exponent]);
            return true;
        }
        // The reading of a unit is monotone: take the first that reads as the time, or the last before it.
        ulong low = 0, high = ulong.MaxValue;
        while (low < high)
        {
            ulong middle = low + (high - low) / 2;
            if (ToNanoseconds(middle) < nanoseconds) low = middle + 1;
            else high = middle;
        }
        units = low > 0 && ToNanoseconds(low) > nanoseconds ? low - 1 : low;
        return true;
    }

    /// <summary>Rounded down.</summary>
    private Int128 ToNanoseconds(ulong units)
    {
        if (IsBinary) return Exponent > 127 ? 0 : (Int128)((UInt128)units * NanosecondsPerSecond >> Exponent);
        if (Exponent <= 9) return (Int128)units * PowersOfTen[9 - Exponent];
        return Exponent > 9 + 19 ? 0 : units / PowersOfTen[Exponent - 9];
    }
}
