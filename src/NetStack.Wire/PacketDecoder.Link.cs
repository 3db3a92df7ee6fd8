namespace NetStack.Wire;

/// <summary>Link layers.</summary>
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
        Accept(ref headers, LayerKind.Mpls, MplsView.Size, label.IsBottom ? Next.IpOrUnknown : Next.Mpls, (int)label.Label);
    }

    /// <summary>What follows a header that does not say is told by its first nibble only (RFC 4928).</summary>
    private void IpOrUnknown(ref PacketHeaders headers)
    {
        ReadOnlySpan<byte> bytes = Private(1);
        if (bytes.IsEmpty && _at < _end) Stop(ref headers, NoteCode.Truncated, headers.Layers[^1].Kind, 1, 0);
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

    private void CiscoHdlc(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.CiscoHdlc, CiscoHdlcView.Size, out ReadOnlySpan<byte> bytes)) return;
        CiscoHdlcView.TryRead(bytes, out CiscoHdlcView hdlc);
        Next next = hdlc.Protocol == CiscoHdlcView.Slarp ? Next.Unsupported : AfterEtherType(hdlc.Protocol);
        Accept(ref headers, LayerKind.CiscoHdlc, CiscoHdlcView.Size, next, hdlc.Protocol);
    }

    private void Nflog(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Nflog, NflogView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        NflogView.TryRead(bytes, out NflogView nflog);
        Next next = nflog.Family switch { 2 => Next.Ipv4, 10 => Next.Ipv6, _ => Next.Unsupported };
        int family = nflog.Family;
        if (!TryFindNflogPacket(ref headers, out int length, out int packetLength)) return;
        Narrow(ref headers, LayerKind.Nflog, length + packetLength);
        Accept(ref headers, LayerKind.Nflog, length, packetLength == 0 ? Next.Nothing : next, family);
    }

    /// <summary>Steps over attributes up to the packet, where the header ends; there may be none.</summary>
    private bool TryFindNflogPacket(ref PacketHeaders headers, out int length, out int packetLength)
    {
        const int MaxHeader = 512; // the attributes that there are take less
        length = NflogView.MinSize;
        packetLength = 0;
        while (length < _end - _at)
        {
            int head = length + NflogAttributes.HeadSize;
            if (!TryLength(ref headers, LayerKind.Nflog, head)) return false;
            if (head > MaxHeader || !NflogAttributes.TryReadHead(Private(head)[length..], out ushort type, out int size))
            {
                Stop(ref headers, NoteCode.BadLength, LayerKind.Nflog, head, MaxHeader);
                return false;
            }
            if (type == NflogAttributes.Packet)
            {
                length = head;
                packetLength = size - NflogAttributes.HeadSize;
                return true;
            }
            if (!TryLength(ref headers, LayerKind.Nflog, length + size)) return false;
            length += NflogAttributes.Padded(size);
        }
        length = Math.Min(length, _end - _at);
        return TryLength(ref headers, LayerKind.Nflog, length);
    }
}
