using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>How far ICMP, NDP, MLD and IGMP messages are headers: fields and addresses that their formats define, nothing behind.</summary>
internal static class ControlMessages
{
    private const int GroupRecordSize = 4;

    /// <summary>Bytes of a message that are kept; 0 for a layer that is none.</summary>
    /// <param name="snapshot">The packet; lines are fetched as the message asks.</param>
    /// <param name="layer">The message, the packet's last layer.</param>
    /// <param name="knownOnly">Whether options that may hold names are left out.</param>
    internal static int LengthOf(HeaderSnapshot snapshot, in Layer layer, bool knownOnly)
    {
        if (!layer.IsWhole || layer.Kind is not (LayerKind.Icmp or LayerKind.Icmpv6 or LayerKind.Igmp)) return 0;
        Message message = new(snapshot, layer.Offset, Math.Min(layer.End, snapshot.FrameLength));
        byte type = message.Bytes(1)[0];
        int length = layer.Kind switch
        {
            LayerKind.Icmp => type switch { 13 or 14 => 20, 17 or 18 => 12, _ => IcmpView.FullSize },
            LayerKind.Igmp => OfIgmp(message, type),
            _ => OfIcmpv6(message, type, knownOnly),
        };
        return Math.Min(length, message.Length);
    }

    /// <summary>Bytes of an ICMPv6 message in front of its options; 8 where it has none.</summary>
    internal static int FixedSizeOfIcmpv6(byte type) => type switch
    {
        134 => 16,                    // router advertisement
        135 or 136 => 24,             // neighbour solicitation and advertisement
        137 => 40,                    // redirect
        MldView.Query or MldView.Report or MldView.Done => MldView.Version1Size,
        _ => Icmpv6View.FullSize,
    };

    private static int OfIgmp(in Message message, byte type) => type switch
    {
        IgmpView.Query when message.Length >= IgmpView.Query3Size => Sources(message, IgmpView.Query3Size, 10, 4),
        IgmpView.Report3 => Records(message, IgmpView.MinSize, 4),
        _ => IgmpView.MinSize,
    };

    private static int OfIcmpv6(in Message message, byte type, bool knownOnly) => type switch
    {
        >= 133 and <= 137 => NeighbourOptions(message, FixedSizeOfIcmpv6(type), knownOnly),
        MldView.Query when message.Length >= MldView.Query2Size => Sources(message, MldView.Query2Size, 26, 16),
        MldView.Report2 => Records(message, MldView.Report2HeaderSize, 16),
        _ => FixedSizeOfIcmpv6(type),
    };

    /// <summary>As many whole sources as there are behind a query.</summary>
    private static int Sources(in Message message, int at, int countAt, int size)
    {
        int count = HeaderMap.U16(message.Bytes(at), countAt);
        return at + Math.Min(count, (message.Length - at) / size) * size;
    }

    /// <summary>Group records up to the first with auxiliary data, of which nothing is known.</summary>
    private static int Records(in Message message, int at, int size)
    {
        ReadOnlySpan<byte> bytes = message.Bytes(at);
        if (bytes.Length < at) return bytes.Length;
        for (int left = HeaderMap.U16(bytes, 6); left > 0; left--)
        {
            bytes = message.Bytes(at + GroupRecordSize);
            if (bytes.Length < at + GroupRecordSize) return at;
            int length = GroupRecordSize + (1 + HeaderMap.U16(bytes, at + 2)) * size;
            if (length > message.Length - at) return at;
            bool hasMore = bytes[at + 1] != 0;
            at += length;
            if (hasMore) return at;
        }
        return at;
    }

    /// <summary>Options of neighbour discovery whose content is defined, up to the first other one: a redirect's quoted packet is one.</summary>
    private static int NeighbourOptions(in Message message, int at, bool knownOnly)
    {
        while (true)
        {
            ReadOnlySpan<byte> bytes = message.Bytes(at + 2);
            if (bytes.Length < at + 2) return at;
            int length = bytes[at + 1] * 8;
            NdpOptionType type = (NdpOptionType)bytes[at];
            bool isKnown = type is NdpOptionType.SourceLinkAddress or NdpOptionType.TargetLinkAddress or NdpOptionType.PrefixInformation
                or NdpOptionType.Mtu or NdpOptionType.Nonce or NdpOptionType.RouteInformation or NdpOptionType.DnsServers
                || type == NdpOptionType.DnsSearchList && !knownOnly;
            if (!isKnown || length == 0 || length > SizeLimit(type) || length > message.Length - at) return at;
            at += length;
        }
    }

    /// <summary>The most bytes an option of a type has by its format: what claims more is no such option.</summary>
    private static int SizeLimit(NdpOptionType type) => type switch
    {
        NdpOptionType.SourceLinkAddress or NdpOptionType.TargetLinkAddress => 24, // InfiniBand's are of 20 bytes
        NdpOptionType.PrefixInformation => 32,
        NdpOptionType.Mtu => 8,
        NdpOptionType.Nonce => 8,
        NdpOptionType.RouteInformation => 24,
        _ => 255 * 8,
    };

    /// <summary>A message in a packet.</summary>
    private readonly ref struct Message(HeaderSnapshot snapshot, int start, int end)
    {
        internal int Length => end - start;

        /// <summary>Private bytes from the message's start, as many as wanted or as are there.</summary>
        internal ReadOnlySpan<byte> Bytes(int wanted)
        {
            int until = Math.Min(start + wanted, end);
            return snapshot.Require(until)[start..until];
        }
    }
}
