using System.Buffers.Binary;

namespace NetStack.Nic.Pcap.Tests;

/// <summary>Writes pcap files byte by byte, in either byte order, without any code of the library.</summary>
internal sealed class PcapBuilder
{
    private readonly List<byte> _bytes = [];
    private readonly bool _isBigEndian;
    private readonly int _extra;

    internal PcapBuilder(bool isBigEndian, uint magic = 0xA1B2C3D4, uint linkType = 1, ushort major = 2, ushort minor = 4, uint snapLength = 262144)
    {
        _isBigEndian = isBigEndian;
        _extra = magic == 0xA1B2CD34 ? 8 : 0;
        U32(magic);
        U16(major);
        U16(minor);
        U32(0);
        U32(0);
        U32(snapLength);
        U32(linkType);
    }

    /// <summary>Where each record begins.</summary>
    internal List<int> Starts { get; } = [];

    internal byte[] Bytes => [.. _bytes];

    internal PcapBuilder Packet(uint seconds, uint fraction, uint captured, uint wire, ReadOnlySpan<byte> data)
    {
        Starts.Add(_bytes.Count);
        U32(seconds);
        U32(fraction);
        U32(captured);
        U32(wire);
        for (int i = 0; i < _extra; i++) _bytes.Add(0xEE);
        _bytes.AddRange(data);
        return this;
    }

    internal PcapBuilder Packet(uint seconds, uint fraction, byte[] data) => Packet(seconds, fraction, (uint)data.Length, (uint)data.Length, data);

    private void U16(ushort value)
    {
        Span<byte> two = stackalloc byte[2];
        if (_isBigEndian) BinaryPrimitives.WriteUInt16BigEndian(two, value);
        else BinaryPrimitives.WriteUInt16LittleEndian(two, value);
        _bytes.AddRange(two);
    }

    private void U32(uint value)
    {
        Span<byte> four = stackalloc byte[4];
        if (_isBigEndian) BinaryPrimitives.WriteUInt32BigEndian(four, value);
        else BinaryPrimitives.WriteUInt32LittleEndian(four, value);
        _bytes.AddRange(four);
    }
}
