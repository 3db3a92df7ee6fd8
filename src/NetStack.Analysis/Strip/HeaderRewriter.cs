using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// Gives the addresses in headers other names, in place, and updates the checksums over them by what changed (RFC 1624): what was
/// right stays right and what was wrong stays wrong, without a look at the bodies they cover too.
/// </summary>
internal sealed class HeaderRewriter(AddressAnonymiser names)
{
    private byte[] _before = new byte[256];

    /// <summary>Rewrites a packet's headers.</summary>
    /// <param name="bytes">The packet up to the border.</param>
    /// <param name="parts">Its headers, outermost first.</param>
    internal void Rewrite(Span<byte> bytes, ReadOnlySpan<HeaderPart> parts)
    {
        if (_before.Length < bytes.Length) _before = new byte[Math.Max(bytes.Length, 2 * _before.Length)];
        bytes.CopyTo(_before);
        ReadOnlySpan<byte> before = _before.AsSpan(0, bytes.Length);
        foreach (HeaderPart part in parts) MapAddresses(bytes.Slice(part.Offset, part.Length), part);
        // From the inside out: a checksum covers those inside it.
        for (int i = parts.Length - 1; i >= 0; i--) Update(bytes, before, parts, i);
    }

    private void MapAddresses(Span<byte> header, in HeaderPart part)
    {
        HeaderAddresses addresses = new(header, names);
        switch (part.Kind)
        {
            case LayerKind.Ethernet:
                addresses.Mac(0);
                addresses.Mac(6);
                break;
            case LayerKind.LinuxSll:
                addresses.LinkAddress(6, Math.Min(HeaderMap.U16(header, 4), 8), 8);
                break;
            case LayerKind.LinuxSll2:
                addresses.LinkAddress(12, Math.Min((int)header[11], 8), 8);
                break;
            case LayerKind.Arp:
                addresses.Arp();
                break;
            case LayerKind.Ipv4:
                addresses.V4(12);
                addresses.V4(16);
                addresses.Ipv4Options();
                break;
            case LayerKind.Ipv6:
                addresses.V6(8);
                addresses.V6(24);
                break;
            case LayerKind.Ipv6Routing:
                addresses.Routing();
                break;
            case LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions:
                addresses.HomeAddress();
                break;
            case LayerKind.Tcp:
                addresses.MultipathTcp();
                break;
            case LayerKind.Icmp when header.Length >= 8 && header[0] == 5:
                addresses.V4(4); // a redirect's gateway
                break;
            case LayerKind.Igmp:
                addresses.Igmp();
                break;
            case LayerKind.Icmpv6:
                addresses.Icmpv6();
                break;
            case LayerKind.Gre:
                addresses.GreRoutes();
                break;
            case LayerKind.Nflog:
                addresses.Nflog();
                break;
            default:
                break;
        }
    }

    private static void Update(Span<byte> bytes, ReadOnlySpan<byte> before, ReadOnlySpan<HeaderPart> parts, int index)
    {
        HeaderPart part = parts[index];
        int at = part.Kind switch
        {
            LayerKind.Ipv4 => 10,
            LayerKind.Tcp => 16,
            LayerKind.Udp => 6,
            LayerKind.Icmp or LayerKind.Icmpv6 or LayerKind.Igmp => 2,
            LayerKind.Gre when (bytes[part.Offset] & 0x80) != 0 => 4,
            _ => -1,
        };
        if (at < 0 || at + 2 > part.Length) return;
        Span<byte> field = bytes.Slice(part.Offset + at, 2);
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(field);
        if (part.Kind == LayerKind.Udp && checksum == 0) return; // there is none
        int end = part.Kind == LayerKind.Ipv4 ? part.Offset + part.Length : Math.Min(part.End, bytes.Length);
        if (end <= part.Offset) return;
        ushort was = Covered(before, before, parts, index, end);
        ushort now = Covered(bytes, before, parts, index, end);
        if (was == now) return;
        checksum = InternetChecksum.Update(checksum, was, now);
        if (part.Kind == LayerKind.Udp && checksum == 0) checksum = ushort.MaxValue;
        BinaryPrimitives.WriteUInt16BigEndian(field, checksum);
    }

    /// <summary>The sum of the bytes that a checksum covers and that are kept.</summary>
    private static ushort Covered(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> before, ReadOnlySpan<HeaderPart> parts, int index, int end)
    {
        HeaderPart part = parts[index];
        ChecksumAccumulator sum = default;
        if (part.Ip >= 0 && part.Kind is LayerKind.Tcp or LayerKind.Udp or LayerKind.Icmpv6) PseudoHeaderAddresses.Add(ref sum, bytes, before, parts[part.Ip..index]);
        sum.Add(bytes[part.Offset..end]);
        return sum.Sum;
    }
}
