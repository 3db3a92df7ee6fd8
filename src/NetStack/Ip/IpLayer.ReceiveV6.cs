using System.Buffers.Binary;
using NetStack.Wire;

namespace NetStack.Ip;

/// <remarks>IPv6 input: RFC 8200, with RFC 5095, RFC 5722, RFC 6946 and RFC 7112.</remarks>
internal sealed partial class IpLayer
{
    private const int PayloadLengthAt = 4;
    private const int FirstNextHeaderAt = 6;

    private void ReceiveV6(in Arrival arrival, InboundBytes packet)
    {
        if (!Ipv6View.TryRead(packet.Require(Ipv6View.Size), out Ipv6View view))
        {
            Counters.Drops.Add(IpDropReason.Truncated);
            return;
        }
        int length = Ipv6View.Size + view.PayloadLength;
        if (length > packet.Length)
        {
            Counters.Drops.Add(IpDropReason.Truncated);
            return;
        }
        IpAddress source = view.Source;
        IpAddress destination = view.Destination;
        if (!AreAddressesSane(arrival, source, destination, view.NextHeader)) return;
        // A jumbogram says 0 here; its options, which say more, lie in what the frame has.
        bool mayBeJumbo = view.PayloadLength == 0 && view.NextHeader == IpProtocol.HopByHop;
        Walk walk = new()
        {
            Packet = mayBeJumbo ? packet : packet.Slice(0, length),
            Source = source,
            Destination = destination,
            Audience = AudienceOf(arrival.Nic, destination),
            TrafficClass = view.TrafficClass,
            HopLimit = view.HopLimit,
            Next = view.NextHeader,
            NextAt = FirstNextHeaderAt,
            Offset = Ipv6View.Size,
        };
        // Hop-by-hop options are for routers as well, and for nobody else whom the packet only happens to reach.
        bool isInTransit = walk.Audience == Audience.Others && Options.Forwarding;
        if (!isInTransit && !IsForUsV6(arrival, walk)) return;
        if (walk.Next == IpProtocol.HopByHop && !StepOptions(arrival, ref walk)) return;
        if (isInTransit) Forward(arrival, DatagramOf(arrival, walk));
        else WalkOn(arrival, ref walk);
    }

    private bool IsForUsV6(in Arrival arrival, in Walk walk) => walk.Audience switch
    {
        Audience.Us => true,
        Audience.Group => (Groups is not null && Groups.IsMember(arrival.Nic.Index, walk.Destination)) || Refuse(IpDropReason.NotMember),
        _ => Refuse(IpDropReason.NotForUs),
    };

    /// <summary>Walks the headers after the hop-by-hop options, in any order (RFC 8200 section 4.1), and delivers.</summary>
    private void WalkOn(in Arrival arrival, ref Walk walk)
    {
        for (; ; walk.Headers++)
        {
            switch (walk.Next)
            {
                case IpProtocol.DestinationOptions:
                    if (!StepOptions(arrival, ref walk)) return;
                    break;
                case IpProtocol.Routing:
                    if (!StepRouting(arrival, ref walk)) return;
                    break;
                case IpProtocol.Fragment:
                    if (!StepFragment(arrival, ref walk)) return;
                    break;
                case IpProtocol.HopByHop: // only ever first
                    Counters.Drops.Add(IpDropReason.BadExtensionHeader);
                    Errors.ParameterProblem(DatagramOf(arrival, walk), 1, walk.NextAt, false, arrival.Now);
                    return;
                case IpProtocol.NoNext:
                    Counters.Drops.Add(IpDropReason.NoPayload);
                    return;
                default:
                    Deliver(arrival, DatagramOf(arrival, walk), walk.NextAt);
                    return;
            }
        }
    }

    /// <summary>Takes the header at the walk's place, whose length is in its second byte; false and counted when it cannot be had.</summary>
    private bool TryTakeHeader(in Walk walk, out ReadOnlySpan<byte> header)
    {
        header = walk.Packet.Slice(walk.Offset).Require(Ipv6ExtensionView.MinSize);
        if (!Ipv6ExtensionView.TryRead(header, out Ipv6ExtensionView view)) return Refuse(IpDropReason.BadExtensionHeader);
        int length = walk.Next == IpProtocol.Fragment ? Ipv6FragmentView.Size : view.HeaderLength;
        if (walk.Headers >= Options.MaxExtensionHeaders || walk.Offset + length - Ipv6View.Size > Options.MaxExtensionHeaderBytes)
            return Refuse(IpDropReason.TooManyExtensionHeaders);
        header = walk.Packet.Slice(walk.Offset).Require(length);
        if (header.Length < length) return Refuse(IpDropReason.BadExtensionHeader);
        header = header[..length];
        return true;
    }

    private bool StepOptions(in Arrival arrival, ref Walk walk)
    {
        if (!TryTakeHeader(walk, out ReadOnlySpan<byte> header)) return false;
        Ipv6OptionCheck check = Ipv6OptionCheck.Of(header);
        walk.HasRouterAlert |= check.HasRouterAlert;
        if (check.Verdict == Ipv6OptionVerdict.Accept)
        {
            walk.Advance(header);
            return true;
        }
        int at = walk.Offset + check.At;
        bool isGroup = walk.Audience == Audience.Group;
        Counters.Drops.Add(check.Verdict switch
        {
            Ipv6OptionVerdict.Jumbogram => IpDropReason.Jumbogram,
            Ipv6OptionVerdict.Malformed => IpDropReason.BadExtensionHeader,
            _ => IpDropReason.UnknownOption,
        });
        if (check.Verdict == Ipv6OptionVerdict.Malformed) Errors.ParameterProblem(DatagramOf(arrival, walk), 0, at, false, arrival.Now);
        else if (check.Verdict == Ipv6OptionVerdict.Report || (check.Verdict != Ipv6OptionVerdict.Discard && !isGroup))
            Errors.ParameterProblem(DatagramOf(arrival, walk), 2, at, isGroup, arrival.Now);
        return false;
    }

    /// <summary>We know no routing type, and type 0 least of all: one with no segments left is passed over, any other reported
    /// (RFC 8200 section 4.4, RFC 5095 section 3).</summary>
    private bool StepRouting(in Arrival arrival, ref Walk walk)
    {
        if (!TryTakeHeader(walk, out ReadOnlySpan<byte> header)) return false;
        Ipv6ExtensionView.TryRead(header, out Ipv6ExtensionView view);
        if (view.SegmentsLeft == 0)
        {
            walk.Advance(header);
            return true;
        }
        Counters.Drops.Add(IpDropReason.RoutingHeader);
        Errors.ParameterProblem(DatagramOf(arrival, walk), 0, walk.Offset + 2, false, arrival.Now);
        return false;
    }

    /// <summary>Passes over the header of an atomic fragment, which stands alone (RFC 6946); any other goes to reassembly.</summary>
    private bool StepFragment(in Arrival arrival, ref Walk walk)
    {
        if (!TryTakeHeader(walk, out ReadOnlySpan<byte> header)) return false;
        Ipv6FragmentView.TryRead(header, out Ipv6FragmentView view);
        if (view.FragmentOffset == 0 && !view.MoreFragments)
        {
            walk.Advance(header);
            return true;
        }
        TakeFragmentV6(arrival, walk, view);
        return false;
    }

    private void TakeFragmentV6(in Arrival arrival, in Walk walk, Ipv6FragmentView view)
    {
        Counters.FragmentsReceived++;
        if (arrival.IsReassembled || view.NextHeader == IpProtocol.HopByHop)
        {
            Counters.Drops.Add(IpDropReason.BadExtensionHeader);
            if (!arrival.IsReassembled) Errors.ParameterProblem(DatagramOf(arrival, walk), 1, walk.Offset, false, arrival.Now);
            return;
        }
        int start = walk.Offset + Ipv6FragmentView.Size;
        InboundBytes bytes = walk.Packet.Slice(start);
        if (bytes.Length == 0 || (view.MoreFragments && bytes.Length % 8 != 0))
        {
            Counters.Drops.Add(IpDropReason.BadFragmentLength);
            if (bytes.Length > 0) Errors.ParameterProblem(DatagramOf(arrival, walk), 0, PayloadLengthAt, false, arrival.Now);
            return;
        }
        if (walk.Offset - Ipv6View.Size + view.FragmentOffset + bytes.Length > ushort.MaxValue)
        {
            Counters.Drops.Add(IpDropReason.BadFragmentOffset);
            Errors.ParameterProblem(DatagramOf(arrival, walk), 0, walk.Offset + 2, false, arrival.Now);
            return;
        }
        if (view.FragmentOffset == 0 && !Ipv6Chain.Walk(bytes, view.NextHeader).IsWhole)
        {
            Counters.Drops.Add(IpDropReason.IncompleteHeaderChain);
            Errors.ParameterProblem(DatagramOf(arrival, walk), 3, 0, false, arrival.Now);
            return;
        }
        int link = Martians.IsLinkLocalV6(walk.Source) || walk.Destination.IsMulticast ? arrival.Nic.Index : 0;
        FragmentInfo fragment = new(new FragmentKey(walk.Source, walk.Destination, view.Identification, 0, link), view.FragmentOffset, view.MoreFragments)
        {
            TrafficClass = walk.TrafficClass,
            Interface = arrival.Nic.Index,
            IsGroupAddressed = walk.IsGroupAddressed(arrival.IsLinkGroup),
            NextHeader = view.NextHeader,
        };
        ReadOnlySpan<byte> headers = walk.Packet.Require(start)[..start];
        if (_reassembler.Add(fragment, headers, bytes, arrival.Now) is { } whole) DeliverWholeV6(arrival, whole);
    }

    /// <summary>Delivers a datagram whose fragments all came: the first one's headers without the fragment header, then the payload.</summary>
    private void DeliverWholeV6(in Arrival arrival, PendingDatagram whole)
    {
        ReadOnlySpan<byte> unfragmentable = whole.Header[..^Ipv6FragmentView.Size];
        int length = CopyWhole(whole, unfragmentable);
        int ecn = ReassembledEcn(whole.EcnSeen);
        IpProtocol next = whole.First.NextHeader;
        bool isTooLong = length - Ipv6View.Size > ushort.MaxValue;
        int headers = unfragmentable.Length;
        _reassembler.Remove(whole);
        if (isTooLong || ecn < 0)
        {
            Counters.Drops.Add(isTooLong ? IpDropReason.BadFragmentOffset : IpDropReason.InconsistentEcn);
            return;
        }
        Counters.Reassembled++;
        Span<byte> packet = _whole.AsSpan(0, length);
        packet[1] = (byte)(packet[1] & ~0x30 | ecn << 4);
        BinaryPrimitives.WriteUInt16BigEndian(packet[PayloadLengthAt..], (ushort)(length - Ipv6View.Size));
        int nextAt = LastNextHeaderAt(packet[..headers]);
        packet[nextAt] = (byte)next;
        ReceiveV6(arrival.Whole(), new InboundBytes(packet));
    }

    /// <summary>Where in the unfragmentable part the number lies that named the fragment header.</summary>
    private static int LastNextHeaderAt(ReadOnlySpan<byte> headers)
    {
        int at = FirstNextHeaderAt;
        for (int offset = Ipv6View.Size; offset < headers.Length; offset += (headers[offset + 1] + 1) * 8) at = offset;
        return at;
    }

    private static InboundDatagram DatagramOf(in Arrival arrival, in Walk walk) => new()
    {
        Source = walk.Source,
        Destination = walk.Destination,
        Protocol = walk.Next,
        Interface = arrival.Nic.Index,
        TrafficClass = walk.TrafficClass,
        HopLimit = walk.HopLimit,
        IsGroupAddressed = walk.IsGroupAddressed(arrival.IsLinkGroup),
        HasRouterAlert = walk.HasRouterAlert,
        IsChecksumGood = arrival.IsChecksumGood,
        IsChecksumOfAll = arrival.IsChecksumOfAll,
        SegmentCount = arrival.SegmentCount,
        SegmentSize = arrival.SegmentSize,
        Bytes = walk.Packet.Slice(walk.Offset),
        NetworkHeader = walk.Packet.Require(walk.Offset)[..walk.Offset],
    };

    /// <summary>How far the walk along a packet's headers has come.</summary>
    private ref struct Walk
    {
        internal InboundBytes Packet;
        internal IpAddress Source;
        internal IpAddress Destination;
        internal Audience Audience;
        internal byte TrafficClass;
        internal byte HopLimit;
        internal bool HasRouterAlert;
        internal IpProtocol Next; // the header at Offset
        internal int NextAt; // where the number lies that says so
        internal int Offset;
        internal int Headers;

        internal readonly bool IsGroupAddressed(bool isLinkGroup) => Audience == Audience.Group || isLinkGroup;

        internal void Advance(scoped ReadOnlySpan<byte> header)
        {
            Next = (IpProtocol)header[0];
            NextAt = Offset;
            Offset += header.Length;
        }
    }
}
