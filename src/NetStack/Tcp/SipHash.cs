using System.Buffers.Binary;
using System.Numerics;

namespace NetStack.Tcp;

/// <summary>SipHash-2-4 by Aumasson and Bernstein: a short hash under a secret key, which a peer can neither foresee nor steer.</summary>
internal static class SipHash
{
    /// <summary>The 64-bit hash of some bytes under a 128-bit key.</summary>
    /// <param name="key0">The key's first eight bytes, little-endian.</param>
    /// <param name="key1">The key's last eight bytes, little-endian.</param>
    /// <param name="bytes">What is hashed.</param>
    internal static ulong Compute(ulong key0, ulong key1, ReadOnlySpan<byte> bytes)
    {
        ulong a = key0 ^ 0x736F6D6570736575;
        ulong b = key1 ^ 0x646F72616E646F6D;
        ulong c = key0 ^ 0x6C7967656E657261;
        ulong d = key1 ^ 0x7465646279746573;
        ulong last = (ulong)bytes.Length << 56;
        for (; bytes.Length >= 8; bytes = bytes[8..]) Absorb(ref a, ref b, ref c, ref d, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        for (int i = 0; i < bytes.Length; i++) last |= (ulong)bytes[i] << (8 * i);
        Absorb(ref a, ref b, ref c, ref d, last);
        c ^= 0xFF;
        for (int i = 0; i < 4; i++) Round(ref a, ref b, ref c, ref d);
        return a ^ b ^ c ^ d;
    }

    private static void Absorb(ref ulong a, ref ulong b, ref ulong c, ref ulong d, ulong word)
    {
        d ^= word;
        Round(ref a, ref b, ref c, ref d);
        Round(ref a, ref b, ref c, ref d);
        a ^= word;
    }

    private static void Round(ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        a += b;
        c += d;
        b = BitOperations.RotateLeft(b, 13) ^ a;
        d = BitOperations.RotateLeft(d, 16) ^ c;
        a = BitOperations.RotateLeft(a, 32);
        c += b;
        a += d;
        b = BitOperations.RotateLeft(b, 17) ^ c;
        d = BitOperations.RotateLeft(d, 21) ^ a;
        c = BitOperations.RotateLeft(c, 32);
    }
}
