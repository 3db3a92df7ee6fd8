using NetStack.Wire;

namespace NetStack;

/// <summary>The formats a capture is written in.</summary>
public enum CaptureFileFormat
{
    /// <summary>pcapng: several interfaces and link types, comments, names, statistics, secrets.</summary>
    PcapNg = 0,

    /// <summary>pcap: packets of one link type and nothing else.</summary>
    Pcap = 1,
}

/// <summary>How a <see cref="CaptureWriter"/> writes.</summary>
public sealed record CaptureWriterOptions
{
    /// <summary>The file format.</summary>
    public CaptureFileFormat Format { get; init; }

    /// <summary>What the first section says of itself; pcap has no place for it.</summary>
    public CaptureSection Section { get; init; } = new();

    /// <summary>What is left out of blocks that are copied from another capture.</summary>
    public CaptureOptionKinds LeaveOut { get; init; }
}

/// <summary>Kinds of pcapng options, for leaving them out of a copy.</summary>
[Flags]
public enum CaptureOptionKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Comments of packets, interfaces, sections and statistics.</summary>
    Comments = 1,

    /// <summary>What tells addresses: those of interfaces, and their capture filters.</summary>
    Addresses = 2,

    /// <summary>Hashes of packets, which say something of bytes that are not copied.</summary>
    PacketHashes = 4,
}

/// <summary>What a section says of itself. A text that is null is left out; none may be longer than 65,535 bytes of UTF-8.</summary>
public sealed record CaptureSection
{
    /// <summary>A comment.</summary>
    public string? Comment { get; init; }

    /// <summary>The machine it was captured on.</summary>
    public string? Hardware { get; init; }

    /// <summary>The operating system it was captured on.</summary>
    public string? OperatingSystem { get; init; }

    /// <summary>The program that wrote it.</summary>
    public string? Application { get; init; }
}

/// <summary>What an interface counted. What is null is not known and left out.</summary>
/// <param name="Start">When capturing began.</param>
/// <param name="End">When it ended.</param>
/// <param name="Received">Packets received.</param>
/// <param name="Dropped">Packets the interface dropped for want of room.</param>
/// <param name="FilterAccepted">Packets the filter let through.</param>
/// <param name="OsDropped">Packets the operating system dropped.</param>
/// <param name="Delivered">Packets delivered to the program.</param>
public readonly record struct InterfaceStatistics(
    Timestamp? Start = null,
    Timestamp? End = null,
    ulong? Received = null,
    ulong? Dropped = null,
    ulong? FilterAccepted = null,
    ulong? OsDropped = null,
    ulong? Delivered = null);

/// <summary>A name of an address.</summary>
/// <param name="Address">The address; not <see cref="IpAddress.IsNone"/>.</param>
/// <param name="Name">Its name, at most 65,000 bytes of UTF-8, without a zero byte.</param>
public readonly record struct CaptureName(IpAddress Address, string Name);

/// <summary>What a block of secrets holds (draft-ietf-opsawg-pcapng section 4.7).</summary>
public enum CaptureSecrets : uint
{
    /// <summary>A TLS key log, as NSS writes it.</summary>
    TlsKeyLog = 0x544C534B,

    /// <summary>An SSH key log.</summary>
    SshKeyLog = 0x5353484B,

    /// <summary>A WireGuard key log.</summary>
    WireGuardKeyLog = 0x57474B4C,

    /// <summary>A ZigBee network key with its PAN.</summary>
    ZigBeeNetworkKey = 0x5A4E574B,

    /// <summary>A ZigBee application support key.</summary>
    ZigBeeApplicationKey = 0x5A415053,
}
