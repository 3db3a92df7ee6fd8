namespace NetStack.Tcp;

/// <summary>
/// A TCP sequence number: arithmetic is modulo 2^32, and an order exists only between numbers less than 2^31 apart (RFC 9293
/// section 3.4). Compare with the operators, never by <see cref="Value"/>.
/// </summary>
/// <param name="Value">The number as on the wire.</param>
internal readonly record struct SequenceNumber(uint Value)
{
    /// <summary>Whether it lies in the <paramref name="length"/> numbers that begin at <paramref name="start"/>; in none of 0.</summary>
    internal bool IsWithin(SequenceNumber start, uint length) => unchecked(Value - start.Value) < length;

    /// <summary>Whether <paramref name="start"/> ≤ this ≤ <paramref name="end"/>, in the window that begins at <paramref name="start"/>.</summary>
    internal bool IsBetween(SequenceNumber start, SequenceNumber end) => unchecked(Value - start.Value <= end.Value - start.Value);

    /// <summary>The later of two numbers.</summary>
    internal static SequenceNumber Max(SequenceNumber a, SequenceNumber b) => a >= b ? a : b;

    /// <summary>The earlier of two numbers.</summary>
    internal static SequenceNumber Min(SequenceNumber a, SequenceNumber b) => a <= b ? a : b;

    /// <summary>The number <paramref name="count"/> later, or earlier if negative.</summary>
    public static SequenceNumber operator +(SequenceNumber a, int count) => new(unchecked(a.Value + (uint)count));

    /// <summary>The number <paramref name="count"/> earlier.</summary>
    public static SequenceNumber operator -(SequenceNumber a, int count) => new(unchecked(a.Value - (uint)count));

    /// <summary>How far <paramref name="a"/> is after <paramref name="b"/>; negative when before.</summary>
    public static int operator -(SequenceNumber a, SequenceNumber b) => unchecked((int)(a.Value - b.Value));

    /// <summary>Whether a comes before b.</summary>
    public static bool operator <(SequenceNumber a, SequenceNumber b) => a - b < 0;

    /// <summary>Whether a comes after b.</summary>
    public static bool operator >(SequenceNumber a, SequenceNumber b) => b - a < 0;

    /// <summary>Whether a comes before b or is b.</summary>
    public static bool operator <=(SequenceNumber a, SequenceNumber b) => b - a >= 0;

    /// <summary>Whether a comes after b or is b.</summary>
    public static bool operator >=(SequenceNumber a, SequenceNumber b) => a - b >= 0;

    /// <summary>The number in decimal.</summary>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
