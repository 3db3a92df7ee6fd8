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
    /// <summary>A millionth of a second.</summary>
    public static TimeResolution Microseconds => new(6, false);

    /// <summary>A thousand-millionth of a second.</summary>
    public static TimeResolution Nanoseconds => new(9, false);

    /// <summary>The time of so many units, rounded down to nanoseconds.</summary>
    /// <param name="units">Units since the epoch.</param>
    /// <param name="offsetSeconds">Seconds to add.</param>
    public Timestamp ToTimestamp(ulong units, long offsetSeconds)
    {
        Int128 nanoseconds = IsBinary ? ShiftDown((UInt128)units * 1_000_000_000)
            : Exponent <= 9 ? (Int128)units * PowerOfTen(9 - Exponent)
            : Exponent > 29 ? 0 : (Int128)units / PowerOfTen(Exponent - 9);
        return Timestamp.FromNanoseconds(nanoseconds + (Int128)offsetSeconds * 1_000_000_000);
    }

    private Int128 ShiftDown(UInt128 value) => Exponent > 127 ? 0 : (Int128)(value >> Exponent);

    private static Int128 PowerOfTen(int exponent)
    {
        Int128 power = 1;
        for (int i = 0; i < exponent; i++) power *= 10;
        return power;
    }
}
