using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NetStack.Memory;

/// <summary>
/// The only code that reads packet memory others may write. Each byte is loaded exactly once: steps of 32, 16, 8, 4, 2 and 1
/// bytes, never an overlapping tail (a library copy loads overlapping tails twice for most lengths), and the register that is
/// summed is the register that is stored.
/// </summary>
internal static class FetchOnce
{
    /// <summary>Loads 64 bytes into a value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Line(ref byte source, out HeaderLine line)
    {
        Unsafe.SkipInit(out line);
        Line(ref source, ref Unsafe.As<HeaderLine, byte>(ref line));
    }

    /// <summary>Loads 64 bytes to a destination.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Line(ref byte source, ref byte destination)
    {
        Vector256<byte> low = Vector256.LoadUnsafe(ref source);
        Vector256<byte> high = Vector256.LoadUnsafe(ref source, 32);
        low.StoreUnsafe(ref destination);
        high.StoreUnsafe(ref destination, 32);
    }

    /// <summary>Copies <paramref name="length"/> bytes.</summary>
    internal static void Copy(ref byte source, ref byte destination, int length)
    {
        nuint at = 0;
        while (length >= 128)
        {
            Vector256<byte> a = Vector256.LoadUnsafe(ref source, at);
            Vector256<byte> b = Vector256.LoadUnsafe(ref source, at + 32);
            Vector256<byte> c = Vector256.LoadUnsafe(ref source, at + 64);
            Vector256<byte> d = Vector256.LoadUnsafe(ref source, at + 96);
            a.StoreUnsafe(ref destination, at);
            b.StoreUnsafe(ref destination, at + 32);
            c.StoreUnsafe(ref destination, at + 64);
            d.StoreUnsafe(ref destination, at + 96);
            at += 128;
            length -= 128;
        }
        while (length >= 32)
        {
            Vector256.LoadUnsafe(ref source, at).StoreUnsafe(ref destination, at);
            at += 32;
            length -= 32;
        }
        CopyTail(ref Unsafe.Add(ref source, at), ref Unsafe.Add(ref destination, at), length);
    }

    /// <summary>Copies and returns the partial one's-complement sum of what was copied, in memory byte order.</summary>
    internal static ulong CopyAndSum(ref byte source, ref byte destination, int length)
    {
        ulong sum = 0;
        nuint at = 0;
        if (length >= 64)
        {
            ChecksumLanes lanes = default;
            do
            {
                Vector256<byte> low = Vector256.LoadUnsafe(ref source, at);
                Vector256<byte> high = Vector256.LoadUnsafe(ref source, at + 32);
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
            ulong word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, at));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), word);
            sum += (word & 0xFFFF_FFFF) + (word >> 32);
            at += 8;
            length -= 8;
        }
        return sum + CopyTailAndSum(ref Unsafe.Add(ref source, at), ref Unsafe.Add(ref destination, at), length);
    }

    /// <summary>Returns the partial one's-complement sum, in memory byte order.</summary>
    internal static ulong Sum(ref byte source, int length)
    {
        ulong sum = 0;
        if (length >= 64)
        {
            ChecksumLanes lanes = default;
            do
            {
                lanes.Add(Vector256.LoadUnsafe(ref source), Vector256.LoadUnsafe(ref source, 32));
                source = ref Unsafe.Add(ref source, 64);
                length -= 64;
            }
            while (length >= 64);
            sum = lanes.Total();
        }
        while (length >= 8)
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(ref source);
            sum += (word & 0xFFFF_FFFF) + (word >> 32);
            source = ref Unsafe.Add(ref source, 8);
            length -= 8;
        }
        if ((length & 4) != 0)
        {
            sum += Unsafe.ReadUnaligned<uint>(ref source);
            source = ref Unsafe.Add(ref source, 4);
        }
        if ((length & 2) != 0)
        {
            sum += Unsafe.ReadUnaligned<ushort>(ref source);
            source = ref Unsafe.Add(ref source, 2);
        }
        return (length & 1) != 0 ? sum + ChecksumAccumulator.LastByte(source) : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyTail(ref byte source, ref byte destination, int length)
    {
        nuint at = 0;
        if ((length & 16) != 0)
        {
            Vector128.LoadUnsafe(ref source).StoreUnsafe(ref destination);
            at = 16;
        }
        if ((length & 8) != 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref source, at)));
            at += 8;
        }
        if ((length & 4) != 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref source, at)));
            at += 4;
        }
        if ((length & 2) != 0)
        {
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref source, at)));
            at += 2;
        }
        if ((length & 1) != 0) Unsafe.Add(ref destination, at) = Unsafe.Add(ref source, at);
    }

    private static ulong CopyTailAndSum(ref byte source, ref byte destination, int length)
    {
        ulong sum = 0;
        nuint at = 0;
        if ((length & 4) != 0)
        {
            uint word = Unsafe.ReadUnaligned<uint>(ref source);
            Unsafe.WriteUnaligned(ref destination, word);
            sum += word;
            at = 4;
        }
        if ((length & 2) != 0)
        {
            ushort word = Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref source, at));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, at), word);
            sum += word;
            at += 2;
        }
        if ((length & 1) != 0)
        {
            byte last = Unsafe.Add(ref source, at);
            Unsafe.Add(ref destination, at) = last;
            sum += ChecksumAccumulator.LastByte(last);
        }
        return sum;
    }
}
