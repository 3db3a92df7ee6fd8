namespace NetStack;

/// <summary>What became of payload that was read by handle.</summary>
/// <param name="BytesPassed">Bytes read by handle that were never copied before.</param>
/// <param name="BytesCopied">Bytes read by handle that had been copied when they came, or while they were unread.</param>
public readonly record struct BodyCounters(long BytesPassed, long BytesCopied)
{
    /// <summary>Bodies that were copied while they were unread: for too long, or while buffers were short.</summary>
    public long CopiedUnread { get; init; }

    /// <summary>Bodies that were copied while a program held them: for too long, or while buffers were short.</summary>
    public long CopiedHeld { get; init; }

    /// <summary>Bodies that programs hold now, with those in writes that wait.</summary>
    public int Held { get; init; }
}

/// <remarks>Payload by handle.</remarks>
public sealed partial class NetStackHost
{
    /// <summary>Counts of payload that was read by handle, as of now; what was read and copied in bytes is in
    /// <see cref="NetworkStack.Meter"/>.</summary>
    public BodyCounters GetBodyCounters()
    {
        using (Loop.Enter())
        {
            return new BodyCounters(Stack.Tcp.Counters.BodyBytesPassed + Stack.Udp.BodyBytesPassed, Stack.Tcp.Counters.BodyBytesCopied + Stack.Udp.BodyBytesCopied)
            {
                CopiedUnread = Stack.Tcp.Counters.BodiesCopiedOut + Stack.Udp.BodiesCopiedOut,
                CopiedHeld = _driver.Bodies?.Moved ?? 0,
                Held = _driver.Bodies?.Count ?? 0,
            };
        }
    }
}
