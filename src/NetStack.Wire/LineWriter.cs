using System.Buffers.Text;
using System.Globalization;

namespace NetStack.Wire;

/// <summary>
/// Writes text as UTF-8 into a buffer of the caller's. It never allocates and never throws: from the first piece that does not
/// fit all is dropped, and <see cref="IsTruncated"/> says so.
/// </summary>
/// <param name="buffer">Where the text goes.</param>
public ref struct LineWriter(Span<byte> buffer)
{
    private Span<byte> _buffer = buffer;
    private int _length;

    /// <summary>Whether something did not fit.</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>The text so far.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>Bytes of text so far.</summary>
    public readonly int Length => _length;

    /// <summary>Appends UTF-8 text.</summary>
    public void Append(scoped ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > _buffer.Length - _length)
        {
            Close();
            return;
        }
        utf8.CopyTo(_buffer[_length..]);
        _length += utf8.Length;
    }

    /// <summary>Appends one ASCII character.</summary>
    public void Append(char ascii)
    {
        if (_length < _buffer.Length) _buffer[_length++] = (byte)ascii;
        else Close();
    }

    /// <summary>Appends a decimal number.</summary>
    public void Append(long value)
    {
        if (Utf8Formatter.TryFormat(value, _buffer[_length..], out int written)) _length += written;
        else Close();
    }

    /// <summary>Appends a decimal number with zeros in front.</summary>
    /// <param name="value">The number, at least 0.</param>
    /// <param name="digits">The least number of digits, 1 to 18.</param>
    public void AppendPadded(long value, int digits)
    {
        Span<byte> text = stackalloc byte[20];
        int at = text.Length;
        do
        {
            text[--at] = (byte)('0' + value % 10);
            value /= 10;
        }
        while (value > 0 || text.Length - at < digits);
        Append(text[at..]);
    }

    /// <summary>Appends a number as lower-case hexadecimal.</summary>
    /// <param name="value">The number.</param>
    /// <param name="digits">The least number of digits; 1 for none padded.</param>
    public void AppendHex(ulong value, int digits = 1)
    {
        for (int shift = Math.Max(digits, HexDigits(value)) * 4 - 4; shift >= 0; shift -= 4)
            Append((char)"0123456789abcdef"u8[(int)(value >> shift & 15)]);
    }

    /// <summary>Appends a MAC address in lower case with colons.</summary>
    public void Append(MacAddress mac)
    {
        for (int shift = 40; shift >= 0; shift -= 8)
        {
            AppendHex(mac.Value >> shift & 255, 2);
            if (shift > 0) Append(':');
        }
    }

    /// <summary>Appends an address: dotted decimal, or the canonical form of RFC 5952.</summary>
    public void Append(IpAddress address)
    {
        if (address.IsV4) AppendV4((uint)address.Value);
        else if (address.IsV6) AppendV6(address.Value);
        else Append("none"u8);
    }

    /// <summary>Takes the rest of the room away, so that a later, shorter piece cannot follow a dropped one.</summary>
    private void Close()
    {
        IsTruncated = true;
        _buffer = _buffer[.._length];
    }

    private void AppendV4(uint value)
    {
        Append(value >> 24);
        Append('.');
        Append(value >> 16 & 255);
        Append('.');
        Append(value >> 8 & 255);
        Append('.');
        Append(value & 255);
    }

    private void AppendV6(UInt128 value)
    {
        // RFC 5952 section 5: the mapped and translated prefixes show their IPv4 part.
        bool mixed = value >> 32 is var high && (high == 0xFFFF || (high == 0 && (uint)value > 0xFFFF));
        int groups = mixed ? 6 : 8;
        (int zeros, int count) = LongestZeroRun(value, groups);
        for (int i = 0; i < groups; i++)
        {
            if (i == zeros)
            {
                Append("::"u8);
                i += count - 1;
                continue;
            }
            if (i > 0 && i != zeros + count) Append(':');
            AppendHex(Group(value, i));
        }
        if (!mixed) return;
        if (zeros + count != groups) Append(':');
        AppendV4((uint)value);
    }

    private static (int Start, int Count) LongestZeroRun(UInt128 value, int groups)
    {
        int best = -1, bestCount = 1; // a run of one is not shortened (RFC 5952 section 4.2.2)
        for (int i = 0, run = 0; i < groups; i++)
        {
            run = Group(value, i) == 0 ? run + 1 : 0;
            if (run > bestCount) (best, bestCount) = (i - run + 1, run);
        }
        return best < 0 ? (-100, 0) : (best, bestCount);
    }

    private static ulong Group(UInt128 value, int index) => (ulong)(value >> (112 - 16 * index)) & 0xFFFF;

    private static int HexDigits(ulong value) => value == 0 ? 1 : (67 - System.Numerics.BitOperations.LeadingZeroCount(value)) / 4;

    /// <summary>The text as a string, for tests and diagnostics.</summary>
    public override readonly string ToString() => string.Create(CultureInfo.InvariantCulture, $"{System.Text.Encoding.UTF8.GetString(Written)}");
}
