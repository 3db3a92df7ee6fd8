using NetStack.Memory;

namespace NetStack.Wire;

/// <summary>
/// What a frame is sorted by: addresses, protocol, ports and tag, read from private bytes in one short walk that enters no
/// tunnel. Total over any bytes: what cannot be read stays absent, and nothing behind the end that an IP header claims is read.
/// </summary>
public struct FrameKey
{
    private const int MaxTags = 4;
    private const int MaxExtensionHeaders = 8;

    /// <summary>Destination MAC; only where <see cref="HasMac"/>.</summary>
    public MacAddress DestinationMac;

    /// <summary>Source MAC; only where <see cref="HasMac"/>.</summary>
    public MacAddress SourceMac;

    /// <summary>Source address; the sender's in ARP; none where the frame has none.</summary>
    public IpAddress Source;

    /// <summary>Destination address; the target's in ARP.</summary>
    public IpAddress Destination;

    /// <summary>Identifier of the outermost VLAN tag, or -1.</summary>
    public int Vlan;

    /// <summary>Where the network header begins, or -1.</summary>
    public int NetworkOffset;

    /// <summary>Where the transport header begins, or -1; -1 in later fragments.</summary>
    public int TransportOffset;

    /// <summary>IPv4 or IPv6 identification of a fragment.</summary>
    public uint FragmentId;

    /// <summary>What follows the link header and its tags.</summary>
    public EtherType EtherType;

    /// <summary>Source port; only where <see cref="HasPorts"/>.</summary>
    public ushort SourcePort;

    /// <summary>Destination port; only where <see cref="HasPorts"/>.</summary>
    public ushort DestinationPort;

    /// <summary>IP protocol after extension headers; only where <see cref="IsIp"/>.</summary>
    public IpProtocol Protocol;

    /// <summary>Whether there are MAC addresses.</summary>
    public bool HasMac;

    /// <summary>Whether there is an IP header that could be read.</summary>
    public bool IsIp;

    /// <summary>Whether there are ports.</summary>
    public bool HasPorts;

    /// <summary>Whether this is a fragment of a larger packet.</summary>
    public bool IsFragment;

    /// <summary>Whether this is a fragment that does not begin the packet.</summary>
    public bool IsLaterFragment;

    /// <summary>Whether this is an ICMP or ICMPv6 error, which quotes another packet.</summary>
    public bool IsIcmpError;

    /// <summary>Reads the key through a frame's snapshot, fetching only the lines it needs.</summary>
    public static FrameKey Read(HeaderSnapshot headers, LinkType linkType)
    {
        HeaderSource source = new(headers, headers.Require(HeaderLine.Size));
        return Read(ref source, linkType);
    }

    /// <summary>Reads the key from private bytes.</summary>
    public static FrameKey Read(ReadOnlySpan<byte> privateBytes, LinkType linkType)
    {
        HeaderSource source = new(null, privateBytes);
        return Read(ref source, linkType);
    }

    /// <summary>Reads the key of the packet that an ICMP or ICMPv6 error quotes, source and destination as in that packet.</summary>
    /// <returns>False when this is no error or quotes too little.</returns>
    public readonly bool TryReadQuoted(HeaderSnapshot headers, out FrameKey quoted)
    {
        HeaderSource source = new(headers, headers.Require(HeaderLine.Size));
        return TryReadQuoted(ref source, out quoted);
    }

    /// <inheritdoc cref="TryReadQuoted(HeaderSnapshot, out FrameKey)"/>
    public readonly bool TryReadQuoted(ReadOnlySpan<byte> privateBytes, out FrameKey quoted)
    {
        HeaderSource source = new(null, privateBytes);
        return TryReadQuoted(ref source, out quoted);
    }

    private readonly bool TryReadQuoted(ref HeaderSource source, out FrameKey quoted)
    {
        quoted = new FrameKey { Vlan = -1, NetworkOffset = -1, TransportOffset = -1 };
        if (!IsIcmpError) return false;
        quoted.EtherType = EtherType;
        FrameKey outer = default;
        outer.EtherType = EtherType;
        outer.ReadNetwork(ref source, NetworkOffset); // so that the source ends where this packet does
        quoted.ReadNetwork(ref source, TransportOffset + IcmpView.FullSize);
        return quoted.IsIp;
    }

    private static FrameKey Read(ref HeaderSource source, LinkType linkType)
    {
        FrameKey key = new() { Vlan = -1, NetworkOffset = -1, TransportOffset = -1 };
        switch (linkType)
        {
            case LinkType.Ethernet:
                if (!EthernetView.TryRead(source.From(0, EthernetView.Size), out EthernetView ethernet)) return key;
                key.HasMac = true;
                key.DestinationMac = ethernet.Destination;
                key.SourceMac = ethernet.Source;
                key.EtherType = (EtherType)ethernet.TypeOrLength;
                key.ReadNetwork(ref source, key.SkipTags(ref source, EthernetView.Size));
                return key;
            case LinkType.Raw or LinkType.Ipv4 or LinkType.Ipv6:
                ReadOnlySpan<byte> first = source.From(0, 1);
                if (first.IsEmpty) return key;
                bool isIpv6 = linkType == LinkType.Raw ? first[0] >> 4 == 6 : linkType == LinkType.Ipv6;
                key.EtherType = isIpv6 ? EtherType.Ipv6 : EtherType.Ipv4;
                key.ReadNetwork(ref source, 0);
                return key;
            case LinkType.Null or LinkType.Loop:
                if (!NullLoopbackView.TryRead(source.From(0, 4), linkType == LinkType.Loop, out NullLoopbackView loopback)) return key;
                key.EtherType = loopback.IsIpv4 ? EtherType.Ipv4 : loopback.IsIpv6 ? EtherType.Ipv6 : 0;
                key.ReadNetwork(ref source, NullLoopbackView.Size);
                return key;
            case LinkType.LinuxSll or LinkType.LinuxSll2:
                int version = linkType == LinkType.LinuxSll2 ? 2 : 1;
                if (!LinuxSllView.TryRead(source.From(0, LinuxSllView.Size2), version, out LinuxSllView cooked)) return key;
                key.EtherType = (EtherType)cooked.Protocol;
                key.ReadNetwork(ref source, key.SkipTags(ref source, cooked.HeaderLength));
                return key;
            default:
                return key;
        }
    }

    private int SkipTags(ref HeaderSource source, int at)
    {
        for (int tags = 0; tags < MaxTags && EtherType is EtherType.Vlan or EtherType.ServiceVlan or EtherType.VlanDoubleOld; tags++)
        {
            if (!VlanView.TryRead(source.From(at, VlanView.Size), out VlanView tag)) break;
            if (Vlan < 0) Vlan = tag.Id;
            EtherType = (EtherType)tag.TypeOrLength;
            at += VlanView.Size;
        }
        return at;
    }

    private void ReadNetwork(ref HeaderSource source, int at)
    {
        switch (EtherType)
        {
            case EtherType.Ipv4:
                ReadIpv4(ref source, at);
                break;
            case EtherType.Ipv6:
                ReadIpv6(ref source, at);
                break;
            case EtherType.Arp:
                NetworkOffset = at;
                if (!ArpView.TryRead(source.From(at, ArpView.EthernetIpv4Size), out ArpView arp) || !arp.IsEthernetIpv4 || !arp.IsWhole) break;
                Source = arp.SenderIp;
                Destination = arp.TargetIp;
                break;
            default:
                break;
        }
    }

    private void ReadIpv4(ref HeaderSource source, int at)
    {
        if (!Ipv4View.TryRead(source.From(at, Ipv4View.MinSize), out Ipv4View ip) || ip.Version != 4 || ip.HeaderLength < Ipv4View.MinSize) return;
        NetworkOffset = at;
        IsIp = true;
        Source = ip.Source;
        Destination = ip.Destination;
        Protocol = ip.Protocol;
        IsFragment = ip.MoreFragments || ip.FragmentOffset > 0;
        IsLaterFragment = ip.FragmentOffset > 0;
        FragmentId = ip.Identification;
        if (ip.TotalLength != 0) source.EndAt(at + ip.TotalLength);
        if (!IsLaterFragment) ReadUpper(ref source, at + ip.HeaderLength, inIpv6: false);
    }

    private void ReadIpv6(ref HeaderSource source, int at)
    {
        if (!Ipv6View.TryRead(source.From(at, Ipv6View.Size), out Ipv6View ip) || ip.Version != 6) return;
        NetworkOffset = at;
        IsIp = true;
        Source = ip.Source;
        Destination = ip.Destination;
        Protocol = ip.NextHeader;
        at += Ipv6View.Size;
        if (ip.PayloadLength != 0 || ip.NextHeader != IpProtocol.HopByHop) source.EndAt(at + ip.PayloadLength);
        ReadUpper(ref source, at, inIpv6: true);
    }

    /// <summary>Steps over extension and authentication headers to the transport header.</summary>
    private void ReadUpper(ref HeaderSource source, int at, bool inIpv6)
    {
        for (int headers = 0; headers < MaxExtensionHeaders; headers++)
        {
            switch (Protocol)
            {
                case IpProtocol.HopByHop or IpProtocol.Routing or IpProtocol.DestinationOptions when inIpv6:
                    if (!Ipv6ExtensionView.TryRead(source.From(at, Ipv6ExtensionView.MinSize), out Ipv6ExtensionView extension)) return;
                    Protocol = extension.NextHeader;
                    at += extension.HeaderLength;
                    continue;
                case IpProtocol.Ah:
                    if (!AuthenticationView.TryRead(source.From(at, AuthenticationView.MinSize), out AuthenticationView authentication)) return;
                    if (authentication.HeaderLength < AuthenticationView.MinSize) return;
                    Protocol = authentication.NextHeader;
                    at += authentication.HeaderLength;
                    continue;
                case IpProtocol.Fragment when inIpv6:
                    if (!Ipv6FragmentView.TryRead(source.From(at, Ipv6FragmentView.Size), out Ipv6FragmentView fragment)) return;
                    Protocol = fragment.NextHeader;
                    IsLaterFragment = fragment.FragmentOffset > 0;
                    IsFragment = IsLaterFragment || fragment.MoreFragments;
                    FragmentId = fragment.Identification;
                    if (IsLaterFragment) return;
                    at += Ipv6FragmentView.Size;
                    continue;
                default:
                    ReadTransport(ref source, at);
                    return;
            }
        }
    }

    private void ReadTransport(ref HeaderSource source, int at)
    {
        switch (Protocol)
        {
            case IpProtocol.Tcp or IpProtocol.Udp:
                ReadOnlySpan<byte> ports = source.From(at, 4);
                if (ports.Length < 4) return;
                TransportOffset = at;
                SourcePort = Bytes.U16(ports, 0);
                DestinationPort = Bytes.U16(ports, 2);
                HasPorts = true;
                break;
            case IpProtocol.Icmp:
                if (!IcmpView.TryRead(source.From(at, IcmpView.FullSize), out IcmpView icmp)) return;
                TransportOffset = at;
                IsIcmpError = icmp.IsError;
                break;
            case IpProtocol.Icmpv6:
                if (!Icmpv6View.TryRead(source.From(at, Icmpv6View.FullSize), out Icmpv6View icmpv6)) return;
                TransportOffset = at;
                IsIcmpError = icmpv6.IsError;
                break;
            default:
                break;
        }
    }

    /// <summary>Private bytes that may grow: a snapshot's, or a plain span; up to where IP says that the packet ends.</summary>
    private ref struct HeaderSource(HeaderSnapshot? snapshot, ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _bytes = bytes;
        private int _end = int.MaxValue;

        internal void EndAt(int end) => _end = Math.Min(_end, end);

        /// <summary>The bytes from <paramref name="at"/> on, of which <paramref name="count"/> are there if the packet has them.</summary>
        internal ReadOnlySpan<byte> From(int at, int count)
        {
            int wanted = Math.Min(at + count, _end);
            if (wanted > _bytes.Length && snapshot is not null) _bytes = snapshot.Require(wanted);
            return Bytes.Clip(_bytes, at, _end);
        }
    }
}
