using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace NetStack.Memory;

/// <summary>
/// The first 64 bytes of a frame as a private value: one cache line, fetched once. Multi-byte reads are in network order.
/// </summary>
[InlineArray(Size)]
public struct HeaderLine
{
    /// <summary>Bytes in a line.</summary>
    public const int Size = 64;

    private byte _first;

    /// <summary>The line's bytes.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => this;

    /// <summary>The byte at <paramref name="offset"/>, 0 to 63.</summary>
    public readonly byte U8(int offset) => this[offset];

    /// <summary>The 16-bit big-endian number at <paramref name="offset"/>, 0 to 62.</summary>
    public readonly ushort U16(int offset) => BinaryPrimitives.ReadUInt16BigEndian(Bytes[offset..]);

    /// <summary>The 32-bit big-endian number at <paramref name="offset"/>, 0 to 60.</summary>
    public readonly uint U32(int offset) => BinaryPrimitives.ReadUInt32BigEndian(Bytes[offset..]);
}
