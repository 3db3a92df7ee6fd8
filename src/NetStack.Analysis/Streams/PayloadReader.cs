using NetStack.Memory;

namespace NetStack.Analysis;

/// <summary>Reads parts of bodies, on purpose and counted.</summary>
internal sealed class PayloadReader
{
    private byte[] _bytes = new byte[2048];

    /// <summary>Copies bytes out of a packet.</summary>
    /// <param name="body">The packet.</param>
    /// <param name="offset">Where they begin.</param>
    /// <param name="length">How many they are.</param>
    /// <param name="meter">Counts them.</param>
    /// <returns>They, in private memory, until the next call.</returns>
    internal ReadOnlySpan<byte> Read(in PacketBody body, int offset, int length, FetchMeter meter)
    {
        if (length == 0) return default;
        if (length > _bytes.Length) _bytes = new byte[length];
        PacketBody part = body.Share(offset, length);
        part.CopyTo(0, _bytes, meter);
        part.Release();
        return _bytes.AsSpan(0, length);
    }
}
