using System.Buffers.Binary;

namespace NetStack.Nic.Pcap;

/// <summary>The option codes that are read or written here.</summary>
internal static class OptionCode
{
    internal const ushort End = 0;
    internal const ushort Comment = 1;

    internal const ushort Hardware = 2; // of a section
    internal const ushort OperatingSystem = 3;
    internal const ushort Application = 4;

    internal const ushort InterfaceName = 2; // of an interface
    internal const ushort InterfaceDescription = 3;
    internal const ushort TimeResolution = 9;
    internal const ushort TimeOffset = 14;

    internal const ushort PacketFlags = 2; // of a packet

    internal const ushort StartTime = 2; // of statistics
    internal const ushort EndTime = 3;
    internal const ushort Received = 4;
    internal const ushort Dropped = 5;
    internal const ushort FilterAccepted = 6;
    internal const ushort OsDropped = 7;
    internal const ushort Delivered = 8;

    /// <summary>How a value is made of numbers, for changing its byte order: bytes in each; 0 where it is no number.</summary>
    internal static int NumberSize(CaptureBlockType block, ushort code) => (block, code) switch
    {
        (CaptureBlockType.InterfaceDescription, 8 or 14 or 16 or 17) => 8, // speeds, time offset
        (CaptureBlockType.InterfaceDescription, 10) => 4,                  // time zone
        (CaptureBlockType.EnhancedPacket, 2 or 6 or 8) => 4,               // flags, queue, process and thread
        (CaptureBlockType.EnhancedPacket, 4 or 5) => 8,                    // drop count, packet number
        (CaptureBlockType.InterfaceStatistics, StartTime or EndTime) => 4, // high half, low half
        (CaptureBlockType.InterfaceStatistics, >= Received and <= Delivered) => 8,
        _ => 0,
    };

    /// <summary>What an option tells, for leaving it out.</summary>
    internal static CaptureOptionKinds KindOf(CaptureBlockType block, ushort code) => (block, code) switch
    {
        (_, Comment) => CaptureOptionKinds.Comments,
        (CaptureBlockType.InterfaceDescription, >= 4 and <= 7 or 11) => CaptureOptionKinds.Addresses, // IPv4, IPv6, MAC, EUI-64, filter
        (CaptureBlockType.EnhancedPacket, 3) => CaptureOptionKinds.PacketHashes,
        _ => CaptureOptionKinds.None,
    };

    /// <summary>Somebody's own: the value begins with his 32-bit number.</summary>
    internal static bool IsCustom(ushort code) => code is 2988 or 2989 or 19372 or 19373;

    /// <summary>Somebody's own that must not be copied to other files.</summary>
    internal static bool IsNotCopied(ushort code) => code is 19372 or 19373;
}

/// <summary>Steps through pcapng options in private bytes; stops at the end marker or at one that cannot be.</summary>
internal ref struct PcapNgOptions(ReadOnlySpan<byte> options, bool isBigEndian)
{
    private ReadOnlySpan<byte> _rest = options;

    internal ushort Code { get; private set; }

    internal ReadOnlySpan<byte> Value { get; private set; }

    internal bool MoveNext()
    {
        if (_rest.Length < 4) return false;
        Code = U16(0);
        int length = U16(2);
        if (Code == OptionCode.End || length > _rest.Length - 4) return false;
        Value = _rest.Slice(4, length);
        _rest = _rest[Math.Min(_rest.Length, 4 + (length + 3) / 4 * 4)..];
        return true;
    }

    private readonly ushort U16(int at) =>
        isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(_rest[at..]) : BinaryPrimitives.ReadUInt16LittleEndian(_rest[at..]);
}
