namespace NetStack.Wire;

/// <summary>TCP, UDP, ICMP and IGMP.</summary>
internal ref partial struct PacketDecoder
{
    private void Tcp(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Tcp, TcpView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        TcpView.TryRead(bytes, out TcpView tcp);
        int length = tcp.HeaderLength;
        if (length < TcpView.MinSize)
        {
            Remark(ref headers, NoteCode.BadLength, LayerKind.Tcp, length, TcpView.MinSize);
            AcceptBroken(ref headers, LayerKind.Tcp, TcpView.MinSize);
            return;
        }
        bool isWhole = TryLength(ref headers, LayerKind.Tcp, length);
        TcpView.TryRead(Private(length), out tcp);
        if (!isWhole)
        {
            AcceptBroken(ref headers, LayerKind.Tcp, length);
            return;
        }
        OptionReader options = new(tcp.Options);
        while (options.MoveNext()) { }
        if (options.IsMalformed) Remark(ref headers, NoteCode.BadLength, LayerKind.Tcp, options.Kind, tcp.Options.Length);
        Accept(ref headers, LayerKind.Tcp, length, Next.Payload, 0);
    }

    private void Udp(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Udp, UdpView.Size, out ReadOnlySpan<byte> bytes)) return;
        UdpView.TryRead(bytes, out UdpView udp);
        int length = udp.Length;
        if (length == 0)
        {
            // RFC 2675 section 4: a jumbogram's UDP length. Elsewhere it is wrong, and hardware offloads write it all the same.
            if (!_inIpv6) Remark(ref headers, NoteCode.BadLength, LayerKind.Udp, length, UdpView.Size);
        }
        else if (length < UdpView.Size)
        {
            Remark(ref headers, NoteCode.BadLength, LayerKind.Udp, length, UdpView.Size);
            AcceptBroken(ref headers, LayerKind.Udp, UdpView.Size);
            return;
        }
        else if (!_isFragment)
        {
            Narrow(ref headers, LayerKind.Udp, length);
        }
        else
        {
            _end = Math.Min(_end, _at + length); // the length is the whole datagram's; this is its first fragment
        }
        Next next = AfterUdp(udp.SourcePort, udp.DestinationPort);
        Accept(ref headers, LayerKind.Udp, UdpView.Size, next, 0);
        if (next != Next.Payload || length == 0) return;
        // The payload is what UDP claims, also where this is but its first fragment, or more than there is.
        SetPayload(ref headers, length - UdpView.Size);
    }

    private readonly Next AfterUdp(ushort source, ushort destination)
    {
        if (_at + UdpView.Size >= _end) return Next.Payload;
        if (source == VxlanView.Port || destination == VxlanView.Port) return Next.Vxlan;
        if (source == GeneveView.Port || destination == GeneveView.Port) return Next.Geneve;
        return (source == GtpView.Port || destination == GtpView.Port) && IsGtp() ? Next.Gtp : Next.Payload;
    }

    /// <summary>Other programs may happen on GTP's port: what is not its version 1 is payload. Where it was not captured, it counts as GTP.</summary>
    private readonly bool IsGtp()
    {
        ReadOnlySpan<byte> bytes = Private(UdpView.Size + 1);
        return bytes.Length <= UdpView.Size || GtpView.IsVersion1(bytes[UdpView.Size]);
    }

    private void Icmp(ref PacketHeaders headers, LayerKind kind)
    {
        if (!TryHeader(ref headers, kind, IcmpView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        bool isEcho = kind == LayerKind.Icmp ? bytes[0] is 0 or 8 : bytes[0] is 128 or 129;
        int size = Math.Min(IcmpView.FullSize, Math.Max(IcmpView.MinSize, _end - _at));
        if (isEcho && !TryHeader(ref headers, kind, IcmpView.FullSize, out _))
        {
            AcceptBroken(ref headers, kind, IcmpView.MinSize);
            return;
        }
        Private(Math.Min(_end - _at, WantedOfIcmp(kind, bytes[0])));
        Accept(ref headers, kind, Math.Min(size, _captured - _at), Next.Payload, 0);
    }

    /// <summary>Bytes of a message that its views read: of an error, what RFC 792 quotes at least; of NDP and MLD the fixed part.</summary>
    private static int WantedOfIcmp(LayerKind kind, byte type)
    {
        const int QuotedTransport = 8;
        if (kind == LayerKind.Icmp)
            return type is 3 or 4 or 5 or 11 or 12 ? IcmpView.FullSize + Ipv4View.MinSize + QuotedTransport : IcmpView.FullSize;
        if (type is >= Icmpv6View.DestinationUnreachable and <= Icmpv6View.ParameterProblem) return Icmpv6View.FullSize + Ipv6View.Size + QuotedTransport;
        return Math.Max(Icmpv6View.FullSize, Math.Max(NdpView.FixedSize(type), MldView.FixedSize(type)));
    }

    private void Igmp(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Igmp, IgmpView.MinSize, out _)) return;
        Private(Math.Min(_end - _at, IgmpView.Query3Size));
        Accept(ref headers, LayerKind.Igmp, IgmpView.MinSize, Next.Payload, 0);
    }
}
