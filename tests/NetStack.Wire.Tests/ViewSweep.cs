using System.Runtime.CompilerServices;

namespace NetStack.Wire.Tests;

/// <summary>Reads bytes with every view there is, all that may be read of each, and all its text. Nothing may throw.</summary>
internal static class ViewSweep
{
    internal static void All(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        Link(bytes, ref line);
        Network(bytes, ref line);
        Transport(bytes, ref line);
        Groups(bytes, ref line);
        Discovery(bytes, ref line);
        Tunnels(bytes, ref line);
        Options(bytes, ref line);
    }

    /// <summary>Uses a value, so that reading it is not left out.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Use<T>(T value) => _ = value;

    private static void Link(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        if (EthernetView.TryRead(bytes, out EthernetView ethernet)) { Use(EthernetHeader.From(ethernet)); Use(ethernet.HasEtherType); ethernet.AppendTo(ref line); }
        if (LlcView.TryRead(bytes, out LlcView llc))
        {
            if (bytes.Length >= llc.HeaderLength) Use(LlcHeader.From(llc));
            if (llc.IsSnap) Use(SnapHeader.From(llc));
            llc.AppendTo(ref line);
        }
        if (VlanView.TryRead(bytes, out VlanView vlan)) { Use(VlanHeader.From(vlan)); vlan.AppendTo(ref line); }
        if (MplsView.TryRead(bytes, out MplsView mpls)) { Use(MplsHeader.From(mpls)); mpls.AppendTo(ref line); }
        if (PppoeView.TryRead(bytes, out PppoeView pppoe)) { Use(PppoeHeader.From(pppoe)); Use(pppoe.Version + pppoe.Type); pppoe.AppendTo(ref line); }
        if (PppView.TryRead(bytes, out PppView ppp)) { Use(PppHeader.From(ppp)); Use(ppp.HeaderLength); ppp.AppendTo(ref line); }
        for (int version = 1; version <= 2; version++)
            if (LinuxSllView.TryRead(bytes, version, out LinuxSllView sll)) { Use(LinuxSllHeader.From(sll)); sll.AppendTo(ref line); }
        foreach (bool networkOrder in (ReadOnlySpan<bool>)[false, true])
            if (NullLoopbackView.TryRead(bytes, networkOrder, out NullLoopbackView loopback)) { Use(NullLoopbackHeader.From(loopback)); loopback.AppendTo(ref line); }
        if (ArpView.TryRead(bytes, out ArpView arp))
        {
            if (arp.IsEthernetIpv4 && arp.IsWhole) Use(ArpHeader.From(arp));
            arp.AppendTo(ref line);
        }
    }

    private static void Network(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        if (Ipv4View.TryRead(bytes, out Ipv4View ipv4))
        {
            Use(Ipv4Header.From(ipv4));
            Use(ipv4.IsChecksumRight || ipv4.Reserved);
            Use(Ipv4Options.TryFind(ipv4.Options, Ipv4OptionKind.RouterAlert, out _));
            ipv4.AppendTo(ref line);
        }
        if (Ipv6View.TryRead(bytes, out Ipv6View ipv6)) { Use(Ipv6Header.From(ipv6)); Use(ipv6.Version); ipv6.AppendTo(ref line); }
        if (Ipv6ExtensionView.TryRead(bytes, out Ipv6ExtensionView extension))
        {
            Use(Ipv6ExtensionHeader.From(extension));
            Use(extension.TryGetJumboLength(out _) | extension.TryGetRouterAlert(out _));
            foreach (LayerKind kind in (ReadOnlySpan<LayerKind>)[LayerKind.Ipv6HopByHop, LayerKind.Ipv6DestinationOptions, LayerKind.Ipv6Routing])
                extension.AppendTo(ref line, kind);
        }
        if (Ipv6FragmentView.TryRead(bytes, out Ipv6FragmentView fragment)) { Use(Ipv6FragmentHeader.From(fragment)); fragment.AppendTo(ref line); }
        if (AuthenticationView.TryRead(bytes, out AuthenticationView ah)) { Use(AuthenticationHeader.From(ah)); Use(ah.CheckValue.Length); ah.AppendTo(ref line); }
    }

    private static void Transport(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        if (TcpView.TryRead(bytes, out TcpView tcp)) { Use(TcpHeader.From(tcp)); Use(TcpOptions.Read(tcp.Options)); tcp.AppendTo(ref line, bytes.Length - 20); }
        if (UdpView.TryRead(bytes, out UdpView udp)) { Use(UdpHeader.From(udp)); udp.AppendTo(ref line, udp.Length); }
        if (IcmpView.TryRead(bytes, out IcmpView icmp))
        {
            if (icmp.IsWhole) { Use(IcmpHeader.From(icmp)); Use(icmp.Gateway); Use(icmp.NextHopMtu + icmp.Pointer); }
            Use(icmp.Quoted.Length);
            icmp.AppendTo(ref line, bytes.Length);
        }
        if (Icmpv6View.TryRead(bytes, out Icmpv6View icmpv6))
        {
            if (icmpv6.IsWhole) { Use(Icmpv6Header.From(icmpv6)); Use(icmpv6.Pointer + icmpv6.Sequence); }
            Use(icmpv6.Quoted.Length);
            icmpv6.AppendTo(ref line, bytes.Length);
        }
    }

    private static void Groups(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        if (IgmpView.TryRead(bytes, out IgmpView igmp))
        {
            Use(IgmpHeader.From(igmp));
            Use(igmp.MaxResponseTenths + igmp.QueryInterval + igmp.Robustness + igmp.Version + (igmp.SuppressesRouters ? 1 : 0));
            for (int i = -1; igmp.TryGetSource(i, out _) || i < 0; i++) { }
            foreach (GroupRecord record in igmp.Records) UseRecord(record);
            igmp.AppendTo(ref line);
        }
        if (!MldView.TryRead(bytes, out MldView mld)) return;
        if (mld.Type != MldView.Report2) Use(MldHeader.From(mld));
        Use(mld.MaxResponseMilliseconds + mld.QueryInterval + mld.Robustness + (mld.SuppressesRouters ? 1 : 0));
        for (int i = -1; mld.TryGetSource(i, out _) || i < 0; i++) { }
        foreach (GroupRecord record in mld.Records) UseRecord(record);
        mld.AppendTo(ref line);
    }

    private static void UseRecord(GroupRecord record)
    {
        Use(record.Type);
        Use(record.Group);
        Use(record.AuxiliaryLength);
        for (int i = 0; i < record.SourceCount; i++) Use(record.Source(i));
    }

    private static void Discovery(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        NdpOptionReader options = new(bytes);
        while (options.MoveNext()) Use(options.TryGetPrefix(out _));
        if (!NdpView.TryRead(bytes, out NdpView ndp)) return;
        Use(ndp.Target);
        Use(ndp.RedirectedDestination);
        Use(ndp.AreOptionsValid | ndp.TryGetMtu(out _) | ndp.TryGetLinkAddress(NdpOptionType.SourceLinkAddress, out _));
        if (ndp.Type is NdpView.NeighborSolicitation or NdpView.NeighborAdvertisement) Use(NeighborMessage.From(ndp));
        if (ndp.Type == NdpView.RouterAdvertisement) Use(RouterAdvertisement.From(ndp));
        ndp.AppendTo(ref line);
    }

    private static void Tunnels(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        if (GreView.TryRead(bytes, out GreView gre))
        {
            if (gre.IsWhole && gre.Version == 1 && gre.HasKey) Use(EnhancedGreHeader.From(gre));
            if (gre.IsWhole) Use(GreHeader.From(gre));
            gre.AppendTo(ref line);
        }
        if (VxlanView.TryRead(bytes, out VxlanView vxlan)) { Use(VxlanHeader.From(vxlan)); vxlan.AppendTo(ref line); }
        if (GtpView.TryRead(bytes, out GtpView gtp))
        {
            if (gtp.IsWhole && gtp.HeaderLength == GtpView.FullSize) Use(gtp.Sequence + gtp.NPduNumber + gtp.NextExtension);
            Use(gtp.MessageType + gtp.Length + gtp.Teid);
            gtp.AppendTo(ref line);
        }
        if (ErspanView.TryRead(bytes, out ErspanView erspan))
        {
            if (erspan.IsWhole) Use(erspan.HeaderLength);
            if (erspan.IsWhole && erspan.Version == ErspanView.Version3) Use(erspan.FrameType);
            Use(erspan.ClassOfService);
            erspan.AppendTo(ref line);
        }
        if (CiscoHdlcView.TryRead(bytes, out CiscoHdlcView hdlc)) { Use(hdlc.Address + hdlc.Control); hdlc.AppendTo(ref line); }
        if (WccpRedirectView.TryRead(bytes, out WccpRedirectView wccp)) wccp.AppendTo(ref line);
        if (NflogView.TryRead(bytes, out NflogView nflog))
        {
            NflogAttributes attributes = nflog.Attributes;
            while (attributes.MoveNext()) Use(attributes.Type + attributes.Offset + attributes.ValueLength + nflog.Version);
            nflog.AppendTo(ref line);
        }
        if (!GeneveView.TryRead(bytes, out GeneveView geneve)) return;
        Use(GeneveHeader.From(geneve));
        GeneveOptions options = geneve.Options;
        while (options.MoveNext()) Use(options.Class + options.Type + options.Data.Length + (options.IsCritical ? 1 : 0));
        geneve.AppendTo(ref line);
    }

    private static void Options(ReadOnlySpan<byte> bytes, ref LineWriter line)
    {
        Use(TcpOptions.Read(bytes));
        TcpOptions.AppendTo(ref line, bytes);
        foreach (SackBlock block in TcpOptions.ReadSackBlocks(bytes)) Use(block);
        Ipv4Options.AppendTo(ref line, bytes);
        Ipv6OptionReader options = new(bytes);
        while (options.MoveNext()) Use(options.Offset + options.Data.Length + (int)options.UnknownAction);
    }
}
