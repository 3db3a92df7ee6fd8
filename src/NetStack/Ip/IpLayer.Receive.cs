using NetStack.Wire;

namespace NetStack.Ip;

internal sealed partial class IpLayer
{
    private byte[]? _tapped; // a copy for a tap and a transport both

    /// <summary>What a packet for this host's ears is addressed to.</summary>
    private enum Audience
    {
        Us,
        Group,
        Broadcast,
        Others,
    }

    /// <summary>Takes a packet from an interface.</summary>
    /// <param name="nic">Where it came in.</param>
    /// <param name="frame">The frame; the caller keeps it.</param>
    /// <param name="networkOffset">Where in the frame the IP header begins, in bytes; at most the frame's length.</param>
    /// <param name="isLinkGroup">Whether the link delivered it to a group or to all.</param>
    /// <param name="now">The present.</param>
    internal void Receive(IIpInterface nic, in InboundFrame frame, int networkOffset, bool isLinkGroup, Instant now)
    {
        Counters.Received++;
        InboundBytes packet = new(frame.Headers, networkOffset, frame.Headers.FrameLength - networkOffset);
        ReadOnlySpan<byte> first = packet.Require(1);
        if (first.IsEmpty)
        {
            Counters.Drops.Add(IpDropReason.Truncated);
            return;
        }
        Arrival arrival = new(nic, in frame, networkOffset, isLinkGroup, now);
        switch (first[0] >> 4)
        {
            case 4:
                ReceiveV4(arrival, packet);
                break;
            case 6:
                ReceiveV6(arrival, packet);
                break;
            default:
                Counters.Drops.Add(IpDropReason.BadVersion);
                break;
        }
    }

    private Audience AudienceOf(IIpInterface nic, IpAddress destination)
    {
        if (destination.IsMulticast) return Audience.Group;
        if (destination.IsLimitedBroadcast) return Audience.Broadcast;
        return _tables.Classify(nic, destination) switch
        {
            AddressClass.Ours => Audience.Us,
            AddressClass.Broadcast => Audience.Broadcast,
            _ => Audience.Others,
        };
    }

    /// <summary>Whether addresses may stand where they stand; counts why not.</summary>
    private bool AreAddressesSane(in Arrival arrival, IpAddress source, IpAddress destination, IpProtocol protocol)
    {
        if (Martians.IsBadDestination(destination, arrival.Nic.IsLoopback)) return Refuse(IpDropReason.MartianDestination);
        bool isBad = Martians.IsBadSource(source, arrival.Nic.IsLoopback) || (source.IsUnspecified && !MayBeUnspecified(destination, protocol));
        if (!isBad && !arrival.Nic.IsLoopback && !arrival.IsLooped)
        {
            // Our own address from outside: forged, or a duplicate, which neighbour discovery must hear of (RFC 4862 section 5.4.4).
            AddressClass kind = source.IsUnspecified ? AddressClass.NotOurs : _tables.Classify(arrival.Nic, source);
            isBad = kind == AddressClass.Broadcast || (kind == AddressClass.Ours && protocol != IpProtocol.Icmpv6);
        }
        return !isBad || Refuse(IpDropReason.MartianSource);
    }

    /// <summary>Who has no address yet: DHCP clients (RFC 2131) and IGMP in IPv4, ICMPv6 while an address is tentative.</summary>
    private static bool MayBeUnspecified(IpAddress destination, IpProtocol protocol) =>
        destination.IsV4 ? destination.IsLimitedBroadcast || destination.IsMulticast : protocol is IpProtocol.Icmpv6 or IpProtocol.HopByHop;

    /// <summary>Gives a datagram to whoever is for it, and answers for nobody.</summary>
    /// <param name="arrival">How it came.</param>
    /// <param name="datagram">The datagram.</param>
    /// <param name="protocolAt">Where in an IPv6 packet the number lies that names the protocol, in bytes.</param>
    private void Deliver(in Arrival arrival, in InboundDatagram datagram, int protocolAt)
    {
        bool isTapped = Tap is not null && Tap.Wants(datagram.Source, datagram.Destination, datagram.Protocol);
        if (!isTapped)
        {
            Hand(arrival, datagram, protocolAt, false);
            return;
        }
        // Two would read the bytes: they are made private first, so that both see the same ones.
        InboundDatagram own = datagram with { Bytes = MakePrivate(datagram.Bytes) };
        Tap!.Take(own, arrival.Now);
        Hand(arrival, own, protocolAt, true);
    }

    private void Hand(in Arrival arrival, in InboundDatagram datagram, int protocolAt, bool isTapped)
    {
        ITransport? transport = _transports[(byte)datagram.Protocol];
        if (transport is not null)
        {
            Counters.Delivered++;
            if (transport.Receive(datagram, arrival.Now) == TransportVerdict.PortUnreachable) Errors.PortUnreachable(datagram, arrival.Now);
            return;
        }
        if (isTapped)
        {
            Counters.Delivered++;
            return;
        }
        Counters.Drops.Add(IpDropReason.UnknownProtocol);
        if (datagram.Source.IsV4) Errors.ProtocolUnreachable(datagram, arrival.Now);
        else Errors.ParameterProblem(datagram, 1, protocolAt, false, arrival.Now);
    }

    private InboundBytes MakePrivate(InboundBytes bytes)
    {
        Memory.ChecksumAccumulator ignored = default;
        Span<byte> copy = (_tapped ??= new byte[ushort.MaxValue + 1]).AsSpan(0, bytes.Length);
        bytes.CopyTo(copy, ref ignored);
        return new InboundBytes(copy);
    }

    private bool Refuse(IpDropReason reason)
    {
        Counters.Drops.Add(reason);
        return false;
    }

    /// <summary>How a packet came here.</summary>
    private readonly ref struct Arrival
    {
        private readonly ref readonly InboundFrame _frame;

        internal Arrival(IIpInterface nic, ref readonly InboundFrame frame, int networkOffset, bool isLinkGroup, Instant now)
        {
            Nic = nic;
            _frame = ref frame;
            NetworkOffset = networkOffset;
            IsLinkGroup = isLinkGroup;
            Now = now;
            HasFrame = true;
        }

        /// <summary>One that we sent ourselves.</summary>
        internal Arrival(IIpInterface nic, bool hasChecksum, Instant now)
        {
            Nic = nic;
            Now = now;
            MustSum = hasChecksum;
            IsLooped = true;
        }

        internal IIpInterface Nic { get; }

        internal ref readonly InboundFrame Frame => ref _frame;

        internal int NetworkOffset { get; }

        internal bool IsLinkGroup { get; }

        internal Instant Now { get; }

        /// <summary>Whether the packet is the frame's, as it came: not put together, not looped.</summary>
        internal bool HasFrame { get; }

        internal bool IsLooped { get; private init; }

        internal bool IsReassembled { get; private init; }

        /// <summary>Whether the transport checksum counts although the packet is not a frame's.</summary>
        private bool MustSum { get; }

        internal bool IsChecksumGood => HasFrame ? _frame.IsTransportChecksumGood : !MustSum;

        internal bool IsChecksumOfAll => HasFrame && _frame.SegmentCount <= 1 && !Nic.IsLoopback;

        internal int SegmentCount => HasFrame ? Math.Max(1, _frame.SegmentCount) : 1;

        internal int SegmentSize => HasFrame ? _frame.SegmentSize : 0;

        /// <summary>The same for the datagram that a fragment made whole.</summary>
        internal Arrival Whole() => new(Nic, hasChecksum: true, Now) { IsLooped = IsLooped, IsReassembled = true };
    }
}
