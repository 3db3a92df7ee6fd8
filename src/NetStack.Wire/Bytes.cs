using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace NetStack.Wire;

/// <summary>Reads big-endian numbers from private bytes; the views check lengths once, in TryRead.</summary>
internal static class Bytes
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);

    internal static uint U24(ReadOnlySpan<byte> bytes, int at) => (uint)(bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    internal static void Put16(Span<byte> bytes, int at, int value) => BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], (ushort)value);

    internal static void Put32(Span<byte> bytes, int at, uint value) => BinaryPrimitives.WriteUInt32BigEndian(bytes[at..], value);

    /// <summary>Writes an address of a family's size; none is written as the unspecified one.</summary>
    /// <exception cref="ArgumentException">It is of the other family.</exception>
    internal static void PutAddress(Span<byte> bytes, int at, IpAddress address, int size)
    {
        if (address.Size != size && !address.IsNone) throw new ArgumentException($"The address must have {size} bytes, it is {address}.", nameof(address));
        address.Write(bytes[at..]);
    }

    /// <summary>The destination, cleared and cut to a header's size.</summary>
    /// <exception cref="ArgumentException">It is shorter.</exception>
    internal static Span<byte> Room(Span<byte> destination, int size)
    {
        if (destination.Length < size) throw new ArgumentException($"The header needs {size} bytes, there is room for {destination.Length}.", nameof(destination));
        destination = destination[..size];
        destination.Clear();
        return destination;
    }

    /// <summary>The bytes from start to end, or as many of them as there are.</summary>
    internal static ReadOnlySpan<byte> Clip(ReadOnlySpan<byte> bytes, int start, int end)
    {
        if (end > bytes.Length) end = bytes.Length;
        return start >= end ? default : bytes[start..end];
    }
}
