using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NetStack.Memory;

/// <summary>
/// The only code that reads packet memory others may write. Each byte is loaded exactly once: steps of 32, 16, 8, 4, 2 and 1
/// bytes, never an overlapping tail (a library copy loads overlapping tails twice for most lengths), and the register that is
/// summed is the register that is stored.
/// </summary>
internal static unsafe class FetchOnce
{
    /// <summary>Loads 64 bytes into a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Line(byte* source, out HeaderLine line)
    {
        Unsafe.SkipInit(out line);
        Line(source, ref Unsafe.As<HeaderLine, byte>(ref line));
    }

    /// <summary>Loads 64 bytes to a destination.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Line(byte* source, ref byte destination)
    {
        Vector256<byte> low = Vector256.Load(source);
        Vector256<byte> high = Vector256.Load(source + 32);
        low.StoreUnsafe(ref destination);
        high.StoreUnsafe(ref destination, 32);
    }

    /// <summary>Copies <paramref name="length"/> bytes.</summary>
    internal static void Copy(byte* source, ref byte destination, int length)
    {
        nuint at = 0;
        while (length >= 128)
        {
            Vector256<byte> a = Vector256.Load(source + at);
            Vector256<byte> b = Vector256.Load(source + at + 32);
            Vector256<byte> c = Vector256.Load(source + at + 64);
            Vector256<byte> d = Vector256.Load(source + at + 96);
            a.StoreUnsafe(ref destination, at);
            b.StoreUnsafe(ref destination, at + 32);
            c.StoreUnsafe(ref destination, at + 64);
            d.StoreUnsafe(ref destination, at + 96);
            at += 128;
            length -= 128;
        }
        while (length >= 32)
        {
            Vector256.Load(source + at).StoreUnsafe(ref destination, at);
            at += 32;
            length -= 32;
        }
        CopyTail(source + at, ref Unsafe.Add(ref destination, at), length);
    }

    /// <summary>Copies and returns the partial one's-complement sum of what was copied, in memory byte order.</summary>
    internal static ulong CopyAndSum(byte* source, ref byte destination, int length)
    {
        ulong sum = 0;
        nuint at = 0;
        if (length >= 64)
        {
            ChecksumLanes lanes = default;
            do
            {
                Vector256<byte> low = Vector256.Load(source + at);
                Vector256<byte> high = Vector256.Load(source + at + 32);
                low.StoreUnsafe(ref destination, at);
                high.StoreUnsafe(ref destination, at + 32);
                lanes.Add(low, high);
                at += 64;
                length -= 64;
            }
            while (length >= 64);
            sum = lanes.Total();
        }
        while (length >= 8)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(source + at);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), word);
            sum += (word & 0xFFFF_FFFF) + (word >> 32);
            at += 8;
            length -= 8;
        }
        return sum + CopyTailAndSum(source + at, ref Unsafe.Add(ref destination, at), length);
    }

    /// <summary>Returns the partial one's-complement sum, in memory byte order.</summary>
    internal static ulong Sum(byte* source, int length)
    {
        ulong sum = 0;
        if (length >= 64)
        {
            ChecksumLanes lanes = default;
            do
            {
                lanes.Add(Vector256.Load(source), Vector256.Load(source + 32));
                source += 64;
                length -= 64;
            }
            while (length >= 64);
            sum = lanes.Total();
        }
        while (length >= 8)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(source);
            sum += (word & 0xFFFF_FFFF) + (word >> 32);
            source += 8;
            length -= 8;
        }
        if ((length & 4) != 0)
        {
            sum += Unsafe.ReadUnaligned<uint>(source);
            source += 4;
        }
        if ((length & 2) != 0)
        {
            sum += Unsafe.ReadUnaligned<ushort>(source);
            source += 2;
        }
        return (length & 1) != 0 ? sum + ChecksumAccumulator.LastByte(*source) : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyTail(byte* source, ref byte destination, int length)
    {
        nuint at = 0;
        if ((length & 16) != 0)
        {
            Vector128.Load(source).StoreUnsafe(ref destination);
            at = 16;
        }
        if ((length & 8) != 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), Unsafe.ReadUnaligned<ulong>(source + at));
            at += 8;
        }
        if ((length & 4) != 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), Unsafe.ReadUnaligned<uint>(source + at));
            at += 4;
        }
        if ((length & 2) != 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), Unsafe.ReadUnaligned<ushort>(source + at));
            at += 2;
        }
        if ((length & 1) != 0) Unsafe.Add(ref destination, at) = source[at];
    }

    private static ulong CopyTailAndSum(byte* source, ref byte destination, int length)
    {
        ulong sum = 0;
        nuint at = 0;
        if ((length & 4) != 0)
        {
            uint word = Unsafe.ReadUnaligned<uint>(source);
            Unsafe.WriteUnaligned(ref destination, word);
            sum += word;
            at = 4;
        }
        if ((length & 2) != 0)
        {
            ushort word = Unsafe.ReadUnaligned<ushort>(source + at);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), word);
            sum += word;
            at += 2;
        }
        if ((length & 1) != 0)
        {
            byte last = source[at];
            Unsafe.Add(ref destination, at) = last;
            sum += ChecksumAccumulator.LastByte(last);
        }
        return sum;
    }
}
