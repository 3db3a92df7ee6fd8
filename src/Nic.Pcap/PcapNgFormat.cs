using System.Buffers.Binary;
using System.Text;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>The pcapng file format: sections, interfaces, packet blocks; every other block is passed over.</summary>
internal sealed class PcapNgFormat(BlockSource source) : CaptureFormat(source)
{
    internal const uint SectionHeader = 0x0A0D0D0A;

    private const uint InterfaceDescription = 1;
    private const uint ObsoletePacket = 2;
    private const uint SimplePacket = 3;
    private const uint EnhancedPacket = 6;
    private const uint ByteOrderMagic = 0x1A2B3C4D;
    private const int MaxOptionBytes = 64 * 1024;
    private const int BlockOverhead = 12; // type and length in front, the length again behind

    private bool _isBigEndian;
    private int _sectionFirstInterface;

    /// <summary>How many sections began so far.</summary>
    internal int Sections { get; private set; }

    /// <summary>Reads the first section header, so that a file that only begins like pcapng is refused at once.</summary>
    internal static PcapNgFormat Open(BlockSource source)
    {
        PcapNgFormat format = new(source);
        if (!source.Ensure(BlockOverhead)) throw new CaptureFormatException("the pcapng section header is cut");
        if (format.NextBlock(out _) == ReadOutcome.Damaged) throw new CaptureFormatException($"no pcapng section: {format.Damage}");
        return format;
    }

    internal override ReadOutcome TryRead(out PacketFields fields)
    {
        while (true)
        {
            if (Source.Available == 0 && !Source.Ensure(1))
            {
                fields = default;
                return Source.Failure is null ? ReadOutcome.End : Cut(Source.Position, "a block");
            }
            ReadOutcome outcome = NextBlock(out fields);
            if (outcome == ReadOutcome.Damaged || !fields.Body.IsEmpty || fields.WireLength >= 0) return outcome;
        }
    }

    /// <summary>Reads one block; the wire length of <paramref name="fields"/> is -1 when it is no packet.</summary>
    private ReadOutcome NextBlock(out PacketFields fields)
    {
        fields = new PacketFields { WireLength = -1 };
        long start = Source.Position;
        if (!Source.Ensure(BlockOverhead)) return Cut(start, $"a block header ({Source.Available} of {BlockOverhead} bytes)");
        Span<byte> header = stackalloc byte[BlockOverhead];
        Source.Peek(0, header);
        if (BinaryPrimitives.ReadUInt32BigEndian(header) == SectionHeader && !TryByteOrder(header[8..]))
            return Broken("bad_block", start, "a section header has no byte order");
        uint type = U32(header, 0), length = U32(header, 4);
        if (length < BlockOverhead || length % 4 != 0) return Broken("bad_block", start, $"a block claims {length} bytes");
        return type switch
        {
            SectionHeader => Section(start, length),
            InterfaceDescription => Interface(start, length),
            EnhancedPacket => Packet(start, length, 20, type, ref fields),
            ObsoletePacket => Packet(start, length, 20, type, ref fields),
            SimplePacket => Packet(start, length, 4, type, ref fields),
            _ => Pass(start, length),
        };
    }

    private bool TryByteOrder(ReadOnlySpan<byte> magic)
    {
        uint big = BinaryPrimitives.ReadUInt32BigEndian(magic);
        _isBigEndian = big == ByteOrderMagic;
        return _isBigEndian || BinaryPrimitives.ReverseEndianness(big) == ByteOrderMagic;
    }

    private ReadOutcome Section(long start, uint length)
    {
        if (length < 28) return Broken("bad_block", start, $"a section header claims {length} bytes");
        _sectionFirstInterface = Interfaces.Count;
        Sections++;
        return Pass(start, length);
    }

    /// <summary>Passes over a block whose content is not needed, and checks that it ends as it began.</summary>
    private ReadOutcome Pass(long start, uint length)
    {
        if (!Source.Skip((long)length - 4)) return Cut(start, $"a block of {length} bytes");
        return Trailer(start, length);
    }

    private ReadOutcome Trailer(long start, uint length)
    {
        if (!Source.Ensure(4)) return Cut(start, $"a block of {length} bytes");
        Span<byte> trailer = stackalloc byte[4];
        Source.Read(trailer);
        uint again = U32(trailer, 0);
        return again == length ? ReadOutcome.Packet : Broken("bad_block", start, $"a block claims {length} bytes in front and {again} behind");
    }

    private ReadOutcome Interface(long start, uint length)
    {
        if (length < 20) return Broken("bad_block", start, $"an interface block claims {length} bytes");
        int content = (int)Math.Min(length - BlockOverhead, MaxOptionBytes);
        if (!Source.Skip(8) || !Source.Ensure(content)) return Cut(start, "an interface block");
        byte[] bytes = new byte[content];
        Source.Read(bytes);
        Interfaces.Add(Describe(bytes));
        if (!Source.Skip(length - BlockOverhead - content)) return Cut(start, "an interface block");
        return Trailer(start, length);
    }

    private CaptureInterface Describe(ReadOnlySpan<byte> content)
    {
        CaptureInterface described = new(Interfaces.Count, (LinkType)U16(content, 0), U32(content, 4), TimeResolution.Microseconds);
        PcapNgOptions options = new(content[8..], _isBigEndian);
        while (options.MoveNext())
        {
            described = options.Code switch
            {
                2 => described with { Name = Encoding.UTF8.GetString(options.Value) },
                3 => described with { Description = Encoding.UTF8.GetString(options.Value) },
                9 when options.Value.Length >= 1 => described with { Resolution = new TimeResolution(options.Value[0] & 0x7F, (options.Value[0] & 0x80) != 0) },
                14 when options.Value.Length >= 8 => described with { TimeOffset = (long)U64(options.Value, 0) },
                _ => described,
            };
        }
        return described;
    }

    /// <summary>A packet block of any of the three kinds, whose fixed part has <paramref name="fixedSize"/> bytes.</summary>
    private ReadOutcome Packet(long start, uint length, int fixedSize, uint type, ref PacketFields fields)
    {
        if (length < BlockOverhead + fixedSize) return Broken("bad_block", start, $"a packet block claims {length} bytes");
        if (length > MaxCapturedLarge + MaxOptionBytes) return Broken("bad_block", start, $"a packet block claims {length} bytes");
        if (!Source.Ensure((int)length)) return Cut(start, $"a packet block ({Source.Available} of {length} bytes)");
        Span<byte> trailer = stackalloc byte[4];
        Source.Peek((int)length - 4, trailer);
        if (U32(trailer, 0) != length) return Broken("bad_block", start, $"a block claims {length} bytes in front and {U32(trailer, 0)} behind");

        Span<byte> part = stackalloc byte[8 + 20];
        part = part[..(8 + fixedSize)];
        Source.Peek(0, part);
        Fixed values = type switch
        {
            EnhancedPacket => new Fixed(U32(part, 8), U32(part, 20), U32(part, 24), (ulong)U32(part, 12) << 32 | U32(part, 16)),
            ObsoletePacket => new Fixed(U16(part, 8), U32(part, 20), U32(part, 24), (ulong)U32(part, 12) << 32 | U32(part, 16)),
            _ => new Fixed(0, uint.MaxValue, U32(part, 8), null),
        };
        int index = (int)Math.Min(values.Interface, int.MaxValue / 2) + _sectionFirstInterface;
        if (index >= Interfaces.Count) return Broken("bad_block", start, $"a packet names interface {values.Interface}, which is not declared");
        return Deliver(start, (int)length, fixedSize, values, Interfaces[index], ref fields);
    }

    private ReadOutcome Deliver(long start, int length, int fixedSize, Fixed values, CaptureInterface on, ref PacketFields fields)
    {
        int room = length - BlockOverhead - fixedSize;
        uint captured = values.Captured;
        if (values.Units is null) // a simple packet tells only its wire length
        {
            captured = on.SnapLength == 0 ? values.Wire : Math.Min(on.SnapLength, values.Wire);
            captured = Math.Min(captured, (uint)room);
        }
        if (captured > (uint)room) return Broken("bad_block", start, $"a packet of {captured} bytes in a block with room for {room}");
        if (captured > MaxCapturedOf(on.LinkType)) return Broken("bad_block", start, $"a packet claims {captured} captured bytes");
        Source.Skip(8 + fixedSize);
        fields.Body = Source.Take((int)captured);
        int padding = Math.Min((4 - (int)(captured & 3)) & 3, room - (int)captured);
        Source.Skip(padding);
        int options = room - (int)captured - padding;
        if (values.Units is not null && options > 0) fields.Options = Source.Take(options);
        else Source.Skip(options);
        Source.Skip(4);
        fields.Timestamp = values.Units is { } units ? on.Resolution.ToTimestamp(units, on.TimeOffset) : null;
        fields.WireLength = (int)Math.Min(values.Wire, int.MaxValue);
        fields.LinkType = on.LinkType;
        fields.Interface = on.Index;
        fields.IsBigEndian = _isBigEndian;
        return ReadOutcome.Packet;
    }

    private readonly record struct Fixed(uint Interface, uint Captured, uint Wire, ulong? Units);

    private ushort U16(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private uint U32(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private ulong U64(ReadOnlySpan<byte> bytes, int at) =>
        _isBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]) : BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
