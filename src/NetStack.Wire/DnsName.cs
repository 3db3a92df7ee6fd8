namespace NetStack.Wire;

/// <summary>
/// A domain name inside a message, with its compression pointers (RFC 1035 section 4.1.4). Made by a reader, it is sound: every
/// pointer leads back, so a walk ends, and there are at most <see cref="MaxSize"/> bytes. Nothing here allocates but
/// <see cref="ToString"/>.
/// </summary>
public readonly ref struct DnsName
{
    /// <summary>The most bytes of a name without compression, its last, empty label included.</summary>
    public const int MaxSize = 255;

    /// <summary>The most bytes of a label.</summary>
    public const int MaxLabel = 63;

    private readonly ReadOnlySpan<byte> _message;
    private readonly int _offset;

    private DnsName(ReadOnlySpan<byte> message, int offset, int size)
    {
        _message = message;
        _offset = offset;
        Size = size;
    }

    /// <summary>Bytes the name takes without compression, 1 to <see cref="MaxSize"/>; 0 where there is none.</summary>
    public int Size { get; }

    /// <summary>Whether this is the root, which has no label.</summary>
    public bool IsRoot => Size == 1;

    /// <summary>Reads a name.</summary>
    /// <param name="message">What its pointers count from: a message, or the whole of a DHCP search list.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="name">The name.</param>
    /// <param name="next">Where what follows it begins.</param>
    /// <returns>False when it runs past the end, is too long, or has a pointer that does not lead back.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, int offset, out DnsName name, out int next)
    {
        name = default;
        next = 0;
        int size = 0;
        int floor = offset; // a pointer must lead before the piece that holds it
        for (int at = offset; (uint)at < (uint)message.Length;)
        {
            int length = message[at];
            if (length >= 0xC0)
            {
                if (at + 1 >= message.Length) return false;
                if (next == 0) next = at + 2;
                at = (length & 0x3F) << 8 | message[at + 1];
                if (at >= floor) return false;
                floor = at;
                continue;
            }
            size += 1 + length;
            if (length > MaxLabel || size > MaxSize) return false;
            at += 1 + length;
            if (length > 0) continue;
            if (next == 0) next = at;
            name = new DnsName(message, offset, size);
            return true;
        }
        return false;
    }

    /// <summary>Writes a text, dots between its labels, as a name without compression. A dot at the end changes nothing.</summary>
    /// <param name="text">The text, ASCII; <c>\.</c> and <c>\DDD</c> stand for bytes (RFC 1035 section 5.1).</param>
    /// <param name="destination">Where to; <see cref="MaxSize"/> bytes do.</param>
    /// <param name="written">Bytes written.</param>
    /// <returns>False when a label is empty or over 63 bytes, the whole is too long, or a character is not ASCII.</returns>
    public static bool TryEncode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        if (destination.IsEmpty) return false;
        int limit = Math.Min(destination.Length, MaxSize);
        int label = 0; // where the length of the present label stands
        int end = 1;
        if (text is ".") text = default;
        for (int at = 0; at < text.Length;)
        {
            char c = text[at++];
            if (c == '.')
            {
                if (!TryCloseLabel(destination, label, end)) return false;
                label = end++;
                if (label >= limit) return false;
                continue;
            }
            if (c == '\\' ? !TryUnescape(text, ref at, out c) : c > 127) return false;
            if (end >= limit) return false;
            destination[end++] = (byte)c;
        }
        if (end - label > 1 && (!TryCloseLabel(destination, label, end) || ++end > limit)) return false;
        destination[end - 1] = 0;
        written = end;
        return true;
    }

    /// <summary>Whether two names are the same; letters count as equal whatever their case (RFC 4343).</summary>
    public bool Matches(DnsName other)
    {
        if (Size != other.Size) return false;
        Enumerator mine = GetEnumerator();
        Enumerator theirs = other.GetEnumerator();
        while (mine.MoveNext() && theirs.MoveNext())
        {
            if (!AreSame(mine.Current, theirs.Current)) return false;
        }
        return true;
    }

    /// <summary>Whether the name is one without compression.</summary>
    /// <param name="encoded">The other, as <see cref="CopyTo"/> writes it.</param>
    /// <param name="exactCase">Whether the case of letters counts, too.</param>
    public bool Matches(ReadOnlySpan<byte> encoded, bool exactCase = false)
    {
        if (Size == 0 || encoded.Length != Size) return false;
        if (!exactCase) return TryRead(encoded, 0, out DnsName other, out _) && Matches(other);
        Span<byte> mine = stackalloc byte[MaxSize];
        return mine[..CopyTo(mine)].SequenceEqual(encoded);
    }

    /// <summary>Writes the name without compression.</summary>
    /// <returns>Bytes written: <see cref="Size"/>.</returns>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public int CopyTo(Span<byte> destination)
    {
        Span<byte> room = Bytes.Room(destination, Size);
        int at = 0;
        foreach (ReadOnlySpan<byte> label in this)
        {
            room[at++] = (byte)label.Length;
            label.CopyTo(room[at..]);
            at += label.Length;
        }
        return Size;
    }

    /// <summary>The labels, from the narrowest on, without the empty one of the root.</summary>
    public Enumerator GetEnumerator() => new(_message, _offset, Size);

    /// <summary>Appends the name with a dot at its end, as tcpdump does; dots in labels and bytes that are not printable are escaped.</summary>
    public void AppendTo(ref LineWriter line)
    {
        foreach (ReadOnlySpan<byte> label in this)
        {
            foreach (byte b in label)
            {
                if (b is (byte)'.' or (byte)'\\') line.Append('\\');
                if (b is > 32 and < 127)
                {
                    line.Append((char)b);
                    continue;
                }
                line.Append('\\');
                line.AppendPadded(b, 3);
            }
            line.Append('.');
        }
        if (IsRoot) line.Append('.');
    }

    /// <summary>As <see cref="AppendTo"/>, without the last dot unless it is the root.</summary>
    public override string ToString()
    {
        LineWriter line = new(stackalloc byte[4 * MaxSize]);
        AppendTo(ref line);
        string text = line.ToString();
        return text.Length > 1 ? text[..^1] : text;
    }

    private static bool TryCloseLabel(Span<byte> destination, int label, int end)
    {
        int length = end - label - 1;
        if (length is 0 or > MaxLabel) return false;
        destination[label] = (byte)length;
        return true;
    }

    private static bool TryUnescape(ReadOnlySpan<char> text, ref int at, out char c)
    {
        c = at < text.Length ? text[at] : '\0';
        if (!char.IsAsciiDigit(c)) return ++at <= text.Length && c < 128;
        if (at + 3 > text.Length || !byte.TryParse(text.Slice(at, 3), System.Globalization.NumberStyles.None, null, out byte value)) return false;
        at += 3;
        c = (char)value;
        return true;
    }

    private static bool AreSame(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        if (a.Length != b.Length) return false;
        for (int i = 0; i < a.Length; i++)
        {
            if (Lower(a[i]) != Lower(b[i])) return false;
        }
        return true;
    }

    private static int Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? b | 0x20 : b;

    /// <summary>Steps through labels.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _message;
        private int _at;
        private int _left;

        internal Enumerator(ReadOnlySpan<byte> message, int at, int size)
        {
            _message = message;
            _at = at;
            _left = size;
        }

        /// <summary>The present label.</summary>
        public ReadOnlySpan<byte> Current { get; private set; }

        /// <summary>Goes to the next label; false at the root.</summary>
        public bool MoveNext()
        {
            if (_left <= 1) return false;
            while (_message[_at] >= 0xC0) _at = (_message[_at] & 0x3F) << 8 | _message[_at + 1];
            int length = _message[_at];
            Current = _message.Slice(_at + 1, length);
            _at += 1 + length;
            _left -= 1 + length;
            return true;
        }
    }
}
