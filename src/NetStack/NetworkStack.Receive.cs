using NetStack.Memory;
using NetStack.Wire;

namespace NetStack;

/// <remarks>The way up: this file is the whole of what happens to a frame before IP has it.</remarks>
public sealed partial class NetworkStack
{
    /// <summary>Takes a frame that an interface received. The caller keeps its ownership: what the stack keeps it copies or pins.</summary>
    /// <param name="nic">The interface.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="now">The present.</param>
    public void Receive(NetInterface nic, in InboundFrame frame, Instant now)
    {
        ArgumentNullException.ThrowIfNull(nic);
        Advance(now);
        nic.FramesReceived++;
        Tcp.IsInBatch = _isMoreComing;
        _isMoreComing = frame.IsMoreComing;
        if (OnFrame(nic, frame, now) is { } refusal) nic.Drops.Add(refusal);
    }

    private bool _isMoreComing; // the last frame said that another follows

    /// <summary>Header bytes asked for at once: those of most frames, so that they are fetched in one go.</summary>
    private const int UsualHeaders = EthernetHeader.Size + Ipv4Header.Size + TcpView.MinSize + NetStack.Tcp.OptionLayout.TimestampsSize;

    private LinkDropReason? OnFrame(NetInterface nic, in InboundFrame frame, Instant now)
    {
        if (!nic.IsUp) return LinkDropReason.InterfaceDown;
        if (nic.LinkType == LinkType.Ethernet)
            return frame.LinkType == LinkType.Ethernet ? OnEthernet(nic, frame, now) : LinkDropReason.WrongLinkType;
        if (frame.LinkType is not (LinkType.Raw or LinkType.Ipv4 or LinkType.Ipv6)) return LinkDropReason.WrongLinkType;
        return OnPacket(nic, frame, 0, isLinkGroup: false, now);
    }

    private LinkDropReason? OnEthernet(NetInterface nic, in InboundFrame frame, Instant now)
    {
        ReadOnlySpan<byte> bytes = frame.Headers.Require(UsualHeaders);
        if (!EthernetView.TryRead(bytes, out EthernetView ethernet)) return LinkDropReason.TooShort;
        MacAddress destination = ethernet.Destination;
        if (ethernet.Source.IsMulticast) return LinkDropReason.BadSource;
        if (ethernet.Source == nic.Mac) return LinkDropReason.OwnFrame;
        if (destination != nic.Mac && !destination.IsBroadcast && !(destination.IsMulticast && nic.WantsGroup(destination))) return LinkDropReason.NotForUs;

        ushort type = ethernet.TypeOrLength;
        int offset = EthernetHeader.Size;
        if (type == (ushort)EtherType.Vlan)
        {
            if (!VlanView.TryRead(bytes[offset..], out VlanView tag)) return LinkDropReason.TooShort;
            if (tag.Id != 0) return LinkDropReason.Vlan; // a tag for VLAN 0 says a priority only
            type = tag.TypeOrLength;
            offset += VlanHeader.Size;
        }
        switch ((EtherType)type)
        {
            case EtherType.Ipv4 or EtherType.Ipv6:
                return OnPacket(nic, frame, offset, destination.IsMulticast, now);
            case EtherType.Arp:
                bytes = frame.Headers.Require(offset + ArpHeader.Size);
                nic.Arp.Receive(bytes[Math.Min(offset, bytes.Length)..], !destination.IsMulticast, now);
                return null;
            case EtherType.ServiceVlan or EtherType.VlanDoubleOld:
                return LinkDropReason.Vlan;
            default:
                return LinkDropReason.UnknownEtherType;
        }
    }

    private LinkDropReason? OnPacket(NetInterface nic, in InboundFrame frame, int offset, bool isLinkGroup, Instant now)
    {
        if (frame.Headers.FrameLength <= offset) return LinkDropReason.TooShort;
        bool isGood = frame.IsTransportChecksumGood && nic.Options.TrustsReceiveChecksum;
        Ip.Receive(nic, frame with { IsTransportChecksumGood = isGood }, offset, isLinkGroup, now);
        return null;
    }
}
