using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Pcap;

/// <summary>What a file format tells of a packet, or of a block that is none.</summary>
internal struct PacketFields
{
    internal CaptureBlockType Type;
    internal PacketBody Body; // the packet, or the content of another block
    internal PacketBody Options;
    internal Timestamp? Timestamp;
    internal int WireLength;
    internal int Interface;
    internal LinkType LinkType;
    internal bool IsBigEndian;
    internal int SectionInterface; // the first interface of the section

    internal readonly bool IsPacket => Type is CaptureBlockType.EnhancedPacket or CaptureBlockType.SimplePacket or CaptureBlockType.ObsoletePacket;
}

/// <summary>How a format's reading of the next packet went.</summary>
internal enum ReadOutcome
{
    Block,
    End,
    Damaged,
}

/// <summary>A file format: finds the next packet in a source.</summary>
internal abstract class CaptureFormat(BlockSource source)
{
    /// <summary>The most captured bytes of a packet: what libpcap and Wireshark accept.</summary>
    private const uint MaxCaptured = 262_144;

    /// <summary>The same for link types that carry large messages.</summary>
    private const uint MaxCapturedLarge = 128 * 1024 * 1024;

    protected BlockSource Source { get; } = source;

    internal List<CaptureInterface> Interfaces { get; } = [];

    internal CaptureDamage? Damage { get; private set; }

    /// <summary>Finds the next packet, or the next block of any kind. The bodies of <paramref name="fields"/> belong to the caller.</summary>
    internal abstract ReadOutcome TryRead(bool keepsBlocks, out PacketFields fields);

    /// <summary>The most captured bytes a packet of a link type may have.</summary>
    internal static uint MaxCapturedOf(LinkType linkType) => (int)linkType is 231 or 249 or 279 ? MaxCapturedLarge : MaxCaptured; // D-Bus, USBPcap, EBHSCR

    protected ReadOutcome Broken(string code, long offset, string detail)
    {
        Damage = Source.Failure is { } failure ? failure with { Offset = offset } : new CaptureDamage(code, offset, detail);
        return ReadOutcome.Damaged;
    }

    /// <summary>A file whose first header cannot be read.</summary>
    protected static CaptureFormatException Refused(BlockSource source, string detail) =>
        new(source.Failure is { } failure ? failure.ToString() : detail);

    protected ReadOutcome Cut(long offset, string what) => Broken("truncated_file", offset, $"the file ends inside {what}");
}
