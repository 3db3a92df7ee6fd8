using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Neighbours;

/// <summary>ARP on one interface (RFC 826), with what RFC 5227 asks for: probes, announcements, detection of conflicts.</summary>
internal sealed class ArpProtocol(NetInterface nic)
{
    private const ushort OperationRequest = 1;
    private const ushort OperationReply = 2;

    /// <summary>Takes an ARP packet.</summary>
    /// <param name="packet">Its private bytes, maybe with padding after.</param>
    /// <param name="isUnicast">Whether the frame was sent to our MAC address.</param>
    /// <param name="now">The present.</param>
    internal void Receive(ReadOnlySpan<byte> packet, bool isUnicast, Instant now)
    {
        if (!ArpView.TryRead(packet, out ArpView view) || !view.IsEthernetIpv4 || !view.IsWhole || !IsPlausible(ArpHeader.From(view)))
        {
            nic.Drops.Add(LinkDropReason.BadArp);
            return;
        }
        ArpHeader arp = ArpHeader.From(view);
        if (IsConflict(arp, out InterfaceAddress? contested))
        {
            nic.AddressTable.OnConflict(contested, now);
            return;
        }
        bool isForUs = nic.AddressTable.Find(arp.TargetIp) is { IsUsable: true };
        if (!arp.SenderIp.IsUnspecified) Learn(arp, isForUs, isUnicast, now);
        if (isForUs && arp.Operation == OperationRequest) Send(new ArpHeader(OperationReply, nic.Mac, arp.TargetIp, arp.SenderMac, arp.SenderIp), arp.SenderMac);
    }

    /// <summary>Asks for an address.</summary>
    /// <param name="target">The address.</param>
    /// <param name="mac">Whom to ask, or null for everybody.</param>
    /// <param name="source">The source of the packet that wants it.</param>
    internal void Request(IpAddress target, MacAddress? mac, IpAddress source)
    {
        if (nic.AddressTable.Find(source) is not { IsUsable: true }) source = SourceSelection.Select(nic, target, target, preferTemporary: false);
        if (source.IsNone) source = IpAddress.V4(0);
        Send(new ArpHeader(OperationRequest, nic.Mac, source, default, target), mac ?? MacAddress.Broadcast);
    }

    /// <summary>Asks whether anybody has an address that we would like (RFC 5227 section 2.1.1).</summary>
    internal void Probe(IpAddress address) => Send(new ArpHeader(OperationRequest, nic.Mac, IpAddress.V4(0), default, address), MacAddress.Broadcast);

    /// <summary>Says that we have an address (RFC 5227 section 2.3), which also corrects stale entries of others.</summary>
    internal void Announce(IpAddress address) => Send(new ArpHeader(OperationRequest, nic.Mac, address, default, address), MacAddress.Broadcast);

    /// <summary>Whether another host uses, or is about to use, one of our addresses (RFC 5227 sections 2.1.1 and 2.4).</summary>
    private bool IsConflict(in ArpHeader arp, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out InterfaceAddress? contested)
    {
        bool isProbe = arp.SenderIp.IsUnspecified && arp.Operation == OperationRequest;
        contested = nic.AddressTable.Find(isProbe ? arp.TargetIp : arp.SenderIp);
        if (contested is null) return false;
        return isProbe ? contested.State == AddressState.Tentative : contested.IsUsable || contested.State == AddressState.Tentative;
    }

    /// <summary>
    /// Takes the sender's MAC address. Who is not known is remembered only when he asked for us and is on this link; a reply that we
    /// did not ask for changes a known address but proves nothing.
    /// </summary>
    private void Learn(in ArpHeader arp, bool isForUs, bool isUnicast, Instant now)
    {
        if (arp.Operation == OperationReply)
        {
            bool isAnswer = isForUs && isUnicast && nic.Neighbours.IsAsking(arp.SenderIp);
            nic.Neighbours.OnAdvertisement(arp.SenderIp, arp.SenderMac, isAnswer, isOverride: true, isRouter: null, now);
            return;
        }
        nic.Neighbours.OnUnasked(arp.SenderIp, arp.SenderMac, isForUs && nic.IsOnLink(arp.SenderIp), now);
    }

    private bool IsPlausible(in ArpHeader arp) =>
        arp.Operation is OperationRequest or OperationReply
        && !arp.SenderMac.IsMulticast && arp.SenderMac.Value != 0 && arp.SenderMac != nic.Mac
        && !arp.SenderIp.IsMulticast && !AddressScope.IsLoopback(arp.SenderIp) && !nic.IsBroadcast(arp.SenderIp);

    private void Send(in ArpHeader arp, MacAddress destination)
    {
        TransmitFrame frame = default;
        frame.Headers.Append(nic.LinkHeaderLength);
        arp.Write(frame.Headers.Append(ArpHeader.Size));
        nic.Enqueue(destination, ref frame, EtherType.Arp);
    }
}
