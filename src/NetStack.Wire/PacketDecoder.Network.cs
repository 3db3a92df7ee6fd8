namespace NetStack.Wire;

/// <summary>ARP, IP and what stands between IP and transport.</summary>
internal ref partial struct PacketDecoder
{
    private void Arp(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Arp, ArpView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        ArpView.TryRead(bytes, out ArpView arp);
        int length = arp.HeaderLength;
        int index = headers.LayerCount;
        if (!TryLength(ref headers, LayerKind.Arp, length))
        {
            AcceptBroken(ref headers, LayerKind.Arp, ArpView.MinSize);
            return;
        }
        Accept(ref headers, LayerKind.Arp, length, Next.Nothing, index);
    }

    /// <summary>Raw IP: the first nibble tells the version.</summary>
    private void AnyIp()
    {
        ReadOnlySpan<byte> bytes = Private(1);
        _next = !bytes.IsEmpty && bytes[0] >> 4 == 6 ? Next.Ipv6 : Next.Ipv4;
    }

    private void Ipv4(ref PacketHeaders headers)
    {
        _inIpv6 = false;
        _isFragment = false;
        if (!TryHeader(ref headers, LayerKind.Ipv4, Ipv4View.MinSize, out ReadOnlySpan<byte> bytes)) return;
        Ipv4View.TryRead(bytes, out Ipv4View ip);
        if (ip.Version != 4)
        {
            Stop(ref headers, NoteCode.BadVersion, LayerKind.Ipv4, ip.Version, 4);
            return;
        }
        int length = ip.HeaderLength;
        if (length < Ipv4View.MinSize)
        {
            Remark(ref headers, NoteCode.BadLength, LayerKind.Ipv4, length, Ipv4View.MinSize);
            AcceptBroken(ref headers, LayerKind.Ipv4, Ipv4View.MinSize);
            return;
        }
        if (!TryLength(ref headers, LayerKind.Ipv4, length))
        {
            Private(length);
            AcceptBroken(ref headers, LayerKind.Ipv4, Ipv4View.MinSize);
            return;
        }
        Ipv4View.TryRead(Private(length), out ip);
        Ipv4Whole(ref headers, ip, length);
    }

    private void Ipv4Whole(ref PacketHeaders headers, scoped Ipv4View ip, int length)
    {
        if (!ip.IsChecksumRight) Remark(ref headers, NoteCode.BadChecksum, LayerKind.Ipv4, ip.Checksum, 0);
        // A total length of 0 is a packet that the sender's hardware was still to cut.
        if (ip.TotalLength != 0 && ip.TotalLength < length)
        {
            Remark(ref headers, NoteCode.BadLength, LayerKind.Ipv4, ip.TotalLength, length);
            AcceptBroken(ref headers, LayerKind.Ipv4, length);
            return;
        }
        if (ip.TotalLength != 0) Narrow(ref headers, LayerKind.Ipv4, ip.TotalLength);
        _isFragment = ip.MoreFragments || ip.FragmentOffset > 0;
        Next next = ip.FragmentOffset > 0 ? Next.Payload : AfterIp(ip.Protocol);
        Accept(ref headers, LayerKind.Ipv4, length, next, (int)ip.Protocol);
    }

    private void Ipv6(ref PacketHeaders headers)
    {
        _inIpv6 = true;
        _isFragment = false;
        if (!TryHeader(ref headers, LayerKind.Ipv6, Ipv6View.Size, out ReadOnlySpan<byte> bytes)) return;
        Ipv6View.TryRead(bytes, out Ipv6View ip);
        if (ip.Version != 6)
        {
            Stop(ref headers, NoteCode.BadVersion, LayerKind.Ipv6, ip.Version, 6);
            return;
        }
        _isJumbogram = ip.PayloadLength == 0 && ip.NextHeader == IpProtocol.HopByHop;
        if (ip.PayloadLength != 0) Narrow(ref headers, LayerKind.Ipv6, Ipv6View.Size + ip.PayloadLength);
        else if (!_isJumbogram) _end = Math.Min(_end, _at + Ipv6View.Size);
        Next next = AfterIp(ip.NextHeader);
        // A payload length of 0 and something to follow: only a jumbogram's hop-by-hop header may (RFC 2675).
        if (next > Next.Unsupported && _end == _at + Ipv6View.Size) next = Next.Nothing;
        Accept(ref headers, LayerKind.Ipv6, Ipv6View.Size, next, (int)ip.NextHeader);
    }

    private void Extension(ref PacketHeaders headers, LayerKind kind)
    {
        if (!TryHeader(ref headers, kind, Ipv6ExtensionView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        Ipv6ExtensionView.TryRead(bytes, out Ipv6ExtensionView extension);
        int length = extension.HeaderLength;
        if (!TryLength(ref headers, kind, length)) return;
        if (_isJumbogram)
        {
            _isJumbogram = false;
            Ipv6ExtensionView.TryRead(Private(length), out extension);
            if (extension.TryGetJumboLength(out uint jumbo)) Narrow(ref headers, kind, (int)Math.Clamp(jumbo, (uint)length, int.MaxValue));
        }
        Accept(ref headers, kind, length, AfterIp(extension.NextHeader), (int)extension.NextHeader);
    }

    private void Fragment(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Ipv6Fragment, Ipv6FragmentView.Size, out ReadOnlySpan<byte> bytes)) return;
        Ipv6FragmentView.TryRead(bytes, out Ipv6FragmentView fragment);
        _isFragment = fragment.MoreFragments || fragment.FragmentOffset > 0;
        Next next = fragment.FragmentOffset > 0 ? Next.Payload : AfterIp(fragment.NextHeader);
        Accept(ref headers, LayerKind.Ipv6Fragment, Ipv6FragmentView.Size, next, (int)fragment.NextHeader);
    }

    private void Authentication(ref PacketHeaders headers)
    {
        if (!TryHeader(ref headers, LayerKind.Authentication, AuthenticationView.MinSize, out ReadOnlySpan<byte> bytes)) return;
        AuthenticationView.TryRead(bytes, out AuthenticationView ah);
        int length = ah.HeaderLength;
        if (length < AuthenticationView.MinSize)
        {
            Stop(ref headers, NoteCode.BadLength, LayerKind.Authentication, length, AuthenticationView.MinSize);
            return;
        }
        if (!TryLength(ref headers, LayerKind.Authentication, length)) return;
        Accept(ref headers, LayerKind.Authentication, length, AfterIp(ah.NextHeader), (int)ah.NextHeader);
    }
}
