using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Ip;

/// <remarks>Output: one datagram, its headers and its checksum.</remarks>
internal sealed partial class IpLayer
{
    private const int AlertBytesV4 = 4;
    private const int AlertBytesV6 = 8;

    /// <summary>The most payload of a super-segment: its length with IP and TCP headers fits into 16 bits.</summary>
    private const int MaxSuperSegment = ushort.MaxValue - Ipv6View.Size - 60;

    /// <inheritdoc/>
    public bool TryFindPath(IpAddress destination, IpAddress source, int? boundInterface, out IpPath path)
    {
        path = default;
        if (!_tables.TryRoute(destination, source, boundInterface, out IpRoute route) || route.Source.IsNone) return false;
        IIpInterface nic = route.Interface;
        int device = nic.MaxSegmentationBytes - nic.LinkHeaderLength - Ipv6View.Size - 60;
        path = new IpPath(route.Source, nic.Index, MtuTo(nic, destination, out _), device > 0 ? Math.Min(device, MaxSuperSegment) : MaxSuperSegment);
        return true;
    }

    /// <inheritdoc/>
    public SendOutcome Send(in IpSend send, ReadOnlySpan<byte> transportHeader, PacketBody body, Instant now)
    {
        SendOutcome outcome = TryPrepare(send, out Outgoing way);
        if (outcome != SendOutcome.Sent)
        {
            body.Release();
            Counters.SendFailures++;
            return outcome;
        }
        int length = way.HeaderLength + transportHeader.Length + body.Length;
        if (send.SegmentSize > 0 && body.Length > send.SegmentSize) outcome = SendSuperSegment(way, send, transportHeader, body, now);
        else if (length <= way.Mtu) outcome = SendWhole(way, send, transportHeader, body, now);
        else outcome = SendFragments(way, send, transportHeader, body, now);
        if (outcome == SendOutcome.Sent) Counters.Sent++;
        else Counters.SendFailures++;
        return outcome;
    }

    private SendOutcome TryPrepare(in IpSend send, out Outgoing way)
    {
        way = default;
        if (!_tables.TryRoute(send.Destination, send.Source, send.Interface, out IpRoute route)) return SendOutcome.Unreachable;
        IIpInterface nic = route.Interface;
        if (!nic.IsUp) return SendOutcome.Unreachable;
        bool isBroadcast = IsBroadcast(nic, send.Destination);
        if (isBroadcast && !send.AllowBroadcast) return SendOutcome.BroadcastDenied;
        // Who has no address yet may shout (RFC 2131 section 4.1).
        bool isUnspecified = send.Source.IsUnspecified || (route.Source.IsNone && send.Source.IsNone && send.Destination.IsLimitedBroadcast);
        if (route.Source.IsNone && !isUnspecified) return SendOutcome.BadSource;
        bool isV4 = send.Destination.IsV4;
        way = new Outgoing
        {
            Nic = nic,
            NextHop = route.NextHop,
            Source = isUnspecified ? isV4 ? IpAddress.V4(0) : IpAddress.V6(0) : route.Source,
            Mtu = MtuTo(nic, send.Destination, out bool isFloor),
            HopLimit = send.HopLimit != 0 ? send.HopLimit : send.Destination.IsMulticast ? (byte)1 : DefaultHopLimit(nic, isV4),
            DontFragment = send.DontFragment && !isFloor,
            IsLooped = IsLooped(nic, send, isBroadcast),
            HeaderLength = isV4 ? Ipv4View.MinSize + (send.HasRouterAlert ? AlertBytesV4 : 0) : Ipv6View.Size + (send.HasRouterAlert ? AlertBytesV6 : 0),
        };
        return SendOutcome.Sent;
    }

    private bool IsBroadcast(IIpInterface nic, IpAddress destination) =>
        destination.IsV4 && (destination.IsLimitedBroadcast || (!destination.IsMulticast && _tables.Classify(nic, destination) == AddressClass.Broadcast));

    /// <summary>Learns from a router that packets above a size do not pass.</summary>
    /// <returns>The path MTU from now on, in bytes.</returns>
    internal int LearnPathMtu(IpAddress destination, int mtu, int nic, Instant now)
    {
        int? bound = Martians.IsLinkLocalV6(destination) ? nic : null;
        int current = _tables.TryRoute(destination, default, bound, out IpRoute route) ? MtuTo(route.Interface, destination, out _) : ushort.MaxValue;
        return PathMtus.Lower(destination, mtu, current, now);
    }

    private int MtuTo(IIpInterface nic, IpAddress destination, out bool isFloor)
    {
        isFloor = false;
        int mtu = destination.IsV4 ? nic.Mtu : nic.MtuV6;
        if (!PathMtus.TryGet(destination, out PathMtu known)) return mtu;
        isFloor = known.IsFloor;
        return Math.Min(mtu, known.Mtu);
    }

    private byte DefaultHopLimit(IIpInterface nic, bool isV4) => !isV4 && nic.HopLimitV6 != 0 ? nic.HopLimitV6 : Options.DefaultHopLimit;

    private SendOutcome SendWhole(in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader, PacketBody body, Instant now)
    {
        TransmitFrame frame = default;
        Span<byte> header = AppendIpHeader(ref frame.Headers, way, send, transportHeader, transportHeader.Length + body.Length);
        if (way.IsV4) FinishV4(header, IdentificationFor(way, send), way.DontFragment ? 0x4000 : 0);
        frame.Body = body;
        AppendTransport(ref frame, way, send, transportHeader);
        return Output(way, ref frame, now);
    }

    /// <summary>A datagram that routers must not cut needs none (RFC 6864 section 4.1).</summary>
    private ushort IdentificationFor(in Outgoing way, in IpSend send) =>
        way.DontFragment ? (ushort)0 : (ushort)_identifications.Next(way.Source, send.Destination, send.Protocol);

    /// <summary>Appends the link header's room and the IP header with its router alert. In IPv4, fragment fields and checksum are
    /// left for <see cref="FinishV4"/>.</summary>
    private Span<byte> AppendIpHeader(ref HeaderBlock headers, in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader, int payloadLength)
    {
        headers.Append(way.Nic.LinkHeaderLength);
        Span<byte> room = headers.Append(way.HeaderLength);
        if (way.IsV4)
        {
            ReadOnlySpan<byte> alert = send.HasRouterAlert ? [148, 4, 0, 0] : default;
            new Ipv4Header(way.Source, send.Destination, send.Protocol, (ushort)(way.HeaderLength + payloadLength))
            {
                TypeOfService = send.TrafficClass,
                Ttl = way.HopLimit,
            }.Write(room, alert);
            return room;
        }
        int extension = way.HeaderLength - Ipv6View.Size;
        new Ipv6Header(way.Source, send.Destination, send.HasRouterAlert ? IpProtocol.HopByHop : send.Protocol, (ushort)(extension + payloadLength))
        {
            TrafficClass = send.TrafficClass,
            HopLimit = way.HopLimit,
            FlowLabel = FlowLabelOf(way, send, transportHeader),
        }.Write(room);
        if (send.HasRouterAlert) new Ipv6ExtensionHeader(send.Protocol).Write(room[Ipv6View.Size..], [5, 2, 0, 0, 1, 0]);
        return room;
    }

    /// <summary>A label that is the same for all packets of a flow and says nothing else (RFC 6437 section 3).</summary>
    private uint FlowLabelOf(in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader)
    {
        if (send.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp) || transportHeader.Length < 4) return 0;
        return (uint)_flowLabels.Of(way.Source, 0, send.Destination, 0, BinaryPrimitives.ReadUInt32BigEndian(transportHeader)) & 0xF_FFFF;
    }

    private static void FinishV4(Span<byte> header, ushort identification, int flagsAndOffset)
    {
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], identification);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)flagsAndOffset);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
    }

    /// <summary>Appends the transport header, its checksum filled in or left to the device; the frame has its body.</summary>
    private void AppendTransport(ref TransmitFrame frame, in Outgoing way, in IpSend send, ReadOnlySpan<byte> transportHeader)
    {
        transportHeader.CopyTo(frame.Headers.Append(transportHeader.Length));
        if (send.ChecksumOffset >= 0) FinishTransport(ref frame, way, send, transportHeader.Length);
    }

    /// <summary>Fills in the checksum of the transport header, the last one, or leaves it to the device.</summary>
    private void FinishTransport(ref TransmitFrame frame, in Outgoing way, in IpSend send, int length)
    {
        int start = frame.Headers.Length - length;
        Span<byte> header = frame.Headers.Writable[start..];
        if (way.Nic.HasChecksumOffload && send.BodySum is null && send.Protocol is IpProtocol.Tcp or IpProtocol.Udp)
        {
            WriteChecksum(header, send, PseudoSum(way, send, length + frame.Body.Length).Sum);
            frame.Offload = new TransmitOffload((ushort)start, (ushort)send.ChecksumOffset, 0, 0);
            return;
        }
        WriteChecksum(header, send, ChecksumOf(way, send, header, frame.Body));
    }

    private ushort ChecksumOf(in Outgoing way, in IpSend send, ReadOnlySpan<byte> header, in PacketBody body)
    {
        ChecksumAccumulator sum = send.Protocol is IpProtocol.Icmp or IpProtocol.Igmp ? default : PseudoSum(way, send, header.Length + body.Length);
        sum.Add(header);
        if (send.BodySum is { } carried) sum.AddSum(carried, body.Length);
        else body.SumTo(ref sum, _meter);
        ushort checksum = sum.Finish();
        return checksum == 0 && send.Protocol == IpProtocol.Udp ? (ushort)0xFFFF : checksum; // 0 says "none" there (RFC 768)
    }

    private static ChecksumAccumulator PseudoSum(in Outgoing way, in IpSend send, int length)
    {
        ChecksumAccumulator sum = default;
        PseudoHeader.AddTo(ref sum, way.Source, send.Destination, send.Protocol, length);
        return sum;
    }

    private static void WriteChecksum(Span<byte> header, in IpSend send, ushort checksum) =>
        BinaryPrimitives.WriteUInt16BigEndian(header[send.ChecksumOffset..], checksum);

    /// <summary>Hands a packet to the interface, and to ourselves if it is for a group we are in.</summary>
    private SendOutcome Output(in Outgoing way, ref TransmitFrame frame, Instant now)
    {
        if (way.IsLooped) Loop(way.Nic, frame);
        return way.Nic.Output(way.NextHop, ref frame, way.IsV4 ? EtherType.Ipv4 : EtherType.Ipv6, now);
    }

    /// <summary>How a datagram leaves.</summary>
    private readonly struct Outgoing
    {
        internal IIpInterface Nic { get; init; }

        internal IpAddress NextHop { get; init; }

        internal IpAddress Source { get; init; }

        internal int Mtu { get; init; }

        internal byte HopLimit { get; init; }

        internal bool DontFragment { get; init; }

        /// <summary>Bytes of the IP header with options or hop-by-hop header.</summary>
        internal int HeaderLength { get; init; }

        internal bool IsLooped { get; init; }

        internal bool IsV4 => NextHop.IsV4;
    }
}
