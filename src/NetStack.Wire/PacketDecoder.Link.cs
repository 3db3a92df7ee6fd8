namespace NetStack.Wire;

/// <summary>Link layers and tunnels.</summary>
internal ref partial struct PacketDecoder
{
    private void Ethernet(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Ethernet, EthernetView.Size, out ReadOnlySpan<byte> bytes)) return;
        EthernetView.TryRead(bytes, out EthernetView ethernet);
        AcceptTyped(ref headers, LayerKind.Ethernet, EthernetView.Size, ethernet.TypeOrLength);
    }

    private void Vlan(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Vlan, VlanView.Size, out ReadOnlySpan<byte> bytes)) return;
        VlanView.TryRead(bytes, out VlanView tag);
        AcceptTyped(ref headers, LayerKind.Vlan, VlanView.Size, tag.TypeOrLength);
    }

    /// <summary>A header that ends in an EtherType or an 802.3 length.</summary>
    private void AcceptTyped(ref PacketHeaders headers, LayerKind kind, int size, int typeOrLength)
    {
        if (typeOrLength > EthernetView.MaxLength)
        {
            Accept(ref headers, kind, size, AfterEtherType(typeOrLength), typeOrLength);
            return;
        }
        Narrow(ref headers, kind, size + typeOrLength);
        Accept(ref headers, kind, size, Next.Llc, typeOrLength);
    }

    private void Llc(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Llc, LlcView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        if (!LlcView.TryRead(bytes, out LlcView llc))
        {
            TryHeader(ref headers, LayerKind.Llc, LlcView.SnapSize, out bytes);
            if (!LlcView.TryRead(bytes, out llc)) return;
        }
        if (!TryLength(ref headers, LayerKind.Llc, llc.HeaderLength)) return;
        Next next = llc.HasEtherType ? AfterEtherType(llc.ProtocolId) : llc.IsPlainIpv4 ? Next.Ipv4 : Next.Unsupported;
        Accept(ref headers, LayerKind.Llc, llc.HeaderLength, next, llc.IsSnap ? llc.ProtocolId : llc.Dsap);
    }

    private void Mpls(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Mpls, MplsView.Size, out ReadOnlySpan<byte> bytes)) return;
        MplsView.TryRead(bytes, out MplsView label);
        Accept(ref headers, LayerKind.Mpls, MplsView.Size, label.IsBottom ? Next.AfterMpls : Next.Mpls, (int)label.Label);
    }

    /// <summary>What follows the last label is told by its first nibble only (RFC 4928).</summary>
    private void AfterMpls(ref PacketHeaders headers)
    {
        ReadOnlySpan<byte> bytes = Private(1);
        if (bytes.IsEmpty && _at < _end) Stop(ref headers, NoteCode.Truncated, LayerKind.Mpls, 1, 0);
        else _next = bytes.IsEmpty ? Next.Nothing : (bytes[0] >> 4) switch { 4 => Next.Ipv4, 6 => Next.Ipv6, _ => Next.Unsupported };
    }

    private void Pppoe(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Pppoe, PppoeView.Size, out ReadOnlySpan<byte> bytes)) return;
        PppoeView.TryRead(bytes, out PppoeView pppoe);
        CheckVersion(ref headers, LayerKind.Pppoe, pppoe.Version, 1);
        Narrow(ref headers, LayerKind.Pppoe, PppoeView.Size + pppoe.PayloadLength);
        bool isSession = _number == (int)EtherType.PppoeSession || _number == (int)LinkType.PppEther;
        Accept(ref headers, LayerKind.Pppoe, PppoeView.Size, isSession && pppoe.Code == 0 ? Next.Ppp : Next.Payload, pppoe.Code);
    }

    private void Ppp(ref PacketHeaders headers)
    {
        // A protocol field of one byte is legal, so ask for one byte and let the view say whether it is whole.
        if (!TryHeader(ref headers, LayerKind.Ppp, 1, out ReadOnlySpan<byte> bytes)) return;
        bytes = Private(4);
        if (!PppView.TryRead(bytes, out PppView ppp))
        {
            Stop(ref headers, NoteCode.Truncated, LayerKind.Ppp, bytes.Length + 1, bytes.Length);
            return;
        }
        if (!TryLength(ref headers, LayerKind.Ppp, ppp.HeaderLength)) return;
        Next next = ppp.Protocol switch
        {
            PppView.Ipv4 => Next.Ipv4,
            PppView.Ipv6 => Next.Ipv6,
            PppView.Mpls or PppView.MplsMulticast => Next.Mpls,
            _ => Next.Unsupported,
        };
        Accept(ref headers, LayerKind.Ppp, ppp.HeaderLength, next, ppp.Protocol);
    }

    private void LinuxSll(ref PacketHeaders headers, int version)
    {
        LayerKind kind = version == 2 ? LayerKind.LinuxSll2 : LayerKind.LinuxSll;
        int size = version == 2 ? LinuxSllView.Size2 : LinuxSllView.Size1;
        if (!TryHeader(ref headers, kind, size, out ReadOnlySpan<byte> bytes)) return;
        LinuxSllView.TryRead(bytes, version, out LinuxSllView sll);
        const int Linux8022 = 4; // LINUX_SLL_P_802_2
        Next next = sll.Protocol >= 1536 ? AfterEtherType(sll.Protocol) : sll.Protocol == Linux8022 ? Next.Llc : Next.Unsupported;
        Accept(ref headers, kind, size, next, sll.Protocol);
    }

    private void NullLoopback(ref PacketHeaders headers, bool networkOrder)
    {
        LayerKind kind = networkOrder ? LayerKind.Loop : LayerKind.NullLoopback;
        if (!TryHeader(ref headers, kind, NullLoopbackView.Size, out ReadOnlySpan<byte> bytes)) return;
        NullLoopbackView.TryRead(bytes, networkOrder, out NullLoopbackView loopback);
        Next next = loopback.IsIpv4 ? Next.Ipv4 : loopback.IsIpv6 ? Next.Ipv6 : Next.Unsupported;
        Accept(ref headers, kind, NullLoopbackView.Size, next, (int)loopback.Family);
    }

    private void Gre(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Gre, GreView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        GreView.TryRead(bytes, out GreView gre);
        if (gre.Version != 1) CheckVersion(ref headers, LayerKind.Gre, gre.Version, 0);
        int length = gre.HeaderLength;
        if (!TryLength(ref headers, LayerKind.Gre, length)) return;
        GreView.TryRead(Private(length), out gre);
        if (gre.HasRouting && !TrySkipGreRoutes(ref headers, ref length)) return;
        Next next = AfterEtherType(gre.Protocol);
        if (next is Next.Vlan or Next.Pppoe or Next.Arp) next = Next.Unsupported; // not GRE protocol types
        if (_at + length >= _end) next = Next.Nothing; // a bare acknowledgement of PPTP, or a keepalive
        Accept(ref headers, LayerKind.Gre, length, next, gre.Protocol);
    }

    /// <summary>Notes an unknown version of a header whose layout other versions are likely to keep; the walk goes on.</summary>
    private static void CheckVersion(ref PacketHeaders headers, LayerKind kind, int version, int expected)
    {
        if (version != expected) Remark(ref headers, NoteCode.BadVersion, kind, version, expected);
    }

    /// <summary>Steps over source route entries up to the one of length 0 (RFC 1701).</summary>
    private bool TrySkipGreRoutes(ref PacketHeaders headers, ref int length)
    {
        for (int entry = 0; entry < 64; entry++)
        {
            if (!TryLength(ref headers, LayerKind.Gre, length + 4)) return false;
            ReadOnlySpan<byte> bytes = Private(length + 4);
            int size = bytes[length + 3];
            bool isLast = Wire.Bytes.U16(bytes, length) == 0 && size == 0;
            length += 4 + size;
            if (!TryLength(ref headers, LayerKind.Gre, length)) return false;
            if (isLast) return true;
        }
        Stop(ref headers, NoteCode.BadLength, LayerKind.Gre, length, _end - _at);
        return false;
    }

    private void Vxlan(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Vxlan, VxlanView.Size, out ReadOnlySpan<byte> bytes)) return;
        VxlanView.TryRead(bytes, out VxlanView vxlan);
        Accept(ref headers, LayerKind.Vxlan, VxlanView.Size, Next.Ethernet, (int)vxlan.Vni);
    }

    private void Geneve(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Geneve, GeneveView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        GeneveView.TryRead(bytes, out GeneveView geneve);
        CheckVersion(ref headers, LayerKind.Geneve, geneve.Version, 0);
        if (!TryLength(ref headers, LayerKind.Geneve, geneve.HeaderLength)) return;
        Accept(ref headers, LayerKind.Geneve, geneve.HeaderLength, AfterEtherType(geneve.Protocol), geneve.Protocol);
    }
}
