using System.Buffers.Binary;
using NetStack.Icmp;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Routing;

/// <summary>
/// Passes packets for others on (RFC 1812 section 5, RFC 8200): the header is a private copy whose hop limit is counted down,
/// everything after it goes by handle, unread. Whoever lets a device send what another received registers the receive buffers for
/// sending too.
/// </summary>
internal sealed class Forwarder(NetworkStack stack, IcmpErrorSender errors)
{
    internal ForwardCounters Counters { get; } = new();

    /// <summary>Passes a packet on, or tells its sender why not.</summary>
    /// <param name="frame">The frame; the caller keeps it.</param>
    /// <param name="networkOffset">Where in the frame the IP header begins, in bytes.</param>
    /// <param name="packet">The packet, its header checked.</param>
    /// <param name="now">The present.</param>
    internal void Forward(in InboundFrame frame, int networkOffset, in InboundDatagram packet, Instant now)
    {
        if (FindWay(packet, now, out NetInterface? nic, out IpAddress nextHop) is { } refusal)
        {
            Counters.Add(refusal);
            return;
        }
        int length = packet.NetworkHeader.Length + packet.Bytes.Length;
        if (frame.Body.Length < networkOffset + length || frame.SegmentCount > 1)
        {
            Counters.Add(frame.SegmentCount > 1 ? ForwardDropReason.Coalesced : ForwardDropReason.NoBody);
            return;
        }
        bool isV4 = packet.Source.IsV4;
        int headerLength = isV4 ? packet.NetworkHeader.Length : Ipv6Header.Size;
        PacketBody rest = length > headerLength ? frame.Body.Share(networkOffset + headerLength, length - headerLength) : default;
        if (length <= (isV4 ? nic!.Mtu : nic!.MtuV6)) PassOn(nic, nextHop, packet.NetworkHeader[..headerLength], rest, isV4, now);
        else if (isV4 && !MustNotFragment(packet.NetworkHeader)) PassOnFragments(nic, nextHop, packet.NetworkHeader, rest, now);
        else TooBig(nic, packet, rest, now);
    }

    private ForwardDropReason? FindWay(in InboundDatagram packet, Instant now, out NetInterface? nic, out IpAddress nextHop)
    {
        nic = null;
        nextHop = default;
        if (!MayPass(packet.Source) || !MayPass(packet.Destination)) return ForwardDropReason.Scope;
        if (packet.HopLimit <= 1)
        {
            errors.TimeExceeded(packet, 0, now);
            return ForwardDropReason.HopLimit;
        }
        Route? route = stack.Routes.Lookup(packet.Destination);
        switch (route?.Kind)
        {
            case RouteKind.Blackhole:
                return ForwardDropReason.Blackhole;
            case RouteKind.Prohibit:
                errors.Prohibited(packet, now);
                return ForwardDropReason.Prohibited;
            case RouteKind.Unicast when !route.Interface!.IsLoopback:
                nic = route.Interface;
                nextHop = route.Gateway.IsNone ? packet.Destination : route.Gateway;
                return nic.IsBroadcast(packet.Destination) ? ForwardDropReason.Scope : null; // RFC 2644
            default:
                errors.NoRoute(packet, now);
                return ForwardDropReason.NoRoute;
        }
    }

    /// <summary>Whether an address may stand in a packet that crosses links.</summary>
    private static bool MayPass(IpAddress address) =>
        !address.IsNone && !address.IsUnspecified && !address.IsMulticast && !address.IsLimitedBroadcast
        && !AddressScope.IsLoopback(address) && !AddressScope.IsLinkLocal(address);

    private void PassOn(NetInterface nic, IpAddress nextHop, ReadOnlySpan<byte> header, PacketBody rest, bool isV4, Instant now)
    {
        TransmitFrame frame = default;
        frame.Headers.Append(nic.LinkHeaderLength);
        Span<byte> copy = frame.Headers.Append(header.Length);
        header.CopyTo(copy);
        if (isV4) CountDownV4(copy);
        else copy[7]--;
        frame.Body = rest;
        if (nic.Output(nextHop, ref frame, isV4 ? EtherType.Ipv4 : EtherType.Ipv6, now) == SendOutcome.Sent) Counters.Forwarded++;
    }

    /// <summary>Cuts an IPv4 packet, maybe a fragment itself, for a narrower link (RFC 791 section 3.2).</summary>
    private void PassOnFragments(NetInterface nic, IpAddress nextHop, ReadOnlySpan<byte> header, PacketBody rest, Instant now)
    {
        Span<byte> later = stackalloc byte[60];
        int laterLength = CopyForLater(header, later);
        int fragmentField = BinaryPrimitives.ReadUInt16BigEndian(header[6..]);
        SendOutcome outcome = SendOutcome.Sent;
        int total = rest.Length;
        for (int at = 0, step; at < total && outcome == SendOutcome.Sent; at += step)
        {
            ReadOnlySpan<byte> front = at == 0 ? header : later[..laterLength];
            step = Math.Min(nic.Mtu - front.Length & ~7, total - at);
            TransmitFrame frame = default;
            frame.Headers.Append(nic.LinkHeaderLength);
            Span<byte> copy = frame.Headers.Append(front.Length);
            front.CopyTo(copy);
            bool isMore = at + step < total || (fragmentField & 0x2000) != 0;
            BinaryPrimitives.WriteUInt16BigEndian(copy[2..], (ushort)(front.Length + step));
            BinaryPrimitives.WriteUInt16BigEndian(copy[6..], (ushort)((fragmentField & 0x1FFF) + at / 8 | (isMore ? 0x2000 : 0)));
            CountDownV4(copy);
            frame.Body = rest.Share(at, step);
            outcome = nic.Output(nextHop, ref frame, EtherType.Ipv4, now);
            if (outcome == SendOutcome.Sent) Counters.Fragments++;
        }
        rest.Release();
        if (outcome == SendOutcome.Sent) Counters.Forwarded++;
    }

    /// <summary>The header of later fragments: only options whose copied flag is set go with them.</summary>
    private static int CopyForLater(ReadOnlySpan<byte> header, Span<byte> later)
    {
        header[..Ipv4Header.Size].CopyTo(later);
        int length = Ipv4Header.Size;
        for (OptionReader options = new(header[Ipv4Header.Size..]); options.MoveNext();)
        {
            if (options.IsMalformed || options.Kind < 0x80) continue;
            later[length] = options.Kind;
            later[length + 1] = (byte)(options.Data.Length + 2);
            options.Data.CopyTo(later[(length + 2)..]);
            length += options.Data.Length + 2;
        }
        for (; length % 4 != 0; length++) later[length] = 0;
        later[0] = (byte)(0x40 | length / 4);
        return length;
    }

    private static void CountDownV4(Span<byte> header)
    {
        header[8]--;
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
    }

    private static bool MustNotFragment(ReadOnlySpan<byte> header) => (header[6] & 0x40) != 0;

    private void TooBig(NetInterface nic, in InboundDatagram packet, PacketBody rest, Instant now)
    {
        rest.Release();
        Counters.Add(ForwardDropReason.TooBig);
        errors.PacketTooBig(packet, packet.Source.IsV4 ? nic.Mtu : nic.MtuV6, now);
    }
}
