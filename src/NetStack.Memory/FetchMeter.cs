namespace NetStack.Memory;

/// <summary>
/// Counts what was read from packet memory and what was copied, apart. Deterministic: the same frames through the same
/// strategy give the same figures.
/// </summary>
/// <remarks>Not thread-safe: one meter per pumping thread.</remarks>
public sealed class FetchMeter
{
    /// <summary>How many times header bytes were fetched.</summary>
    public long HeaderFetches { get; private set; }

    /// <summary>How many header bytes were fetched, each once.</summary>
    public long HeaderBytesFetched { get; private set; }

    /// <summary>How many body bytes were read, to copy or to sum.</summary>
    public long BodyBytesRead { get; private set; }

    /// <summary>How many body bytes were copied.</summary>
    public long BodyBytesCopied { get; private set; }

    /// <summary>Counts one fetch of header bytes.</summary>
    public void HeaderFetched(int bytes)
    {
        HeaderFetches++;
        HeaderBytesFetched += bytes;
    }

    /// <summary>Counts body bytes read.</summary>
    public void BodyRead(int bytes) => BodyBytesRead += bytes;

    /// <summary>Counts body bytes copied.</summary>
    public void BodyCopied(int bytes) => BodyBytesCopied += bytes;

    /// <summary>One line for logs.</summary>
    public override string ToString() =>
        $"header fetches {HeaderFetches}, header bytes fetched {HeaderBytesFetched}, body bytes read {BodyBytesRead}, body bytes copied {BodyBytesCopied}";
}
