using System.Buffers.Binary;
using System.Text;

namespace NetStack.Nic.Pcap.Tests;

/// <summary>Writes pcapng files byte by byte, in either byte order, without any code of the library.</summary>
internal sealed class PcapNgBuilder(bool isBigEndian)
{
    private readonly List<byte> _bytes = [];
    private bool _isBigEndian = isBigEndian;

    /// <summary>Where each block begins and ends, and whether it holds a packet.</summary>
    internal List<(int Start, int End, bool IsPacket)> Blocks { get; } = [];

    internal byte[] Bytes => [.. _bytes];

    internal static byte[] Filled(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    internal PcapNgBuilder Section(bool? isBigEndian = null, ushort major = 1, byte[]? options = null)
    {
        _isBigEndian = isBigEndian ?? _isBigEndian;
        return Block(0x0A0D0D0A, [.. U32(0x1A2B3C4D), .. U16(major), .. U16(0), .. U64(ulong.MaxValue), .. options ?? []]);
    }

    internal PcapNgBuilder Interface(ushort linkType = 1, uint snapLength = 0, byte[]? options = null) =>
        Block(1, [.. U16(linkType), .. U16(0), .. U32(snapLength), .. options ?? []]);

    internal PcapNgBuilder Enhanced(uint on, ulong units, byte[] data, uint? wire = null, byte[]? options = null, uint? captured = null) =>
        Block(6, [.. U32(on), .. U32((uint)(units >> 32)), .. U32((uint)units), .. U32(captured ?? (uint)data.Length), .. U32(wire ?? (uint)data.Length), .. Padded(data), .. options ?? []], true);

    internal PcapNgBuilder Obsolete(ushort on, ulong units, byte[] data, uint? wire = null, byte[]? options = null) =>
        Block(2, [.. U16(on), .. U16(0xFFFF), .. U32((uint)(units >> 32)), .. U32((uint)units), .. U32((uint)data.Length), .. U32(wire ?? (uint)data.Length), .. Padded(data), .. options ?? []], true);

    internal PcapNgBuilder Simple(uint wire, byte[] data) => Block(3, [.. U32(wire), .. Padded(data)], true);

    internal PcapNgBuilder Statistics(uint on, ulong units, byte[] options) => Block(5, [.. U32(on), .. U32((uint)(units >> 32)), .. U32((uint)units), .. options]);

    internal PcapNgBuilder Names(byte[] records, byte[] options) => Block(4, [.. records, .. Option(0), .. options]);

    internal PcapNgBuilder Secrets(uint kind, byte[] data) => Block(10, [.. U32(kind), .. U32((uint)data.Length), .. Padded(data)]);

    internal PcapNgBuilder Custom(uint owner, byte[] data, bool isCopied = true) => Block(isCopied ? 0xBADu : 0x40000BADu, [.. U32(owner), .. Padded(data)]);

    internal PcapNgBuilder Block(uint type, byte[] content, bool isPacket = false, uint? length = null, uint? again = null)
    {
        int start = _bytes.Count;
        byte[] padded = Padded(content);
        uint real = (uint)(12 + padded.Length);
        _bytes.AddRange(U32(type));
        _bytes.AddRange(U32(length ?? real));
        _bytes.AddRange(padded);
        _bytes.AddRange(U32(again ?? length ?? real));
        Blocks.Add((start, _bytes.Count, isPacket));
        return this;
    }

    internal byte[] Option(ushort code, params byte[] value) => [.. U16(code), .. U16((ushort)value.Length), .. Padded(value)];

    internal byte[] Option(ushort code, string text) => Option(code, Encoding.UTF8.GetBytes(text));

    internal byte[] U16(ushort value)
    {
        byte[] bytes = new byte[2];
        if (_isBigEndian) BinaryPrimitives.WriteUInt16BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return bytes;
    }

    internal byte[] U32(uint value)
    {
        byte[] bytes = new byte[4];
        if (_isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    internal byte[] U64(ulong value)
    {
        byte[] bytes = new byte[8];
        if (_isBigEndian) BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        else BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Padded(byte[] value) => [.. value, .. new byte[-value.Length & 3]];
}
