namespace NetStack.Wire;

/// <summary>
/// Steps through IPv4 or TCP options: kinds 0 and 1 are one byte, every other has a length (RFC 791, RFC 9293 section 3.1).
/// It stops at the end marker, at the end, or at an option that cannot be.
/// </summary>
/// <param name="options">The options, cut to what is there.</param>
public ref struct OptionReader(ReadOnlySpan<byte> options)
{
    private ReadOnlySpan<byte> _rest = options;
    private bool _ended;

    /// <summary>The kind of the present option.</summary>
    public byte Kind { get; private set; }

    /// <summary>The present option's bytes after kind and length; cut where the option runs past the end.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>Whether an option's length could not be: below 2 or past the end.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>Finds the first well-formed option of a kind.</summary>
    internal static bool TryFind(ReadOnlySpan<byte> options, byte kind, out ReadOnlySpan<byte> data)
    {
        OptionReader reader = new(options);
        while (reader.MoveNext() && !reader.IsMalformed)
        {
            data = reader.Data;
            if (reader.Kind == kind) return true;
        }
        data = default;
        return false;
    }

    /// <summary>Goes to the next option. The end marker is given as an option; a malformed one too, as the last.</summary>
    public bool MoveNext()
    {
        if (_ended || _rest.IsEmpty) return false;
        Kind = _rest[0];
        Data = default;
        if (Kind <= 1)
        {
            _ended = Kind == 0;
            _rest = _rest[1..];
            return true;
        }
        int length = _rest.Length < 2 ? 0 : _rest[1];
        if (length < 2 || length > _rest.Length)
        {
            IsMalformed = true;
            _ended = true;
            if (_rest.Length > 2 && length >= 2) Data = _rest[2..];
            return true;
        }
        Data = _rest[2..length];
        _rest = _rest[length..];
        return true;
    }
}
