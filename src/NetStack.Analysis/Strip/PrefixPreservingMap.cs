using System.Buffers.Binary;
using System.Security.Cryptography;

namespace NetStack.Analysis;

/// <summary>
/// Crypto-PAn (Xu, Fan, Ammar, Moon: "Prefix-Preserving IP Address Anonymization", 2002), for numbers of up to 128 bits: two numbers
/// that share their first n bits and no more are mapped to two that do so too. One to one, and the same for the same key.
/// </summary>
internal sealed class PrefixPreservingMap : IDisposable
{
    /// <summary>Bytes of a key: one half is AES's, the other makes the padding.</summary>
    internal const int KeySize = 32;

    private const int BlockSize = 16;

    private readonly Aes _aes;
    private readonly UInt128 _padding;
    private readonly byte[] _blocks = new byte[128 * BlockSize];
    private readonly byte[] _encrypted = new byte[128 * BlockSize];

    internal PrefixPreservingMap(ReadOnlySpan<byte> key)
    {
        _aes = Aes.Create();
        _aes.Key = key[..BlockSize].ToArray();
        Span<byte> padding = stackalloc byte[BlockSize];
        _aes.EncryptEcb(key.Slice(BlockSize, BlockSize), padding, PaddingMode.None);
        _padding = BinaryPrimitives.ReadUInt128BigEndian(padding);
    }

    public void Dispose() => _aes.Dispose();

    /// <summary>Which bits of a number are turned.</summary>
    /// <param name="value">The number.</param>
    /// <param name="bits">How many bits it has.</param>
    internal UInt128 Flips(UInt128 value, int bits)
    {
        UInt128 first = value << (128 - bits);
        for (int i = 0; i < bits; i++)
        {
            UInt128 known = i == 0 ? 0 : UInt128.MaxValue << (128 - i);
            BinaryPrimitives.WriteUInt128BigEndian(_blocks.AsSpan(i * BlockSize), (first & known) | (_padding & ~known));
        }
        _aes.EncryptEcb(_blocks.AsSpan(0, bits * BlockSize), _encrypted, PaddingMode.None);
        UInt128 flips = 0;
        for (int i = 0; i < bits; i++) flips = flips << 1 | (uint)(_encrypted[i * BlockSize] >> 7);
        return flips;
    }
}
