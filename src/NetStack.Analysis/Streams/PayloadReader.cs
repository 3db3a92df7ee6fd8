using NetStack.Memory;

namespace NetStack.Analysis;

/// <summary>Reads a part of a body, on purpose and counted.</summary>
internal static class PayloadReader
{
    /// <summary>Copies bytes out of a packet.</summary>
    /// <param name="body">The packet.</param>
    /// <param name="offset">Where they begin.</param>
    /// <param name="destination">Private memory; its length is theirs.</param>
    /// <param name="meter">Counts them.</param>
    internal static void Read(in PacketBody body, int offset, Span<byte> destination, FetchMeter meter)
    {
        PacketBody part = body.Share(offset, destination.Length);
        part.CopyTo(0, destination, meter);
        part.Release();
    }
}
