using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>The pcap file format, either byte order, µs or ns, and the variant with 24-byte record headers.</summary>
internal sealed class PcapFormat : CaptureFormat
{
    internal const uint MagicMicroseconds = 0xA1B2C3D4;
    internal const uint MagicNanoseconds = 0xA1B23C4D;
    internal const uint MagicModified = 0xA1B2CD34; // Alexey Kuznetsov's libpcap patches

    private const int FileHeaderSize = 24;

    private readonly bool _isBigEndian;
    private readonly bool _isNanoseconds;
    private readonly int _recordHeaderSize;
    private Lengths _lengths;
    private LinkType _linkType;
    private uint _maxCaptured;

    private PcapFormat(BlockSource source, bool isBigEndian, uint magic)
        : base(source)
    {
        _isBigEndian = isBigEndian;
        _isNanoseconds = magic == MagicNanoseconds;
        _recordHeaderSize = magic == MagicModified ? 24 : 16;
    }

    /// <summary>In which order old writers put the two lengths.</summary>
    private enum Lengths
    {
        CapturedFirst,
        WireFirst,
        LargerIsWire,
    }

    /// <summary>Whether a magic number is one of ours, in either byte order.</summary>
    internal static bool IsMagic(uint bigEndianMagic, out bool isBigEndian, out uint magic)
    {
        isBigEndian = bigEndianMagic is MagicMicroseconds or MagicNanoseconds or MagicModified;
        magic = isBigEndian ? bigEndianMagic : BinaryPrimitives.ReverseEndianness(bigEndianMagic);
        return magic is MagicMicroseconds or MagicNanoseconds or MagicModified;
    }

    /// <summary>Reads the file header.</summary>
    /// <exception cref="CaptureFormatException">It is cut.</exception>
    internal static PcapFormat Open(BlockSource source, bool isBigEndian, uint magic)
    {
        if (!source.Ensure(FileHeaderSize)) throw Refused(source, $"the pcap file header is cut: {source.Available} of {FileHeaderSize} bytes");
        PcapFormat format = new(source, isBigEndian, magic);
        Span<byte> header = stackalloc byte[FileHeaderSize];
        source.Read(header);
        format.ReadFileHeader(header);
        return format;
    }

    internal override ReadOutcome TryRead(bool keepsBlocks, out PacketFields fields)
    {
        fields = default;
        long start = Source.Position;
        if (!Source.Ensure(_recordHeaderSize))
            return Source.Available == 0 && Source.Failure is null ? ReadOutcome.End : Cut(start, $"a record header ({Source.Available} of {_recordHeaderSize} bytes)");
        Span<byte> header = stackalloc byte[24];
        header = header[.._recordHeaderSize];
        Source.Read(header);
        (uint captured, uint wire) = OrderLengths(U32(header, 8), U32(header, 12));
        if (captured > _maxCaptured) return Broken("bad_record", start, $"a record claims {captured} captured bytes, more than {_maxCaptured}");
        if (!Source.Ensure((int)captured)) return Cut(start, $"a packet ({Source.Available} of {captured} bytes)");
        fields.Type = CaptureBlockType.EnhancedPacket;
        fields.Body = Source.Take((int)captured);
        fields.Timestamp = ToTimestamp(U32(header, 0), U32(header, 4));
        fields.WireLength = (int)Math.Min(wire, int.MaxValue);
        fields.LinkType = _linkType;
        fields.IsBigEndian = _isBigEndian;
        return ReadOutcome.Block;
    }

    private void ReadFileHeader(ReadOnlySpan<byte> header)
    {
        ushort major = U16(header, 4), minor = U16(header, 6);
        // Writers before 2.3, and one DG/UX tcpdump that called itself 543.0, put the wire length first; those of 2.3 did either.
        _lengths = major == 543 || (major == 2 && minor < 3) ? Lengths.WireFirst : major == 2 && minor == 3 ? Lengths.LargerIsWire : Lengths.CapturedFirst;
        if (major is not 2 and not 543) throw new CaptureFormatException($"pcap version {major}.{minor} is not known");
        uint snapLength = U32(header, 16);
        _linkType = (LinkType)(U32(header, 20) & 0xFFFF); // the high bits tell of a frame check sequence
        _maxCaptured = MaxCapturedOf(_linkType);
        Interfaces.Add(new CaptureInterface(0, _linkType, snapLength, _isNanoseconds ? TimeResolution.Nanoseconds : TimeResolution.Microseconds));
    }

    /// <summary>A fraction of a second or more, from a wrong file, carries into the seconds.</summary>
    private Timestamp ToTimestamp(uint seconds, uint fraction)
    {
        long nanoseconds = fraction * (_isNanoseconds ? 1L : 1_000L);
        return new Timestamp(seconds + nanoseconds / 1_000_000_000, (int)(nanoseconds % 1_000_000_000));
    }

    private (uint Captured, uint Wire) OrderLengths(uint first, uint second) => _lengths switch
    {
        Lengths.WireFirst => (second, first),
        Lengths.LargerIsWire when first > second => (second, first),
        _ => (first, second),
    };

    private ushort U16(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private uint U32(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);
}
