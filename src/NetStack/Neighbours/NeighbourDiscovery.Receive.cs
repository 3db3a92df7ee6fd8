using NetStack.Wire;

namespace NetStack.Neighbours;

/// <remarks>What is received, with every check of RFC 4861 sections 6.1, 7.1 and 8.1.</remarks>
internal sealed partial class NeighbourDiscovery
{
    /// <summary>Takes a message whose ICMPv6 checksum is right.</summary>
    internal void Receive(in InboundDatagram datagram, Instant now)
    {
        ReadOnlySpan<byte> bytes = datagram.Bytes.Require(datagram.Bytes.Length);
        if (datagram.HopLimit != NdpHopLimit)
        {
            nic.NdpDrops.Add(NdpDropReason.HopLimit);
            return;
        }
        if (!NdpView.TryRead(bytes, out NdpView message) || bytes[1] != 0 || !NdpOptions.AreValid(message.Options))
        {
            nic.NdpDrops.Add(NdpDropReason.Malformed);
            return;
        }
        NdpDropReason? refusal = message.Type switch
        {
            NdpView.NeighborSolicitation => OnSolicitation(message, datagram, now),
            NdpView.NeighborAdvertisement => OnAdvertisement(message, datagram, now),
            NdpView.RouterAdvertisement => OnRouterAdvertisement(bytes, message, datagram, now),
            NdpView.Redirect => OnRedirect(bytes, message, datagram, now),
            _ => OnRouterSolicitation(message, datagram, now),
        };
        if (refusal is { } reason) nic.NdpDrops.Add(reason);
    }

    private NdpDropReason? OnSolicitation(NdpView message, in InboundDatagram datagram, Instant now)
    {
        IpAddress target = message.Target;
        if (target.IsMulticast || datagram.Source.IsMulticast) return NdpDropReason.BadAddress;
        bool hasMac = TryGetMac(message, NdpOptions.SourceLinkAddress, out MacAddress mac, out bool isMacBad);
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
        bool hasMac = TryGetMac(message, NdpOptions.TargetLinkAddress, out MacAddress mac, out bool isMacBad);
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
        bool hasMac = TryGetMac(message, NdpOptions.SourceLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad || (hasMac && datagram.Source.IsUnspecified)) return NdpDropReason.BadLinkAddress;
        if (!nic.Stack.Options.Forwarding) return NdpDropReason.NotForUs; // RFC 4861 section 6.2.6: hosts discard them
        if (hasMac) nic.Neighbours.OnUnasked(datagram.Source, mac, nic.IsOnLink(datagram.Source), now);
        return null;
    }

    private NdpDropReason? OnRouterAdvertisement(ReadOnlySpan<byte> bytes, NdpView message, in InboundDatagram datagram, Instant now)
    {
        if (!AddressScope.IsLinkLocal(datagram.Source)) return NdpDropReason.BadAddress;
        bool hasMac = TryGetMac(message, NdpOptions.SourceLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad) return NdpDropReason.BadLinkAddress;
        if (nic.Autoconfiguration is not { AcceptsAdvertisements: true } autoconfiguration) return NdpDropReason.NotAccepted;
        if (hasMac) nic.Neighbours.OnUnasked(datagram.Source, mac, mayCreate: true, now);
        nic.Neighbours.MarkRouter(datagram.Source);
        return autoconfiguration.OnAdvertisement(datagram.Source, bytes, message, now);
    }

    /// <summary>RFC 4861 sections 8.1 and 8.3.</summary>
    private NdpDropReason? OnRedirect(ReadOnlySpan<byte> bytes, NdpView message, in InboundDatagram datagram, Instant now)
    {
        IpAddress target = message.Target;
        IpAddress destination = IpAddress.ReadV6(bytes[24..]);
        if (!AddressScope.IsLinkLocal(datagram.Source) || destination.IsMulticast) return NdpDropReason.BadAddress;
        if (target != destination && !AddressScope.IsLinkLocal(target)) return NdpDropReason.BadAddress;
        bool hasMac = TryGetMac(message, NdpOptions.TargetLinkAddress, out MacAddress mac, out bool isMacBad);
        if (isMacBad) return NdpDropReason.BadLinkAddress;
        if (!nic.Options.Ipv6.AcceptRedirects || nic.Stack.Options.Forwarding) return NdpDropReason.NotAccepted;
        if (nic.Stack.Routes.Lookup(destination, nic) is not { Gateway.IsNone: false } route) return NdpDropReason.NotFirstHop;
        if (nic.Redirects.Apply(destination, route.Gateway) != datagram.Source) return NdpDropReason.NotFirstHop;
        if (nic.AddressTable.Find(target) is not null) return NdpDropReason.BadAddress;
        nic.Redirects.Set(destination, target);
        if (hasMac) nic.Neighbours.OnUnasked(target, mac, mayCreate: true, now);
        if (target != destination) nic.Neighbours.MarkRouter(target);
        return null;
    }

    private bool TryGetMac(NdpView message, byte option, out MacAddress mac, out bool isBad)
    {
        bool found = message.TryGetLinkAddress(option, out mac);
        isBad = found && (mac.IsMulticast || mac.Value == 0 || mac == nic.Mac);
        return found;
    }
}
