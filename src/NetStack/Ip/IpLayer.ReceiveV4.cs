using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Ip;

/// <remarks>IPv4 input: RFC 791, RFC 1122 section 3.2.1.</remarks>
internal sealed partial class IpLayer
{
    private void ReceiveV4(in Arrival arrival, InboundBytes packet)
    {
        if (!TryReadV4(packet, out ReadOnlySpan<byte> header, out Ipv4View view)) return;
        IpAddress source = view.Source;
        IpAddress destination = view.Destination;
        if (!AreAddressesSane(arrival, source, destination, view.Protocol)) return;
        Audience audience = AudienceOf(arrival.Nic, destination);
        InboundDatagram datagram = new()
        {
            Source = source,
            Destination = destination,
            Protocol = view.Protocol,
            Interface = arrival.Nic.Index,
            TrafficClass = view.TypeOfService,
            HopLimit = view.Ttl,
            IsGroupAddressed = audience is Audience.Group or Audience.Broadcast || arrival.IsLinkGroup,
            HasRouterAlert = false,
            IsChecksumGood = arrival.IsChecksumGood,
            IsChecksumOfAll = arrival.IsChecksumOfAll,
            SegmentCount = arrival.SegmentCount,
            SegmentSize = arrival.SegmentSize,
            Bytes = packet.Slice(header.Length, view.TotalLength - header.Length),
            NetworkHeader = header,
        };
        if (header.Length > Ipv4View.MinSize && !CheckOptions(arrival, ref datagram, view)) return;
        if (!IsForUsV4(arrival, audience, datagram)) return;
        if (view.MoreFragments || view.FragmentOffset > 0) TakeFragmentV4(arrival, datagram, view);
        else Deliver(arrival, datagram, 0);
    }

    private bool TryReadV4(InboundBytes packet, out ReadOnlySpan<byte> header, out Ipv4View view)
    {
        header = packet.Require(Ipv4View.MinSize);
        if (!Ipv4View.TryRead(header, out view)) return Refuse(IpDropReason.Truncated);
        int length = view.HeaderLength;
        if (length < Ipv4View.MinSize) return Refuse(IpDropReason.BadHeaderLength);
        header = packet.Require(length);
        if (header.Length < length) return Refuse(IpDropReason.Truncated);
        header = header[..length];
        Ipv4View.TryRead(header, out view);
        if (!view.IsChecksumRight) return Refuse(IpDropReason.BadHeaderChecksum);
        if (view.TotalLength < length) return Refuse(IpDropReason.BadTotalLength);
        return view.TotalLength <= packet.Length || Refuse(IpDropReason.Truncated);
    }

    private bool CheckOptions(in Arrival arrival, ref InboundDatagram datagram, Ipv4View view)
    {
        Ipv4OptionCheck check = Ipv4OptionCheck.Of(view.Options);
        if (check.BadAt > 0)
        {
            Counters.Drops.Add(IpDropReason.BadOption);
            Errors.ParameterProblem(datagram, 0, check.BadAt, false, arrival.Now);
            return false;
        }
        if (check.HasSourceRoute && (check.IsSourceRouteOpen || !Options.AcceptSourceRouted)) return Refuse(IpDropReason.SourceRoute);
        if (check.HasRouterAlert) datagram = datagram with { HasRouterAlert = true };
        return true;
    }

    private bool IsForUsV4(in Arrival arrival, Audience audience, in InboundDatagram datagram)
    {
        switch (audience)
        {
            case Audience.Us when arrival.IsLinkGroup:
                return Refuse(IpDropReason.UnicastInLinkGroup);
            case Audience.Us or Audience.Broadcast:
                return true;
            case Audience.Group:
                return (Groups is not null && Groups.IsMember(arrival.Nic.Index, datagram.Destination)) || Refuse(IpDropReason.NotMember);
            default:
                return Forward(arrival, datagram);
        }
    }

    /// <summary>Passes on what is for others, where that is wanted. Always false: nothing more is to be done.</summary>
    private bool Forward(in Arrival arrival, in InboundDatagram datagram)
    {
        if (!Options.Forwarding || arrival.IsLinkGroup || !arrival.HasFrame) return Refuse(IpDropReason.NotForUs);
        Counters.Forwarded++;
        _tables.Forward(arrival.Nic, arrival.Frame, arrival.NetworkOffset, datagram, arrival.Now);
        return false;
    }

    private void TakeFragmentV4(in Arrival arrival, in InboundDatagram datagram, Ipv4View view)
    {
        Counters.FragmentsReceived++;
        int length = datagram.Bytes.Length;
        if (length == 0 || (view.MoreFragments && length % 8 != 0))
        {
            Counters.Drops.Add(IpDropReason.BadFragmentLength);
            return;
        }
        if (view.FragmentOffset + length > ushort.MaxValue - Ipv4View.MinSize)
        {
            Counters.Drops.Add(IpDropReason.BadFragmentOffset);
            return;
        }
        FragmentKey key = new(datagram.Source, datagram.Destination, view.Identification, view.Protocol, 0);
        FragmentInfo fragment = new(key, view.FragmentOffset, view.MoreFragments)
        {
            TrafficClass = datagram.TrafficClass,
            Interface = datagram.Interface,
            IsGroupAddressed = datagram.IsGroupAddressed,
        };
        if (_reassembler.Add(fragment, datagram.NetworkHeader, datagram.Bytes, arrival.Now) is { } whole) DeliverWholeV4(arrival, whole);
    }

    /// <summary>Delivers a datagram whose fragments all came, under the first one's header made right.</summary>
    private void DeliverWholeV4(in Arrival arrival, PendingDatagram whole)
    {
        int length = CopyWhole(whole, whole.Header);
        int ecn = ReassembledEcn(whole.EcnSeen);
        bool isTooLong = length > ushort.MaxValue;
        _reassembler.Remove(whole);
        if (isTooLong || ecn < 0)
        {
            Counters.Drops.Add(isTooLong ? IpDropReason.BadFragmentOffset : IpDropReason.InconsistentEcn);
            return;
        }
        Counters.Reassembled++;
        int headerLength = whole.Header.Length;
        Span<byte> header = _whole.AsSpan(0, headerLength);
        header[1] = (byte)(header[1] & ~3 | ecn);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
        ReceiveV4(arrival.Whole(), new InboundBytes(_whole.AsSpan(0, length)));
    }
}
