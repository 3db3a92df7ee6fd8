using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

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
        Lanes lanes = new(key0, key1);
        ulong last = (ulong)bytes.Length << 56;
        for (; bytes.Length >= 8; bytes = bytes[8..]) lanes.Absorb(BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        for (int i = 0; i < bytes.Length; i++) last |= (ulong)bytes[i] << (8 * i);
        return lanes.Finish(last);
    }

    /// <summary>The hash of sixteen bytes, given as two little-endian numbers.</summary>
    internal static ulong Compute(ulong key0, ulong key1, ulong first, ulong second)
    {
        Lanes lanes = new(key0, key1);
        lanes.Absorb(first);
        lanes.Absorb(second);
        return lanes.Finish(16UL << 56);
    }

    private struct Lanes(ulong key0, ulong key1)
    {
        private ulong _a = key0 ^ 0x736F6D6570736575;
        private ulong _b = key1 ^ 0x646F72616E646F6D;
        private ulong _c = key0 ^ 0x6C7967656E657261;
        private ulong _d = key1 ^ 0x7465646279746573;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal void Absorb(ulong word)
        {
            _d ^= word;
            Round();
            Round();
            _a ^= word;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        internal ulong Finish(ulong last)
        {
            Absorb(last);
            _c ^= 0xFF;
            for (int i = 0; i < 4; i++) Round();
            return _a ^ _b ^ _c ^ _d;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private void Round()
        {
            _a += _b;
            _c += _d;
            _b = BitOperations.RotateLeft(_b, 13) ^ _a;
            _d = BitOperations.RotateLeft(_d, 16) ^ _c;
            _a = BitOperations.RotateLeft(_a, 32);
            _c += _b;
            _a += _d;
            _b = BitOperations.RotateLeft(_b, 17) ^ _c;
            _d = BitOperations.RotateLeft(_d, 21) ^ _a;
            _c = BitOperations.RotateLeft(_c, 32);
        }
    }
}
