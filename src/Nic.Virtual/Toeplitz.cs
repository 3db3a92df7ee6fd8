using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>The Toeplitz hash of receive side scaling, over addresses and, where there are any, ports.</summary>
public sealed class Toeplitz
{
    /// <summary>Bytes in a key.</summary>
    public const int KeySize = 40;

    private const int InputSize = 36; // two IPv6 addresses and two ports

    private readonly uint[] _parts = new uint[InputSize * 2 * 16]; // what each value of each half byte of the input adds

    /// <summary>Prepares a key.</summary>
    /// <param name="key">40 bytes.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public Toeplitz(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeySize) throw new ArgumentException($"An RSS key has {KeySize} bytes.", nameof(key));
        for (int bit = 0; bit < InputSize * 8; bit++)
        {
            ulong five = (ulong)BinaryPrimitives.ReadUInt32BigEndian(key[(bit / 8)..]) << 8 | key[bit / 8 + 4];
            uint window = (uint)(five >> (8 - bit % 8)); // the 32 key bits that begin at the input's bit
            for (int value = 0; value < 16; value++)
            {
                if ((value & 8 >> bit % 4) != 0) _parts[bit / 4 * 16 + value] ^= window;
            }
        }
    }

    /// <summary>The key whose hashes Microsoft published for verification, and many drivers start with.</summary>
    public static ReadOnlySpan<byte> DefaultKey =>
    [
        0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
        0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
    ];

    /// <summary>The hash of a packet's addresses, without ports.</summary>
    public uint Hash(IpAddress source, IpAddress destination)
    {
        Span<byte> input = stackalloc byte[32];
        int length = source.Write(input);
        length += destination.Write(input[length..]);
        return Hash(input[..length]);
    }

    /// <summary>The hash of a packet's addresses and ports.</summary>
    public uint Hash(IpAddress source, IpAddress destination, ushort sourcePort, ushort destinationPort)
    {
        Span<byte> input = stackalloc byte[36];
        int length = source.Write(input);
        length += destination.Write(input[length..]);
        BinaryPrimitives.WriteUInt16BigEndian(input[length..], sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(input[(length + 2)..], destinationPort);
        return Hash(input[..(length + 4)]);
    }

    /// <summary>The hash of a frame; 0 for one without addresses. Fragments are hashed without ports, so that all of a packet meet.</summary>
    public uint Hash(in FrameKey key)
    {
        if (!key.IsIp) return 0;
        return key.HasPorts && !key.IsFragment ? Hash(key.Source, key.Destination, key.SourcePort, key.DestinationPort) : Hash(key.Source, key.Destination);
    }

    private uint Hash(ReadOnlySpan<byte> input)
    {
        uint hash = 0;
        for (int i = 0; i < input.Length; i++) hash ^= _parts[i * 32 + (input[i] >> 4)] ^ _parts[i * 32 + 16 + (input[i] & 15)];
        return hash;
    }
}
