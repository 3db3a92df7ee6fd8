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
    private const uint MaxLikelyWire = MaxCaptured;

    private readonly bool _isBigEndian;
    private readonly bool _isNanoseconds;
    private readonly int _recordHeaderSize;
    private Lengths _lengths;
    private LinkType _linkType;
    private uint _maxCaptured;
    private uint _likelyCaptured; // the most that the file says or showed
    private uint? _latest;        // seconds of the last packet

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

    protected override int ProbeLength => _recordHeaderSize;

    protected override ReadOutcome ReadNext(bool keepsBlocks, out PacketFields fields)
    {
        fields = default;
        long start = Source.Position;
        if (!Source.Ensure(_recordHeaderSize))
            return Source.Available == 0 && Source.Failure is null ? ReadOutcome.End : Cut(start, $"a record header ({Source.Available} of {_recordHeaderSize} bytes)");
        Span<byte> header = stackalloc byte[16];
        Source.Peek(0, header);
        (uint captured, uint wire) = OrderLengths(U32(header, 8), U32(header, 12));
        if (captured > _maxCaptured) return Broken("bad_record", start, $"a record claims {captured} captured bytes, more than {_maxCaptured}");
        if (!Source.Ensure(_recordHeaderSize + (int)captured)) return Cut(start, $"a packet ({Source.Available - _recordHeaderSize} of {captured} bytes)");
        if (Recovers && !IsBelievable(header, captured)) return Broken("bad_record", start, "a record header that cannot be one");
        Source.Skip(_recordHeaderSize);
        fields.Type = CaptureBlockType.EnhancedPacket;
        fields.Body = Source.Take((int)captured);
        fields.Timestamp = ToTimestamp(U32(header, 0), U32(header, 4));
        fields.WireLength = (int)Math.Min(wire, int.MaxValue);
        fields.LinkType = _linkType;
        fields.IsBigEndian = _isBigEndian;
        _latest = U32(header, 0);
        _likelyCaptured = Math.Max(_likelyCaptured, captured);
        return ReadOutcome.Block;
    }

    internal override int TryLend(HeaderSnapshot snapshot, FetchMeter meter, long number, out PacketInfo info)
    {
        info = default;
        if (Recovers) return 0;
        Span<byte> header = stackalloc byte[16];
        if (!Source.TryPeekFront(0, header)) return 0;
        (uint captured, uint wire) = OrderLengths(U32(header, 8), U32(header, 12));
        if (captured > _maxCaptured || !Source.TryLendFront(_recordHeaderSize, (int)captured, snapshot, meter)) return 0;
        info = new PacketInfo(number, ToTimestamp(U32(header, 0), U32(header, 4)), (int)captured, (int)Math.Min(wire, int.MaxValue), _linkType, 0);
        return _recordHeaderSize + (int)captured;
    }

    protected override bool MayBegin(ReadOnlySpan<byte> probe) => IsLikely(probe);

    /// <summary>A record is one where others follow it: three of about the time of the last packet, or eight of another time, or
    /// what there is up to the file's end. Bytes of a packet that look like a header are not followed by others.</summary>
    protected override bool Begins(int ahead)
    {
        const int InTime = 3, OutOfTime = 8;
        Span<byte> header = stackalloc byte[16];
        Source.Peek(ahead, header);
        bool isInTime = IsNear(U32(header, 0), _latest);
        uint before = U32(header, 0);
        long at = ahead;
        for (int found = 0; found < (isInTime ? InTime : OutOfTime); found++)
        {
            bool isEnough = found >= (isInTime ? 1 : InTime);
            if (!Source.Ensure((int)at + _recordHeaderSize)) return isEnough;
            Source.Peek((int)at, header);
            if (!IsLikely(header) || !IsNear(U32(header, 0), before)) return false;
            before = U32(header, 0);
            at += _recordHeaderSize + OrderLengths(U32(header, 8), U32(header, 12)).Captured;
            if (!Source.Ensure((int)at)) return isEnough;
        }
        return true;
    }

    /// <summary>Whether a header is as writers write them.</summary>
    private bool IsLikely(ReadOnlySpan<byte> header)
    {
        (uint captured, uint wire) = OrderLengths(U32(header, 8), U32(header, 12));
        return captured > 0 && captured <= wire && captured <= _likelyCaptured && wire <= MaxLikelyWire && U32(header, 4) < (_isNanoseconds ? 1_000_000_000u : 1_000_000u);
    }

    /// <summary>An odd header is taken for one only where a good one follows, or the file ends.</summary>
    private bool IsBelievable(ReadOnlySpan<byte> header, uint captured)
    {
        uint seconds = U32(header, 0);
        if (IsLikely(header) && IsNear(seconds, _latest)) return true;
        int next = _recordHeaderSize + (int)captured;
        if (!Source.Ensure(next + _recordHeaderSize)) return captured > 0 && Source.Available == next;
        Span<byte> following = stackalloc byte[16];
        Source.Peek(next, following);
        return IsLikely(following) && (IsNear(U32(following, 0), _latest) || IsNear(U32(following, 0), seconds));
    }

    /// <summary>Whether a time may follow another: up to a day before it, for packets that were late, or a year behind.</summary>
    private static bool IsNear(uint seconds, uint? reference)
    {
        const long Day = 86_400;
        return reference is not { } from || (long)seconds - from is >= -Day and <= 366 * Day;
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
        _likelyCaptured = snapLength is > 0 and < MaxCaptured ? snapLength : MaxCaptured;
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
