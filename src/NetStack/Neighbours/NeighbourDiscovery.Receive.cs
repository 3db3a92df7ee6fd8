using NetStack.Wire;

namespace NetStack.Neighbours;

/// <remarks>What is received, with every check of RFC 4861 sections 6.1, 7.1 and 8.1 but those of ICMPv6: checksum, hop limit 255, code 0.</remarks>
internal sealed partial class NeighbourDiscovery
{
    /// <summary>Takes a message of type 133 to 137 in private bytes, which ICMPv6 checked.</summary>
    internal void Receive(in InboundDatagram datagram, Instant now)
    {
        ReadOnlySpan<byte> bytes = datagram.Bytes.Require(datagram.Bytes.Length);
        if (!NdpView.TryRead(bytes, out NdpView message) || !message.AreOptionsValid)
        {
            nic.NdpDrops.Add(NdpDropReason.Malformed);
            return;
        }
        if (message.Type != NdpView.NeighborAdvertisement && nic.AddressTable.Find(datagram.Source) is not null)
        {
            nic.NdpDrops.Add(NdpDropReason.AddressConflict); // nothing is to be learnt from whoever speaks for us
            return;
        }
        NdpDropReason? refusal = message.Type switch
        {
            NdpView.NeighborSolicitation => OnSolicitation(message, datagram, now),
            NdpView.NeighborAdvertisement => OnAdvertisement(message, datagram, now),
            NdpView.RouterAdvertisement => OnRouterAdvertisement(message, Ipv6Autoconfiguration.PreferenceOf(bytes[5]), datagram, now),
            NdpView.Redirect => OnRedirect(message, datagram, now),
            _ => OnRouterSolicitation(message, datagram, now),
        };
        if (refusal is { } reason) nic.NdpDrops.Add(reason);
    }

    private NdpDropReason? OnSolicitation(NdpView message, in InboundDatagram datagram, Instant now)
    {
        IpAddress target = message.Target;
        if (target.IsMulticast || datagram.Source.IsMulticast) return NdpDropReason.BadAddress;
        bool hasMac = TryGetMac(message, NdpOptionType.SourceLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad) return NdpDropReason.BadLinkAddress;
        if (datagram.Source.IsUnspecified)
        {
            if (datagram.Destination != AddressScope.SolicitedNode(target)) return NdpDropReason.BadAddress;
            if (hasMac) return NdpDropReason.BadLinkAddress;
        }
        InterfaceAddress? own = nic.AddressTable.Find(target);
        if (own is null || own.State == AddressState.Duplicate) return NdpDropReason.NotForUs;
        if (own.State == AddressState.Tentative)
        {
            // RFC 4862 section 5.4.3: from ::, another node is trying for the same address; from elsewhere it is not our turn to answer
            if (!datagram.Source.IsUnspecified) return NdpDropReason.NotForUs;
            nic.AddressTable.OnConflict(own, now);
            return NdpDropReason.AddressConflict;
        }
        if (hasMac) nic.Neighbours.OnUnasked(datagram.Source, mac, nic.IsOnLink(datagram.Source), now);
        Advertise(target, datagram.Source, now);
        return null;
    }

    private NdpDropReason? OnAdvertisement(NdpView message, in InboundDatagram datagram, Instant now)
    {
        IpAddress target = message.Target;
        if (target.IsMulticast || (datagram.Destination.IsMulticast && message.IsSolicited)) return NdpDropReason.BadAddress;
        bool hasMac = TryGetMac(message, NdpOptionType.TargetLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad) return NdpDropReason.BadLinkAddress;
        if (nic.AddressTable.Find(target) is { } own)
        {
            nic.AddressTable.OnConflict(own, now);
            return NdpDropReason.AddressConflict;
        }
        nic.Neighbours.OnAdvertisement(target, hasMac ? mac : null, message.IsSolicited, message.IsOverride, message.IsRouter, now);
        return null;
    }

    private NdpDropReason? OnRouterSolicitation(NdpView message, in InboundDatagram datagram, Instant now)
    {
        bool hasMac = TryGetMac(message, NdpOptionType.SourceLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad || (hasMac && datagram.Source.IsUnspecified)) return NdpDropReason.BadLinkAddress;
        if (!nic.Stack.IsForwarding) return NdpDropReason.NotForUs; // RFC 4861 section 6.2.6: hosts discard them
        if (hasMac) nic.Neighbours.OnUnasked(datagram.Source, mac, nic.IsOnLink(datagram.Source), now);
        return null;
    }

    private NdpDropReason? OnRouterAdvertisement(NdpView message, int preference, in InboundDatagram datagram, Instant now)
    {
        if (!AddressScope.IsLinkLocal(datagram.Source)) return NdpDropReason.BadAddress;
        bool hasMac = TryGetMac(message, NdpOptionType.SourceLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad) return NdpDropReason.BadLinkAddress;
        if (nic.Ipv6 is not { AcceptsAdvertisements: true } autoconfiguration) return NdpDropReason.NotAccepted;
        if (hasMac) nic.Neighbours.OnUnasked(datagram.Source, mac, mayCreate: true, now);
        nic.Neighbours.MarkRouter(datagram.Source);
        return autoconfiguration.OnAdvertisement(datagram.Source, message, preference, now);
    }

    /// <summary>RFC 4861 sections 8.1 and 8.3.</summary>
    private NdpDropReason? OnRedirect(NdpView message, in InboundDatagram datagram, Instant now)
    {
        IpAddress target = message.Target;
        IpAddress destination = message.RedirectedDestination;
        if (!AddressScope.IsLinkLocal(datagram.Source) || destination.IsMulticast) return NdpDropReason.BadAddress;
        if (target != destination && !AddressScope.IsLinkLocal(target)) return NdpDropReason.BadAddress;
        bool hasMac = TryGetMac(message, NdpOptionType.TargetLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad) return NdpDropReason.BadLinkAddress;
        if (!nic.Options.Ipv6.AcceptRedirects || nic.Stack.IsForwarding) return NdpDropReason.NotAccepted;
        if (nic.Stack.Routes.Lookup(destination, nic) is not { Gateway.IsNone: false } route) return NdpDropReason.NotFirstHop;
        if (nic.Redirects.Apply(destination, route.Gateway) != datagram.Source) return NdpDropReason.NotFirstHop;
        if (nic.AddressTable.Find(target) is not null) return NdpDropReason.BadAddress;
        nic.Redirects.Set(destination, target);
        if (hasMac) nic.Neighbours.OnUnasked(target, mac, mayCreate: true, now);
        if (target != destination) nic.Neighbours.MarkRouter(target);
        return null;
    }

    private bool TryGetMac(NdpView message, NdpOptionType option, out MacAddress mac, out bool isBad)
    {
        bool found = message.TryGetLinkAddress(option, out mac);
        isBad = found && (mac.IsMulticast || mac.Value == 0 || mac == nic.Mac);
        return found;
    }
}
