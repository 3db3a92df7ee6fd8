using System.Buffers.Binary;
using System.Text;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>The pcapng file format: sections, interfaces, packet blocks; every other block is passed over or given whole.</summary>
internal sealed class PcapNgFormat(BlockSource source) : CaptureFormat(source)
{
    internal const uint ByteOrderMagic = 0x1A2B3C4D;
    internal const int BlockOverhead = 12; // type and length in front, the length again behind
    internal const int SectionHeaderSize = 28;

    private const int MaxDescription = 72 * 1024;       // bytes looked at of an interface's options
    private const int MaxPacketOptions = 1024 * 1024;   // bytes a packet block may have besides its packet
    private const int MaxKeptBlock = 128 * 1024 * 1024; // bytes of a block that is given whole
    private const int MaxWholeBlock = 16 * 1024 * 1024; // bytes of a block that is looked at whole before it is believed
    private const int MaxInterfaces = 65_536;           // in one file

    private bool _isBigEndian;
    private int _sectionFirstInterface;

    /// <summary>Looks at the first section header, so that a file that only begins like pcapng is refused at once.</summary>
    /// <exception cref="CaptureFormatException">It is cut, or of a version that is not known.</exception>
    internal static PcapNgFormat Open(BlockSource source)
    {
        if (!source.Ensure(SectionHeaderSize)) throw Refused(source, $"the pcapng section header is cut: {source.Available} of {SectionHeaderSize} bytes");
        PcapNgFormat format = new(source);
        Span<byte> header = stackalloc byte[16];
        source.Peek(0, header);
        if (!format.TryByteOrder(header[8..])) throw new CaptureFormatException("no pcapng section: its header has no byte order");
        if (format.U16(header, 12) != 1) throw new CaptureFormatException($"pcapng version {format.U16(header, 12)}.{format.U16(header, 14)} is not known");
        return format;
    }

    protected override int ProbeLength => BlockOverhead;

    protected override ReadOutcome ReadNext(bool keepsBlocks, out PacketFields fields)
    {
        while (true)
        {
            if (Source.Available == 0 && !Source.Ensure(1))
            {
                fields = default;
                return Source.Failure is null ? ReadOutcome.End : Cut(Source.Position, "a block");
            }
            ReadOutcome outcome = NextBlock(keepsBlocks, out fields, out bool isGiven);
            if (isGiven || outcome != ReadOutcome.Block) return outcome;
        }
    }

    /// <summary>Reads one block; <paramref name="isGiven"/> tells whether <paramref name="fields"/> holds it.</summary>
    private ReadOutcome NextBlock(bool keepsBlocks, out PacketFields fields, out bool isGiven)
    {
        fields = default;
        isGiven = false;
        long start = Source.Position;
        if (!Source.Ensure(BlockOverhead)) return Cut(start, $"a block header ({Source.Available} of {BlockOverhead} bytes)");
        Span<byte> header = stackalloc byte[BlockOverhead];
        Source.Peek(0, header);
        if (BinaryPrimitives.ReadUInt32BigEndian(header) == (uint)CaptureBlockType.SectionHeader && !TryByteOrder(header[8..]))
            return Broken("bad_block", start, "a section header has no byte order");
        fields.Type = (CaptureBlockType)U32(header, 0);
        fields.IsBigEndian = _isBigEndian;
        uint length = U32(header, 4);
        if (length < BlockOverhead || length % 4 != 0) return Broken("bad_block", start, $"a block claims {length} bytes");
        if (Recovers && CheckWhole(start, length) == ReadOutcome.Damaged) return ReadOutcome.Damaged;
        if (fields.IsPacket)
        {
            isGiven = true;
            return Packet(start, length, ref fields);
        }
        ReadOutcome outcome = fields.Type switch
        {
            CaptureBlockType.SectionHeader => Section(start, length),
            CaptureBlockType.InterfaceDescription => Interface(start, length),
            _ => ReadOutcome.Block,
        };
        if (outcome != ReadOutcome.Block) return outcome;
        isGiven = keepsBlocks && length <= MaxKeptBlock;
        return isGiven ? Keep(start, (int)length, ref fields) : Pass(start, length);
    }

    private bool TryByteOrder(ReadOnlySpan<byte> magic)
    {
        if (!IsByteOrder(magic, out bool isBigEndian)) return false;
        _isBigEndian = isBigEndian;
        return true;
    }

    private static bool IsByteOrder(ReadOnlySpan<byte> magic, out bool isBigEndian)
    {
        uint big = BinaryPrimitives.ReadUInt32BigEndian(magic);
        isBigEndian = big == ByteOrderMagic;
        return isBigEndian || BinaryPrimitives.ReverseEndianness(big) == ByteOrderMagic;
    }

    /// <summary>A block of a known kind whose beginning may be one.</summary>
    internal override int TryLend(HeaderSnapshot snapshot, FetchMeter meter, long number, out PacketInfo info)
    {
        const int Front = 28;
        info = default;
        Span<byte> part = stackalloc byte[Front];
        if (Recovers || !Source.TryPeekFront(0, part) || U32(part, 0) != (uint)CaptureBlockType.EnhancedPacket) return 0;
        uint length = U32(part, 4), captured = U32(part, 20), section = U32(part, 8);
        if (length < Front + 4 || length % 4 != 0 || captured > length - Front - 4 || section >= (uint)(Interfaces.Count - _sectionFirstInterface)) return 0;
        CaptureInterface on = Interfaces[_sectionFirstInterface + (int)section];
        uint most = MaxCapturedOf(on.LinkType);
        Span<byte> trailer = stackalloc byte[4];
        if (captured > most || length > most + MaxPacketOptions || !Source.TryPeekFront((int)length - 4, trailer) || U32(trailer, 0) != length) return 0;
        if (!Source.TryLendFront(Front, (int)captured, snapshot, meter)) return 0;
        Timestamp at = on.Resolution.ToTimestamp((ulong)U32(part, 12) << 32 | U32(part, 16), on.TimeOffset);
        info = new PacketInfo(number, at, (int)captured, (int)Math.Min(U32(part, 24), int.MaxValue), on.LinkType, on.Index);
        return (int)length;
    }

    protected override bool MayBegin(ReadOnlySpan<byte> probe)
    {
        uint type = U32(probe, 0);
        if (type is 0 or > 10 and not (uint)CaptureBlockType.SectionHeader and not (uint)CaptureBlockType.Custom and not (uint)CaptureBlockType.CustomNotCopied) return false;
        return LengthOf(probe) is >= BlockOverhead and <= MaxWholeBlock and var length && length % 4 == 0;
    }

    /// <summary>A block is one where its length stands behind it as well.</summary>
    protected override bool Begins(int ahead)
    {
        Span<byte> probe = stackalloc byte[BlockOverhead];
        Source.Peek(ahead, probe);
        int length = (int)LengthOf(probe);
        if (!Source.Ensure(ahead + length)) return false;
        Span<byte> trailer = stackalloc byte[4];
        Source.Peek(ahead + length - 4, trailer);
        return trailer.SequenceEqual(probe.Slice(4, 4));
    }

    /// <summary>A section tells its byte order itself; 0 where it does not.</summary>
    private uint LengthOf(ReadOnlySpan<byte> probe)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(probe) != (uint)CaptureBlockType.SectionHeader) return U32(probe, 4);
        if (!IsByteOrder(probe[8..], out bool isBigEndian)) return 0;
        return isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(probe[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(probe[4..]);
    }

    /// <summary>Where reading goes on behind damage, a block is believed only when its end agrees.</summary>
    private ReadOutcome CheckWhole(long start, uint length)
    {
        if (length > MaxWholeBlock) return Broken("bad_block", start, $"a block claims {length} bytes");
        return Source.Ensure((int)length) ? CheckTrailer(start, length, (int)length - 4) : Cut(start, $"a block of {length} bytes");
    }

    private ReadOutcome Section(long start, uint length)
    {
        if (length < SectionHeaderSize) return Broken("bad_block", start, $"a section header claims {length} bytes");
        if (!Source.Ensure(SectionHeaderSize)) return Cut(start, "a section header");
        Span<byte> version = stackalloc byte[4];
        Source.Peek(12, version);
        if (U16(version, 0) != 1) return Broken("bad_block", start, $"a section of version {U16(version, 0)}.{U16(version, 2)} is not known");
        _sectionFirstInterface = Interfaces.Count;
        return ReadOutcome.Block;
    }

    /// <summary>Looks at an interface block without consuming it.</summary>
    private ReadOutcome Interface(long start, uint length)
    {
        if (length < BlockOverhead + 8) return Broken("bad_block", start, $"an interface block claims {length} bytes");
        if (Interfaces.Count == MaxInterfaces) return Broken("bad_block", start, $"more than {MaxInterfaces} interfaces");
        int content = (int)Math.Min(length - BlockOverhead, MaxDescription);
        if (!Source.Ensure(8 + content)) return Cut(start, "an interface block");
        byte[] bytes = new byte[content];
        Source.Peek(8, bytes);
        Interfaces.Add(Describe(bytes));
        return ReadOutcome.Block;
    }

    private CaptureInterface Describe(ReadOnlySpan<byte> content)
    {
        CaptureInterface described = new(Interfaces.Count, (LinkType)U16(content, 0), U32(content, 4), TimeResolution.Microseconds);
        PcapNgOptions options = new(content[8..], _isBigEndian);
        while (options.MoveNext())
        {
            described = options.Code switch
            {
                OptionCode.InterfaceName => described with { Name = Encoding.UTF8.GetString(options.Value) },
                OptionCode.InterfaceDescription => described with { Description = Encoding.UTF8.GetString(options.Value) },
                OptionCode.TimeResolution when options.Value.Length >= 1 => described with { Resolution = TimeResolution.FromByte(options.Value[0]) },
                OptionCode.TimeOffset when options.Value.Length >= 8 => described with { TimeOffset = (long)U64(options.Value, 0) },
                _ => described,
            };
        }
        return described;
    }

    /// <summary>Passes over a block whose content is not needed.</summary>
    private ReadOutcome Pass(long start, uint length)
    {
        if (!Source.Skip((long)length - 4) || !Source.Ensure(4)) return Cut(start, $"a block of {length} bytes");
        ReadOutcome outcome = CheckTrailer(start, length, 0);
        if (outcome == ReadOutcome.Block) Source.Skip(4);
        return outcome;
    }

    /// <summary>Gives a block's content by handle.</summary>
    private ReadOutcome Keep(long start, int length, ref PacketFields fields)
    {
        if (!Source.Ensure(length)) return Cut(start, $"a block of {length} bytes");
        ReadOutcome outcome = CheckTrailer(start, (uint)length, length - 4);
        if (outcome != ReadOutcome.Block) return outcome;
        Source.Skip(8);
        fields.Body = Source.Take(length - BlockOverhead);
        Source.Skip(4);
        fields.SectionInterface = _sectionFirstInterface;
        return outcome;
    }

    /// <summary>A block ends as it began.</summary>
    private ReadOutcome CheckTrailer(long start, uint length, int offset)
    {
        Span<byte> trailer = stackalloc byte[4];
        Source.Peek(offset, trailer);
        uint again = U32(trailer, 0);
        return again == length ? ReadOutcome.Block : Broken("bad_block", start, $"a block claims {length} bytes in front and {again} behind");
    }

    /// <summary>A packet block of any of the three kinds. It is checked whole before anything of it is consumed.</summary>
    private ReadOutcome Packet(long start, uint length, ref PacketFields fields)
    {
        int fixedSize = fields.Type == CaptureBlockType.SimplePacket ? 4 : 20;
        if (length < BlockOverhead + fixedSize) return Broken("bad_block", start, $"a packet block claims {length} bytes");
        if (!Source.Ensure(8 + fixedSize)) return Cut(start, $"a packet block ({Source.Available} of {length} bytes)");
        Span<byte> part = stackalloc byte[8 + 20];
        part = part[..(8 + fixedSize)];
        Source.Peek(0, part);
        Fixed values = fields.Type switch
        {
            CaptureBlockType.EnhancedPacket => new Fixed(U32(part, 8), U32(part, 20), U32(part, 24), (ulong)U32(part, 12) << 32 | U32(part, 16)),
            CaptureBlockType.ObsoletePacket => new Fixed(U16(part, 8), U32(part, 20), U32(part, 24), (ulong)U32(part, 12) << 32 | U32(part, 16)),
            _ => new Fixed(0, uint.MaxValue, U32(part, 8), null),
        };
        if (values.Interface >= (uint)(Interfaces.Count - _sectionFirstInterface))
            return Broken("bad_block", start, $"a packet names interface {values.Interface}, which is not declared");
        CaptureInterface on = Interfaces[_sectionFirstInterface + (int)values.Interface];
        uint most = MaxCapturedOf(on.LinkType);
        if (length > most + MaxPacketOptions) return Broken("bad_block", start, $"a packet block claims {length} bytes");
        uint room = length - BlockOverhead - (uint)fixedSize;
        uint captured = values.Units is null ? CapturedOfSimple(values.Wire, on.SnapLength, room) : values.Captured;
        if (captured > room) return Broken("bad_block", start, $"a packet of {captured} bytes in a block with room for {room}");
        if (captured > most) return Broken("bad_block", start, $"a packet claims {captured} captured bytes, more than {most}");
        if (!Source.Ensure((int)length)) return Cut(start, $"a packet block ({Source.Available} of {length} bytes)");
        ReadOutcome outcome = CheckTrailer(start, length, (int)length - 4);
        if (outcome == ReadOutcome.Block) Deliver(8 + fixedSize, (int)captured, (int)(room - captured), values, on, ref fields);
        return outcome;
    }

    /// <summary>A simple packet tells only its wire length.</summary>
    private static uint CapturedOfSimple(uint wire, uint snapLength, uint room) => Math.Min(snapLength == 0 ? wire : Math.Min(snapLength, wire), room);

    private void Deliver(int front, int captured, int rest, in Fixed values, CaptureInterface on, ref PacketFields fields)
    {
        Source.Skip(front);
        fields.Body = Source.Take(captured);
        int padding = Math.Min(-captured & 3, rest);
        Source.Skip(padding);
        if (values.Units is not null) fields.Options = Source.Take(rest - padding);
        else Source.Skip(rest - padding);
        Source.Skip(4);
        fields.Timestamp = values.Units is { } units ? on.Resolution.ToTimestamp(units, on.TimeOffset) : null;
        fields.WireLength = (int)Math.Min(values.Wire, int.MaxValue);
        fields.LinkType = on.LinkType;
        fields.Interface = on.Index;
        fields.SectionInterface = _sectionFirstInterface;
    }

    private readonly record struct Fixed(uint Interface, uint Captured, uint Wire, ulong? Units);

    private ushort U16(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private uint U32(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private ulong U64(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
