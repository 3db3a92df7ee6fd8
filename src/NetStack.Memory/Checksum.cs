using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NetStack.Memory;

/// <summary>The Internet checksum over private bytes (RFC 1071).</summary>
public static class InternetChecksum
{
    /// <summary>The checksum of <paramref name="bytes"/>: the complement of the one's-complement sum, as a host-order number.
    /// Over data that includes a right checksum the result is 0.</summary>
    public static ushort Compute(ReadOnlySpan<byte> bytes)
    {
        ChecksumAccumulator sum = default;
        sum.Add(bytes);
        return sum.Finish();
    }

    /// <summary>The new checksum after a 16-bit field changed from <paramref name="before"/> to <paramref name="after"/> (RFC 1624, eqn. 3).</summary>
    public static ushort Update(ushort checksum, ushort before, ushort after)
    {
        uint sum = (ushort)~checksum + (uint)(ushort)~before + after;
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~((sum & 0xFFFF) + (sum >> 16));
    }

    /// <summary>The partial sum of private bytes, in memory byte order, not folded.</summary>
    internal static ulong Partial(ReadOnlySpan<byte> bytes) => FetchOnce.Sum(ref MemoryMarshal.GetReference(bytes), bytes.Length);
}

/// <summary>
/// A running Internet checksum over pieces of any length, odd ones included (RFC 1071). A mutable value: keep it in a local or
/// a field and pass it by reference.
/// </summary>
public struct ChecksumAccumulator
{
    private ulong _sum; // in memory byte order; what goes beyond 64 bits comes in again at the end
    private bool _odd;

    /// <summary>Adds private bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => AddPartial(InternetChecksum.Partial(bytes), bytes.Length);

    /// <summary>Adds a number as two bytes in network order.</summary>
    public void AddU16(ushort value) => AddPartial(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value, 2);

    /// <summary>Adds a number as four bytes in network order.</summary>
    public void AddU32(uint value) => AddPartial(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value, 4);

    /// <summary>Adds a piece by the sum it had when it was summed.</summary>
    /// <param name="sum">Its <see cref="Sum"/>, taken alone.</param>
    /// <param name="length">Its length in bytes: behind a piece of odd length the next one's bytes change places.</param>
    public void AddSum(ushort sum, int length) => AddPartial(BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(sum) : sum, length);

    /// <summary>Adds the sum of a piece that was summed elsewhere.</summary>
    /// <param name="partial">Its one's-complement sum in memory byte order, as if it began at an even position.</param>
    /// <param name="length">Its length in bytes.</param>
    internal void AddPartial(ulong partial, int length)
    {
        if (_odd) partial = BinaryPrimitives.ReverseEndianness((ushort)Fold(partial));
        _sum += partial;
        if (_sum < partial) _sum++;
        _odd ^= (length & 1) != 0;
    }

    /// <summary>The checksum: the complement of the folded sum, as a host-order number.</summary>
    public readonly ushort Finish() => (ushort)~Sum;

    /// <summary>The folded sum, not complemented, as a host-order number.</summary>
    public readonly ushort Sum
    {
        get
        {
            ushort folded = (ushort)Fold(_sum);
            return BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(folded) : folded;
        }
    }

    /// <summary>What a last odd byte adds: it is the first of a pair whose second is zero.</summary>
    internal static ulong LastByte(byte value) => BitConverter.IsLittleEndian ? value : (ulong)value << 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Fold(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        uint folded = (uint)(sum & 0xFFFF) + (uint)(sum >> 16);
        return (folded & 0xFFFF) + (folded >> 16);
    }
}

/// <summary>Vector lanes of a checksum: 32-bit words summed into 64-bit lanes, so that no carry is lost below 2^37 bytes,
/// more than a span can have.</summary>
internal struct ChecksumLanes
{
    private Vector256<ulong> _a;
    private Vector256<ulong> _b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(Vector256<byte> low, Vector256<byte> high)
    {
        Vector256<ulong> mask = Vector256.Create(0xFFFF_FFFFUL);
        Vector256<ulong> x = low.AsUInt64();
        Vector256<ulong> y = high.AsUInt64();
        _a += (x & mask) + (y & mask);
        _b += Vector256.ShiftRightLogical(x, 32) + Vector256.ShiftRightLogical(y, 32);
    }

    /// <summary>The sum of all lanes, folded to less than 2^37.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly ulong Total()
    {
        Vector256<ulong> mask = Vector256.Create(0xFFFF_FFFFUL);
        return Vector256.Sum((_a & mask) + Vector256.ShiftRightLogical(_a, 32) + (_b & mask) + Vector256.ShiftRightLogical(_b, 32));
    }
}
