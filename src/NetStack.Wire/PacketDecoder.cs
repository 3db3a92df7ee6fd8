using NetStack.Memory;

namespace NetStack.Wire;

/// <summary>
/// Walks a header chain. Each step reads one header from private bytes, adds a layer, narrows <see cref="_end"/> by its length
/// field, and says what follows; a header that is not whole or cannot be ends the walk with a note.
/// </summary>
internal ref partial struct PacketDecoder
{
    private readonly HeaderSnapshot _snapshot;
    private readonly int _captured;
    private int _at;   // where the next header begins
    private int _end;  // where the packet ends by the length fields so far, captured or not
    private Next _next;
    private int _number; // the number by which the present layer announced the next
    private bool _inIpv6;
    private bool _isJumbogram; // the payload length stands in the hop-by-hop header that comes next
    private bool _isFragment;

    internal PacketDecoder(HeaderSnapshot snapshot, int wireLength)
    {
        _snapshot = snapshot;
        _captured = snapshot.FrameLength;
        _end = wireLength;
    }

    /// <summary>What the next header is.</summary>
    private enum Next : byte
    {
        Nothing,
        Payload, // nothing more is decoded, but what lies here is known to be this packet's payload
        Unsupported,
        Ethernet,
        Llc,
        Vlan,
        Mpls,
        IpOrUnknown, // its first nibble tells
        Pppoe,
        Ppp,
        LinuxSll,
        LinuxSll2,
        NullLoopback,
        Loop,
        Arp,
        AnyIp,
        Ipv4,
        Ipv6,
        HopByHop,
        DestinationOptions,
        Routing,
        Fragment,
        Authentication,
        Tcp,
        Udp,
        Icmp,
        Icmpv6,
        Igmp,
        Gre,
        Vxlan,
        Geneve,
        Gtp,
        Erspan,
        CiscoHdlc,
        Nflog,
        Wccp,
    }

    internal void Decode(ref PacketHeaders headers, LinkType linkType)
    {
        _number = (int)linkType;
        _next = linkType switch
        {
            LinkType.Ethernet => Next.Ethernet,
            LinkType.Null => Next.NullLoopback,
            LinkType.Loop => Next.Loop,
            LinkType.Raw => Next.AnyIp,
            LinkType.Ipv4 => Next.Ipv4,
            LinkType.Ipv6 => Next.Ipv6,
            LinkType.LinuxSll => Next.LinuxSll,
            LinkType.LinuxSll2 => Next.LinuxSll2,
            LinkType.Ppp or LinkType.PppHdlc => Next.Ppp,
            LinkType.PppEther => Next.Pppoe,
            LinkType.CiscoHdlc => Next.CiscoHdlc,
            LinkType.Nflog => Next.Nflog,
            _ => Next.Unsupported,
        };
        while (_next > Next.Unsupported)
        {
            if (headers.LayerCount == PacketHeaders.MaxLayers)
            {
                headers.Add(new Note(NoteCode.DepthLimit, LayerKind.None, headers.LayerCount, PacketHeaders.MaxLayers, PacketHeaders.MaxLayers));
                return;
            }
            Step(ref headers);
        }
        if (_next == Next.Unsupported) headers.Add(new Note(NoteCode.Unsupported, LayerKind.None, headers.LayerCount, _number, 0));
        if (_next is Next.Unsupported or Next.Payload && _at <= _end)
            SetPayload(ref headers, _end - _at);
    }

    /// <summary>What lies here is payload of so many bytes, and the walk ends.</summary>
    private void SetPayload(ref PacketHeaders headers, int length)
    {
        headers.SetPayload(new PayloadRange(_at, length, Math.Clamp(_captured - _at, 0, length)));
        _next = Next.Nothing;
    }

    private void Step(ref PacketHeaders headers)
    {
        switch (_next)
        {
            case Next.Ethernet: Ethernet(ref headers); break;
            case Next.Llc: Llc(ref headers); break;
            case Next.Vlan: Vlan(ref headers); break;
            case Next.Mpls: Mpls(ref headers); break;
            case Next.IpOrUnknown: IpOrUnknown(ref headers); break;
            case Next.Pppoe: Pppoe(ref headers); break;
            case Next.Ppp: Ppp(ref headers); break;
            case Next.LinuxSll: LinuxSll(ref headers, 1); break;
            case Next.LinuxSll2: LinuxSll(ref headers, 2); break;
            case Next.NullLoopback: NullLoopback(ref headers, networkOrder: false); break;
            case Next.Loop: NullLoopback(ref headers, networkOrder: true); break;
            case Next.Arp: Arp(ref headers); break;
            case Next.AnyIp: AnyIp(); break;
            case Next.Ipv4: Ipv4(ref headers); break;
            case Next.Ipv6: Ipv6(ref headers); break;
            case Next.HopByHop: Extension(ref headers, LayerKind.Ipv6HopByHop); break;
            case Next.DestinationOptions: Extension(ref headers, LayerKind.Ipv6DestinationOptions); break;
            case Next.Routing: Extension(ref headers, LayerKind.Ipv6Routing); break;
            case Next.Fragment: Fragment(ref headers); break;
            case Next.Authentication: Authentication(ref headers); break;
            case Next.Tcp: Tcp(ref headers); break;
            case Next.Udp: Udp(ref headers); break;
            case Next.Icmp: Icmp(ref headers, LayerKind.Icmp); break;
            case Next.Icmpv6: Icmp(ref headers, LayerKind.Icmpv6); break;
            case Next.Igmp: Igmp(ref headers); break;
            case Next.Gre: Gre(ref headers); break;
            case Next.Vxlan: Vxlan(ref headers); break;
            case Next.Geneve: Geneve(ref headers); break;
            case Next.Gtp: Gtp(ref headers); break;
            case Next.Erspan: Erspan(ref headers); break;
            case Next.CiscoHdlc: CiscoHdlc(ref headers); break;
            case Next.Nflog: Nflog(ref headers); break;
            case Next.Wccp: Wccp(ref headers); break;
            default: _next = Next.Nothing; break;
        }
    }

    /// <summary>
    /// The private bytes from here on, when <paramref name="size"/> of them are captured and inside the enclosing layer;
    /// otherwise a note, and the walk ends.
    /// </summary>
    private bool TryHeader(ref PacketHeaders headers, LayerKind kind, int size, out ReadOnlySpan<byte> bytes)
    {
        bytes = Private(size);
        int available = Math.Min(bytes.Length, _end - _at);
        if (available >= size) return true;
        NoteCode code = bytes.Length < size ? NoteCode.Truncated : NoteCode.LengthExceedsPacket;
        Stop(ref headers, code, kind, size, Math.Max(available, 0));
        return false;
    }

    /// <summary>The private bytes from here on, of which <paramref name="size"/> are there if they were captured.</summary>
    private readonly ReadOnlySpan<byte> Private(int size)
    {
        ReadOnlySpan<byte> bytes = _snapshot.Require((int)Math.Min((long)_at + size, _captured));
        return _at >= bytes.Length ? default : bytes[_at..];
    }

    /// <summary>Whether a header of a claimed length was captured and lies inside the enclosing layer; otherwise a note.</summary>
    private bool TryLength(ref PacketHeaders headers, LayerKind kind, int claimed)
    {
        if (claimed > _end - _at)
        {
            Stop(ref headers, NoteCode.LengthExceedsPacket, kind, claimed, _end - _at);
            return false;
        }
        if (claimed > _captured - _at)
        {
            Stop(ref headers, NoteCode.Truncated, kind, claimed, _captured - _at);
            return false;
        }
        return true;
    }

    /// <summary>Adds a layer, all of whose bytes become private, and steps behind it.</summary>
    private void Accept(ref PacketHeaders headers, LayerKind kind, int length, Next next, int number)
    {
        Private(length);
        headers.Add(new Layer(kind, true, _at, length, _end));
        _at += length;
        _next = next;
        _number = number;
    }

    /// <summary>Adds a header of which only the fixed part can be told, and ends the walk.</summary>
    private void AcceptBroken(ref PacketHeaders headers, LayerKind kind, int length)
    {
        headers.Add(new Layer(kind, false, _at, length, _end));
        _next = Next.Nothing;
    }

    /// <summary>Notes why the walk ends before this header.</summary>
    private void Stop(ref PacketHeaders headers, NoteCode code, LayerKind kind, int claimed, int available)
    {
        Remark(ref headers, code, kind, claimed, available);
        _next = Next.Nothing;
    }

    /// <summary>Notes something about the header that comes next.</summary>
    private static void Remark(ref PacketHeaders headers, NoteCode code, LayerKind kind, int claimed, int available) =>
        headers.Add(new Note(code, kind, headers.LayerCount, claimed, available));

    /// <summary>Ends the enclosing layer earlier, or notes that it claims more than there is.</summary>
    private void Narrow(ref PacketHeaders headers, LayerKind kind, int headerAndPayload)
    {
        if (headerAndPayload > _end - _at) Remark(ref headers, NoteCode.LengthExceedsPacket, kind, headerAndPayload, _end - _at);
        else _end = _at + headerAndPayload;
    }

    private static Next AfterEtherType(int type) => (EtherType)type switch
    {
        EtherType.Ipv4 => Next.Ipv4,
        EtherType.Ipv6 => Next.Ipv6,
        EtherType.Arp or EtherType.Rarp => Next.Arp,
        EtherType.Vlan or EtherType.ServiceVlan or EtherType.VlanDoubleOld => Next.Vlan,
        EtherType.Mpls or EtherType.MplsMulticast => Next.Mpls,
        EtherType.PppoeDiscovery or EtherType.PppoeSession => Next.Pppoe,
        EtherType.Ppp => Next.Ppp,
        EtherType.TransparentEthernet => Next.Ethernet,
        _ => Next.Unsupported,
    };

    private Next AfterIp(IpProtocol protocol) => protocol switch
    {
        IpProtocol.Tcp => Next.Tcp,
        IpProtocol.Udp => Next.Udp,
        IpProtocol.Icmp => Next.Icmp,
        IpProtocol.Icmpv6 => Next.Icmpv6,
        IpProtocol.Igmp => Next.Igmp,
        IpProtocol.IpInIp => Next.Ipv4,
        IpProtocol.Ipv6 => Next.Ipv6,
        IpProtocol.Gre => Next.Gre,
        IpProtocol.Ah => Next.Authentication,
        IpProtocol.Mpls => Next.Mpls,
        IpProtocol.Ethernet => Next.Ethernet,
        IpProtocol.HopByHop when _inIpv6 => Next.HopByHop,
        IpProtocol.DestinationOptions when _inIpv6 => Next.DestinationOptions,
        IpProtocol.Routing when _inIpv6 => Next.Routing,
        IpProtocol.Fragment when _inIpv6 => Next.Fragment,
        IpProtocol.NoNext when _inIpv6 => Next.Nothing,
        _ => Next.Unsupported,
    };
}
