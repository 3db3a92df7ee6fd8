using System.Buffers.Binary;
using NetStack.Memory;

namespace NetStack.Nic.Virtual;

/// <summary>
/// A receive completion as it lies in shared memory: 64 bytes, little-endian, the owner word last. The device writes it; the
/// driver copies it once into this private value and never looks back.
/// </summary>
public struct RxCompletion
{
    /// <summary>Bytes in an entry.</summary>
    public const int Size = HeaderLine.Size;

    internal const int OwnerOffset = 60;

    /// <summary>The buffer, by the number it was posted under.</summary>
    public uint BufferId;

    /// <summary>Bytes written into it.</summary>
    public uint ByteCount;

    /// <summary>Where the headers end, when they were split off.</summary>
    public ushort HeaderLength;

    /// <summary>The buffer's place in its frame, from 0.</summary>
    public ushort ChainIndex;

    /// <summary>What is valid.</summary>
    public RxFlags Flags;

    /// <summary>Hash over the flow.</summary>
    public uint RssHash;

    /// <summary>Flow tag; valid with <see cref="RxFlags.Tagged"/>.</summary>
    public FlowTag Tag;

    /// <summary>Stripped tag control information; valid with <see cref="RxFlags.VlanStripped"/>.</summary>
    public ushort Vlan;

    /// <summary>Segments the frame stands for.</summary>
    public ushort Segments;

    /// <summary>Body bytes in each of them but the last.</summary>
    public ushort SegmentSize;

    /// <summary>How the frame begins.</summary>
    public ushort LinkType;

    /// <summary>The interface it came in on.</summary>
    public uint Interface;

    /// <summary>Bytes on the wire.</summary>
    public uint WireLength;

    /// <summary>Arrival; valid with <see cref="RxFlags.Stamped"/>.</summary>
    public long Seconds;

    /// <summary>Arrival, the part of a second.</summary>
    public uint Nanoseconds;

    internal static RxCompletion Read(in HeaderLine line)
    {
        ReadOnlySpan<byte> b = line.Bytes;
        return new RxCompletion
        {
            BufferId = BinaryPrimitives.ReadUInt32LittleEndian(b),
            ByteCount = BinaryPrimitives.ReadUInt32LittleEndian(b[4..]),
            HeaderLength = BinaryPrimitives.ReadUInt16LittleEndian(b[8..]),
            ChainIndex = BinaryPrimitives.ReadUInt16LittleEndian(b[10..]),
            Flags = (RxFlags)BinaryPrimitives.ReadUInt32LittleEndian(b[12..]),
            RssHash = BinaryPrimitives.ReadUInt32LittleEndian(b[16..]),
            Tag = new FlowTag(BinaryPrimitives.ReadUInt32LittleEndian(b[20..]), BinaryPrimitives.ReadUInt32LittleEndian(b[24..])),
            Vlan = BinaryPrimitives.ReadUInt16LittleEndian(b[28..]),
            Segments = BinaryPrimitives.ReadUInt16LittleEndian(b[30..]),
            SegmentSize = BinaryPrimitives.ReadUInt16LittleEndian(b[32..]),
            LinkType = BinaryPrimitives.ReadUInt16LittleEndian(b[34..]),
            Interface = BinaryPrimitives.ReadUInt32LittleEndian(b[36..]),
            WireLength = BinaryPrimitives.ReadUInt32LittleEndian(b[40..]),
            Seconds = BinaryPrimitives.ReadInt64LittleEndian(b[48..]),
            Nanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(b[56..]),
        };
    }

    internal readonly void Write(Span<byte> b)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(b, BufferId);
        BinaryPrimitives.WriteUInt32LittleEndian(b[4..], ByteCount);
        BinaryPrimitives.WriteUInt16LittleEndian(b[8..], HeaderLength);
        BinaryPrimitives.WriteUInt16LittleEndian(b[10..], ChainIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(b[12..], (uint)Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(b[16..], RssHash);
        BinaryPrimitives.WriteUInt32LittleEndian(b[20..], Tag.Id);
        BinaryPrimitives.WriteUInt32LittleEndian(b[24..], Tag.Generation);
        BinaryPrimitives.WriteUInt16LittleEndian(b[28..], Vlan);
        BinaryPrimitives.WriteUInt16LittleEndian(b[30..], Segments);
        BinaryPrimitives.WriteUInt16LittleEndian(b[32..], SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(b[34..], LinkType);
        BinaryPrimitives.WriteUInt32LittleEndian(b[36..], Interface);
        BinaryPrimitives.WriteUInt32LittleEndian(b[40..], WireLength);
        BinaryPrimitives.WriteUInt32LittleEndian(b[44..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(b[48..], Seconds);
        BinaryPrimitives.WriteUInt32LittleEndian(b[56..], Nanoseconds);
    }

    /// <summary>The owner word of the lap that index belongs to: it changes each time the ring wraps.</summary>
    internal static uint OwnerOf(uint index, int ringShift) => (index >> ringShift & 1) == 0 ? 1u : 2u;
}

/// <summary>What is valid in a completion.</summary>
[Flags]
public enum RxFlags : uint
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary>The last buffer of its frame.</summary>
    EndOfPacket = 1,

    /// <summary>Headers and body lie in different buffers.</summary>
    HeaderSplit = 2,

    /// <summary>A flow rule matched.</summary>
    Tagged = 4,

    /// <summary>A VLAN tag was taken out.</summary>
    VlanStripped = 8,

    /// <summary>There is an arrival time.</summary>
    Stamped = 16,

    /// <summary>The checksums were right.</summary>
    ChecksumGood = 32,

    /// <summary>A checksum was wrong.</summary>
    ChecksumBad = 64,

    /// <summary>The device failed to receive the frame.</summary>
    Error = 128,
}

/// <summary>A buffer as it is posted: number, capacity and address.</summary>
internal readonly record struct FillEntry(uint BufferId, uint Capacity, ulong Iova)
{
    internal const int Size = 16;

    internal static FillEntry Read(ReadOnlySpan<byte> b) =>
        new(BinaryPrimitives.ReadUInt32LittleEndian(b), BinaryPrimitives.ReadUInt32LittleEndian(b[4..]), BinaryPrimitives.ReadUInt64LittleEndian(b[8..]));

    internal void Write(Span<byte> b)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(b, BufferId);
        BinaryPrimitives.WriteUInt32LittleEndian(b[4..], Capacity);
        BinaryPrimitives.WriteUInt64LittleEndian(b[8..], Iova);
    }
}

/// <summary>A piece of a frame to send. Offload requests stand in the first piece, which is the headers.</summary>
internal readonly record struct TxEntry(ulong Iova, uint Length, bool IsLast, TransmitOffload Offload)
{
    internal const int Size = 24;

    internal static TxEntry Read(ReadOnlySpan<byte> b)
    {
        uint word = BinaryPrimitives.ReadUInt32LittleEndian(b[8..]);
        return new TxEntry(BinaryPrimitives.ReadUInt64LittleEndian(b), word & 0x7FFF_FFFF, word >> 31 != 0, new TransmitOffload(
            BinaryPrimitives.ReadUInt16LittleEndian(b[12..]), BinaryPrimitives.ReadUInt16LittleEndian(b[14..]),
            BinaryPrimitives.ReadUInt16LittleEndian(b[16..]), BinaryPrimitives.ReadUInt16LittleEndian(b[18..])));
    }

    internal void Write(Span<byte> b)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(b, Iova);
        BinaryPrimitives.WriteUInt32LittleEndian(b[8..], Length | (IsLast ? 0x8000_0000 : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(b[12..], Offload.ChecksumStart);
        BinaryPrimitives.WriteUInt16LittleEndian(b[14..], Offload.ChecksumOffset);
        BinaryPrimitives.WriteUInt16LittleEndian(b[16..], Offload.SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(b[18..], Offload.HeaderLength);
    }
}
