using NetStack.Memory;
using NetStack.Nic.Pcap;

namespace NetStack;

/// <summary>The block types of pcapng (draft-ietf-opsawg-pcapng section 10.1). Any number may appear in a file.</summary>
public enum CaptureBlockType : uint
{
    /// <summary>A section begins: byte order, and who wrote it (section 4.1).</summary>
    SectionHeader = 0x0A0D0D0A,

    /// <summary>An interface (section 4.2).</summary>
    InterfaceDescription = 1,

    /// <summary>A packet, the old way (appendix A).</summary>
    ObsoletePacket = 2,

    /// <summary>A packet of the section's first interface, without a time (section 4.4).</summary>
    SimplePacket = 3,

    /// <summary>Names of addresses (section 4.5).</summary>
    NameResolution = 4,

    /// <summary>What an interface counted (section 4.6).</summary>
    InterfaceStatistics = 5,

    /// <summary>A packet (section 4.3).</summary>
    EnhancedPacket = 6,

    /// <summary>An entry of the systemd journal (section 4.8).</summary>
    SystemdJournal = 9,

    /// <summary>Keys that decrypt the packets (section 4.7).</summary>
    DecryptionSecrets = 10,

    /// <summary>Somebody's own, which may be copied to other files (section 4.9).</summary>
    Custom = 0x0BAD,

    /// <summary>Somebody's own, which must not be copied to other files (section 4.9).</summary>
    CustomNotCopied = 0x40000BAD,
}

/// <summary>
/// One block of a capture, whatever it holds. Valid until the reader's next step: the reader owns its bytes.
/// </summary>
public readonly ref struct CaptureBlock
{
    private readonly PacketFields _fields;

    internal CaptureBlock(CaptureReader reader, in PacketFields fields)
    {
        Reader = reader;
        _fields = fields;
    }

    /// <summary>What it is.</summary>
    public CaptureBlockType Type => _fields.Type;

    /// <summary>Whether it holds a packet: see <see cref="TryGetRecord"/>.</summary>
    public bool IsPacket => _fields.IsPacket;

    /// <summary>The byte order of the numbers in <see cref="Content"/>.</summary>
    public bool IsBigEndian => _fields.IsBigEndian;

    /// <summary>What lies between the block's two lengths, by handle; of a packet block, the packet only.</summary>
    public PacketBody Content => _fields.Body;

    internal CaptureReader Reader { get; }

    internal int SectionInterface => _fields.SectionInterface;

    /// <summary>The packet in the block.</summary>
    /// <returns>False where it holds none.</returns>
    public bool TryGetRecord(out CaptureRecord record)
    {
        record = IsPacket ? Reader.CurrentRecord() : default;
        return IsPacket;
    }
}
