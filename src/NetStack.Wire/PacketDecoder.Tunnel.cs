namespace NetStack.Wire;

/// <summary>Tunnels.</summary>
internal ref partial struct PacketDecoder
{
    private void Gre(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Gre, GreView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        GreView.TryRead(bytes, out GreView gre);
        if (gre.Version != 1) CheckVersion(ref headers, LayerKind.Gre, gre.Version, 0);
        int length = gre.HeaderLength;
        if (!TryLength(ref headers, LayerKind.Gre, length)) return;
        GreView.TryRead(Private(length), out gre);
        if (gre.HasRouting && !TrySkipGreRoutes(ref headers, ref length)) return;
        Next next = AfterGre(gre);
        if (_at + length >= _end) next = Next.Nothing; // a bare acknowledgement of PPTP, or a keepalive
        Accept(ref headers, LayerKind.Gre, length, next, gre.Protocol);
    }

    private static Next AfterGre(GreView gre)
    {
        Next next = gre.Protocol switch
        {
            GreView.Erspan => gre.HasSequence ? Next.Erspan : Next.Ethernet, // type I has no header
            GreView.Erspan3 => Next.Erspan,
            GreView.Wccp => Next.Wccp,
            _ => AfterEtherType(gre.Protocol),
        };
        return next is Next.Vlan or Next.Pppoe or Next.Arp ? Next.Unsupported : next; // not GRE protocol types
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

    private void Gtp(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Gtp, GtpView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        GtpView.TryRead(bytes, out GtpView gtp);
        // Like UDP's, the length is the whole datagram's where this is its first fragment.
        if (_isFragment) _end = Math.Min(_end, _at + GtpView.MinSize + gtp.Length);
        else Narrow(ref headers, LayerKind.Gtp, GtpView.MinSize + gtp.Length);
        int length = gtp.HeaderLength;
        if (!TryLength(ref headers, LayerKind.Gtp, length)) return;
        GtpView.TryRead(Private(length), out gtp);
        if (gtp.HasExtensions && !TrySkipGtpExtensions(ref headers, gtp.NextExtension, ref length)) return;
        Accept(ref headers, LayerKind.Gtp, length, gtp.MessageType == GtpView.UserData ? Next.IpOrUnknown : Next.Payload, gtp.MessageType);
    }

    /// <summary>Steps over extension headers, each of which tells its length in fours and the type of the next.</summary>
    private bool TrySkipGtpExtensions(ref PacketHeaders headers, byte next, ref int length)
    {
        const int MaxExtensions = 16;
        for (int count = 0; next != 0; count++)
        {
            if (!TryLength(ref headers, LayerKind.Gtp, length + 4)) return false;
            int size = Private(length + 4)[length] * 4;
            if (size == 0 || count == MaxExtensions)
            {
                Stop(ref headers, NoteCode.BadLength, LayerKind.Gtp, size, 4);
                return false;
            }
            length += size;
            if (!TryLength(ref headers, LayerKind.Gtp, length)) return false;
            next = Private(length)[length - 1];
        }
        return true;
    }

    private void Erspan(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Erspan, ErspanView.Size2, out ReadOnlySpan<byte> bytes)) return;
        ErspanView.TryRead(bytes, out ErspanView erspan);
        bool isType3 = erspan.Version == ErspanView.Version3;
        if (!isType3 && erspan.Version != ErspanView.Version2)
        {
            Stop(ref headers, NoteCode.BadVersion, LayerKind.Erspan, erspan.Version, ErspanView.Version2);
            return;
        }
        if (isType3 && !TryLength(ref headers, LayerKind.Erspan, ErspanView.Size3)) return;
        ErspanView.TryRead(Private(ErspanView.Size3), out erspan);
        if (!TryLength(ref headers, LayerKind.Erspan, erspan.HeaderLength)) return;
        int frameType = isType3 ? erspan.FrameType : 0;
        Next next = frameType switch { 0 => Next.Ethernet, 2 => Next.IpOrUnknown, _ => Next.Unsupported };
        Accept(ref headers, LayerKind.Erspan, erspan.HeaderLength, next, frameType);
    }

    /// <summary>Version 1 of WCCP has no header: where an IPv4 header stands, there is none (the flags of version 2 look like none).</summary>
    private void Wccp(ref PacketHeaders headers)
    {
        if (Private(1) is [>= 0x45 and <= 0x4F, ..])
        {
            _next = Next.Ipv4;
            return;
        }
        if (!TryHeader(ref headers, LayerKind.Wccp, WccpRedirectView.Size, out ReadOnlySpan<byte> bytes)) return;
        WccpRedirectView.TryRead(bytes, out WccpRedirectView wccp);
        Accept(ref headers, LayerKind.Wccp, WccpRedirectView.Size, Next.IpOrUnknown, wccp.ServiceId);
    }
}
