namespace NetStack;

/// <summary>Where and why reading a capture ended early. Everything before it was delivered.</summary>
/// <param name="Code">A short code: <c>truncated_file</c>, <c>bad_record</c>, <c>bad_block</c>, <c>bad_compression</c> or
/// <c>read_error</c>.</param>
/// <param name="Offset">The byte, in the uncompressed file, at which the record or block in question begins.</param>
/// <param name="Detail">One line for people.</param>
public sealed record CaptureDamage(string Code, long Offset, string Detail)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => $"{Code} at byte {Offset}: {Detail}";
}

/// <summary>A file that is no capture, or one of a kind that is not read.</summary>
public sealed class CaptureFormatException : IOException
{
    /// <summary>With the message people see.</summary>
    public CaptureFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Without a message.</summary>
    public CaptureFormatException()
    {
    }

    /// <summary>With the message people see and its cause.</summary>
    public CaptureFormatException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
