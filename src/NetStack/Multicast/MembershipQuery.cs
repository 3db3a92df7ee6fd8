using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Multicast;

/// <summary>A membership query of any version, read from private bytes.</summary>
internal readonly ref struct MembershipQuery
{
    private const int IgmpV3Size = 12;
    private const int MldV2Size = 28;

    private ReadOnlySpan<byte> SourceBytes { get; init; }

    private int AddressSize { get; init; }

    /// <summary>1 to 3 for IGMP; 2 means MLDv1 and 3 means MLDv2.</summary>
    internal int Version { get; private init; }

    /// <summary>The group asked about; unspecified for all.</summary>
    internal IpAddress Group { get; private init; }

    /// <summary>The most time an answer may take.</summary>
    internal TimeSpan MaxDelay { get; private init; }

    /// <summary>The querier's robustness variable; 0 for none said.</summary>
    internal int Robustness { get; private init; }

    /// <summary>The querier's query interval; zero for none said.</summary>
    internal TimeSpan QueryInterval { get; private init; }

    /// <summary>Sources asked about.</summary>
    internal int SourceCount => AddressSize == 0 ? 0 : SourceBytes.Length / AddressSize;

    /// <summary>A source asked about.</summary>
    internal IpAddress Source(int index) =>
        AddressSize == 4 ? IpAddress.ReadV4(SourceBytes[(index * 4)..]) : IpAddress.ReadV6(SourceBytes[(index * 16)..]);

    /// <summary>Reads an IGMP query, whose length says its version (RFC 3376 section 7.1).</summary>
    internal static bool TryReadIgmp(ReadOnlySpan<byte> message, out MembershipQuery query)
    {
        query = default;
        if (message.Length < IgmpView.MinSize || (message.Length > IgmpView.MinSize && message.Length < IgmpV3Size)) return false;
        byte code = message[1];
        bool isOld = message.Length == IgmpView.MinSize;
        int count = isOld ? 0 : BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (!isOld && count * 4 > message.Length - IgmpV3Size) return false;
        query = new MembershipQuery
        {
            Version = !isOld ? 3 : code == 0 ? 1 : 2,
            Group = IpAddress.ReadV4(message[4..]),
            MaxDelay = TimeSpan.FromMilliseconds(100 * (isOld ? code == 0 ? 100 : code : Decode8(code))),
            Robustness = isOld ? 0 : message[8] & 7,
            QueryInterval = TimeSpan.FromSeconds(isOld ? 0 : Decode8(message[9])),
            AddressSize = 4,
            SourceBytes = isOld ? default : message.Slice(IgmpV3Size, count * 4),
        };
        return true;
    }

    /// <summary>Reads an MLD query (RFC 3810 section 8.1).</summary>
    internal static bool TryReadMld(ReadOnlySpan<byte> message, out MembershipQuery query)
    {
        query = default;
        if (message.Length < MldHeader.Size || (message.Length > MldHeader.Size && message.Length < MldV2Size)) return false;
        int code = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        bool isOld = message.Length == MldHeader.Size;
        int count = isOld ? 0 : BinaryPrimitives.ReadUInt16BigEndian(message[26..]);
        if (!isOld && count * 16 > message.Length - MldV2Size) return false;
        query = new MembershipQuery
        {
            Version = isOld ? 2 : 3,
            Group = IpAddress.ReadV6(message[8..]),
            MaxDelay = TimeSpan.FromMilliseconds(isOld || code < 0x8000 ? code : (code & 0xFFF | 0x1000) << ((code >> 12 & 7) + 3)),
            Robustness = isOld ? 0 : message[24] & 7,
            QueryInterval = TimeSpan.FromSeconds(isOld ? 0 : Decode8(message[25])),
            AddressSize = 16,
            SourceBytes = isOld ? default : message.Slice(MldV2Size, count * 16),
        };
        return true;
    }

    /// <summary>A number as RFC 3376 section 4.1.1 packs it.</summary>
    private static int Decode8(byte code) => code < 128 ? code : (code & 15 | 16) << ((code >> 4 & 7) + 3);
}
